"""Files that are cut, torn or spoiled at every byte: each is refused, or says what was written."""

from collections import Counter
from collections.abc import Callable, Mapping
from random import Random

from tests.faults.report import Report
from tests.faults.spoiling import FORMATS, Spoilable

CASES = 1_000_000
"""More than there are: all of them, every byte of every file in every way."""

_SECTOR = 512
_LONGEST = 1_000  # characters of a sentence on what is broken


def _flipped(bit: int) -> Callable[[bytes, bytes, int], bytes]:
    return lambda new, _, at: new[:at] + bytes([new[at] ^ 1 << bit]) + new[at + 1 :]


# What may stand in a file of which the writing went wrong at one place, or that decayed there.
_WAYS: Mapping[str, Callable[[bytes, bytes, int], bytes]] = {
    "cut off": lambda new, _, at: new[:at],
    "zeros to the end": lambda new, _, at: new[:at].ljust(len(new), b"\0"),
    "a zero byte": lambda new, _, at: new[:at] + b"\0" + new[at + 1 :],
    "a lost sector": lambda new, _, at: (
        new[:at] + bytes(min(_SECTOR, len(new) - at)) + new[at + _SECTOR :]
    ),
    "half over the old one": lambda new, old, at: new[:at] + old[at:],
    **{f"bit {bit} flipped": _flipped(bit) for bit in range(8)},
}


def campaign(cases: int, seed: int) -> Report:
    """Spoil the files in so many ways, spread evenly over all that there are."""
    report = Report("files cut, zeroed, spliced, and every bit flipped, at every byte")
    files = [make() for make in FORMATS]
    became = {file.name: Counter[str]() for file in files}
    every = [(f, way, at) for f in files for way in _WAYS for at in range(len(f.new))]
    for file, way, at in Random(seed).sample(every, min(cases, len(every))):
        report.cases += 1
        try:
            became[file.name][file.read(_WAYS[way](file.new, file.old, at))] += 1
        except Exception as error:  # nothing may be met here but a refusal, which has been caught
            broken = f"{file.name}, {way} at {at}: {type(error).__name__}: {error}"
            report.hold(False, broken[:_LONGEST])
    report.seen = [_told(file, became[file.name]) for file in files]
    return report


def _told(file: Spoilable, became: Counter[str]) -> str:
    counted = ", ".join(f"{number:,} {what}" for what, number in sorted(became.items()))
    return f"{file.name} of {len(file.new):,} bytes: {counted}"
