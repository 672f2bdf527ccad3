"""A source text that is changed, cut or removed, while it is read and while a run trains on it.

Reading either ends with a sentence, and leaves nothing, or makes a run on what the file contained
before or after the change, and not on a mixture. A run that trains has a text of its own.
"""

import hashlib
import os
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from charloom.core import paths
from charloom.core.data.spool import MAX_MEMORY_BYTES
from charloom.core.runs.events import Finished, Progress
from charloom.core.runs.trainer import TrainerProcess
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint, model_dirs
from charloom.core.store.write import remove_model
from tests.faults.report import Report
from tests.helpers.child_process import TINY
from tests.helpers.factories import ref
from tests.helpers.run_cli import COMMAND, Result

CASES = 60
_EVERY = 10  # cases, one is of a run that trains
_MAX_DELAY = 0.6  # seconds after a command opened the text, which it reads in about as many
_MAX_WAIT = 2.0  # for that; only Linux tells
_SENTENCE = re.compile(r"charloom: [^\n]+\.")
_STEPS = 40
_SETTINGS = [*TINY, "--precision", "float32", "--steps", str(_STEPS), "--preset", "small"]


def _overwrite(path: Path, new: bytes) -> None:
    with path.open("r+b") as file:
        file.write(new)


def _overwrite_end(path: Path, new: bytes) -> None:
    with path.open("r+b") as file:
        file.seek(-len(new) // 4, os.SEEK_END)
        file.write(new[: len(new) // 4])


def _append(path: Path, new: bytes) -> None:
    with path.open("ab") as file:
        file.write(new)


def _replace(path: Path, new: bytes) -> None:
    other = path.with_suffix(".new")
    other.write_bytes(new)
    other.replace(path)


CHANGES: dict[str, Callable[[Path, bytes], object]] = {
    "overwritten": _overwrite,
    "overwritten at its end": _overwrite_end,
    "appended to": _append,
    "cut": lambda path, new: os.truncate(path, len(new) // 3),
    "emptied": lambda path, new: os.truncate(path, 0),  # noqa: ARG005 - as the others
    "replaced": _replace,
    "removed": lambda path, new: path.unlink(),  # noqa: ARG005
}


def long_text(word: str, size: int = MAX_MEMORY_BYTES * 5 // 4) -> bytes:
    """Return a text of about ``size`` bytes, which is too long for memory by default."""
    line = f" the {word} was grey, and the loom went on; nobody spoke of the letter.\n"
    return "".join(f"{number}{line}" for number in range(size // (len(line) + 6))).encode()


def campaign(cases: int, seed: int) -> Report:
    """Change a text ``cases`` times; sometimes one that a run trains on."""
    report = Report("a text changed, cut, replaced or removed while it is read, or trained on")
    draw, seen = random.Random(seed), Counter[str]()
    old, new = long_text("sea"), long_text("ice, ça")
    names = list(CHANGES)
    undisturbed: dict[str, bytes] = {}
    for number in range(cases):
        if number % len(names) == 0:
            draw.shuffle(names)
        name = names[number % len(names)]
        if number % _EVERY == _EVERY - 1:
            undisturbed = undisturbed or _trained(old)
            weights = _trained(old, name, new)
            report.hold(weights == undisturbed, f"{name} while a run trains: it ended otherwise")
            seen["trained on, without effect"] += 1
        else:
            delay = draw.uniform(0, _MAX_DELAY)
            seen[_read(old, new, name, delay, report)] += 1
        report.cases += 1
    report.seen = [f"{count:,} {outcome}" for outcome, count in seen.most_common()]
    return report


def _source(content: bytes) -> Path:
    path = paths.home().parent / "source.txt"
    path.write_bytes(content)
    return path


def _read(old: bytes, new: bytes, name: str, delay: float, report: Report) -> str:
    """Prepare a run on a text that is changed after a ``delay``; return the outcome."""
    path = _source(old)
    done = _run(["train", str(path), "--prepare"], lambda pid: _change(pid, path, name, new, delay))
    content = path.read_bytes() if path.exists() else b""
    what = f"{name} {delay:.2f} s after it was opened"
    runs = model_dirs()
    if done.code == 0:
        (folder,) = runs
        digest = hashlib.sha256(folder.corpus.read_bytes()).digest()
        before, after = (hashlib.sha256(text).digest() for text in (old, content))
        report.hold(digest in (before, after), f"{what}: the run has another text")
        outcome = "read as before" if digest == before else "read as after"
        remove_model(folder.name)
    else:
        last = done.err.strip().rpartition("\n")[2]
        is_sentence = _SENTENCE.fullmatch(last) and done.code == 1
        report.hold(bool(is_sentence), f"{what}: {done.code}, {done.err[-500:]!r}")
        report.hold("Traceback" not in done.err, f"{what}: {done.err[-500:]!r}")
        report.hold(not runs, f"{what}: {[run.name for run in runs]} is left")
        outcome = "refused"
    left = [found.name for found in paths.models_dir().glob(".*.tmp")]
    report.hold(not left, f"{what}: {left} is left")
    return outcome


def _change(process: int, path: Path, name: str, new: bytes, delay: float) -> None:
    """Change the text at ``path`` a ``delay`` after it was opened, where that can be seen."""
    until = time.monotonic() + _MAX_WAIT
    while time.monotonic() < until and not _has_open(process, path):
        time.sleep(0.001)
    time.sleep(delay)
    CHANGES[name](path, new)


def _has_open(process: int, path: Path) -> bool:
    with suppress(OSError):
        return str(path) in [str(link.readlink()) for link in Path(f"/proc/{process}/fd").iterdir()]
    return False


def _run(arguments: list[str], meanwhile: Callable[[int], object] = abs) -> Result:
    """Run a command and do something at the same time."""
    pipe = subprocess.PIPE
    with subprocess.Popen([*COMMAND, *arguments], stdout=pipe, stderr=pipe) as process:
        meanwhile(process.pid)
        out, err = process.communicate()
    return Result(process.returncode, out.decode(), err.decode())


def _trained(text: bytes, name: str = "", new: bytes = b"") -> dict[str, bytes]:
    """Train on ``text``, whose source is changed after the first report; return the weights."""
    path = _source(text)
    done = _run(["train", str(path), "--name", "trained", "--prepare", *_SETTINGS])
    assert done.code == 0, done.err
    folder = ModelDir.named("trained")
    for event in TrainerProcess(folder).events():
        if name and isinstance(event, Progress) and path.exists() and path.read_bytes() == text:
            CHANGES[name](path, new)
    assert isinstance(event, Finished) and event.reason == "completed", event
    tensors = load_checkpoint(ref(f"trained@{_STEPS}")).checkpoint.tensors
    remove_model(folder.name)
    return {name: tensor.tobytes() for name, tensor in tensors.items()}
