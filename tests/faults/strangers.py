"""Checkpoints from a stranger, who made them with care or by chance: see :func:`gift`."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from charloom.core.model import checkpoint
from tests.faults.disguises import DISGUISES
from tests.faults.forging import BASES, FORGERIES, HARMLESS, Parts

_WHOLE = checkpoint.to_bytes(BASES[0])

_STEMS = (
    *("..", ".", "...", ".hidden", "-dash", "a.", " a", "CON", "nul.txt", "com1", "LPT\u00b9"),
    *("x" * 300, "x" * 64, "\u00e9" * 100, "\U0001d49c" * 60, "*", "a:b", "a\\b", "%00", "~"),
    *("a\nb", "\x1b[2J", "\u202egnp", "\u200b", "e\u0301", "\ud800", "\u3164", "\uff21", "\u0130"),
    *("creature", "CREATURE", "Creature.", "stra\u00dfe", "STRASSE", "\ufb01n", "FIN", "f\u0131n"),
    *("frankenstein", "Frankenstein", "\u540d\u524d", "a b", "a@1", "a@best", "model", "`id`", ""),
)
_NAMES = (*_STEMS, "../up", "a/b", "/tmp/x", "a\0b", "creature/checkpoints", "a" * 100_000)


@dataclass(frozen=True, slots=True)
class Gift:
    """Something called ``stem`` that is to become the model ``name``, or one named after itself."""

    kind: str
    put: Callable[[Path], object]
    stem: str = "gift"
    name: str | None = None


def gift(random: Random) -> Gift:
    """Return the next thing that a stranger gives."""
    make = random.choices((_forged, _harmless, _blind, _disguised, _no_file, _named), _WEIGHTS)[0]
    return make(random)


_WEIGHTS = (8, 3, 4, 2, 1, 2)


def _file(kind: str, data: bytes, stem: str = "gift", name: str | None = None) -> Gift:
    return Gift(kind, lambda path: path.write_bytes(data), stem, name)


def _forged(random: Random) -> Gift:
    parts = Parts.of(random.choice(BASES), half=random.random() < 0.2)
    kinds = random.choices(list(FORGERIES), k=random.choice((1, 1, 1, 2, 3)))
    for kind in kinds:
        FORGERIES[kind](random, parts)
    return _file(" and ".join(kinds), parts.file())


def _harmless(random: Random) -> Gift:
    parts = Parts.of(random.choice(BASES), half=random.random() < 0.3)
    kinds = random.sample(list(HARMLESS), random.choice((1, 2, 3)))
    for kind in kinds:
        HARMLESS[kind](random, parts)
    return _file(" and ".join(kinds), parts.file())


def _disguised(random: Random) -> Gift:
    kind = random.choice(list(DISGUISES))
    return _file(kind, DISGUISES[kind](random))


def _named(random: Random) -> Gift:
    stem = random.choice(_STEMS)
    name = random.choice(_NAMES) if random.random() < 0.5 else None
    return _file(f"the name {name or stem!r:.80}", _WHOLE, stem, name)


def _no_file(random: Random) -> Gift:
    kinds: dict[str, Callable[[Path], object]] = {
        "nothing": lambda _: None,
        "a folder": lambda path: path.mkdir(),
        "a pipe": lambda path: os.mkfifo(path),
        "a device": lambda path: path.symlink_to(os.devnull),
        "an endless device": lambda path: path.symlink_to("/dev/zero"),
        "a link to itself": lambda path: path.symlink_to(path),
        "a link to nothing": lambda path: path.symlink_to(path.with_name("nothing")),
        "a link to a file": lambda path: path.symlink_to(_linked_file(path)),
        "a huge hole": lambda path: _hole(path, 3 << 30),
        "a hole": lambda path: _hole(path, 1 << 20),
    }
    kind = random.choice(list(kinds))
    return Gift(kind, kinds[kind])


def _linked_file(path: Path) -> Path:
    target = path.with_name("beside")
    target.write_bytes(_WHOLE)
    return target


def _hole(path: Path, size: int) -> None:
    with path.open("wb") as file:
        file.truncate(size)


def _blind(random: Random) -> Gift:
    """Damage done without a look: most of it is met by a digest."""
    data = bytearray(_WHOLE)
    kinds = ("bits", "bytes", "a splice", "a cut", "a gap", "a doubled block", "noise")
    kind = random.choice(kinds)
    for _ in range(random.choice((1, 1, 2, 5, 50))):
        at = random.randrange(len(data) + 1)
        end = min(len(data), at + random.choice((1, 4, 8, 64, 512)))
        if kind == "bits":
            data[at % len(data)] ^= 1 << random.randrange(8)
        elif kind == "bytes":
            data[at:end] = random.randbytes(end - at)
        elif kind == "a splice":
            data[at:] = checkpoint.to_bytes(random.choice(BASES))[random.randrange(9_000) :]
        elif kind == "a cut":
            del data[at:]
        elif kind == "a gap":
            del data[at:end]
        elif kind == "a doubled block":
            data[at:at] = data[at:end]
        else:
            data[at:at] = random.randbytes(end - at)
    return _file(kind, bytes(data))
