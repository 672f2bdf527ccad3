"""Run directories: a training run as others see it. No torch here; the trainer is a child process.

``models/NAME/`` holds ``run.json`` (what is trained, how, on what), ``corpus.txt`` (the text, so
that a run does not depend on a file that may move), ``metrics.jsonl`` and ``samples.jsonl`` (the
events, one a line), ``checkpoints/`` and ``resume.safetensors``.
"""

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from core import events, paths, store
from core.corpus import Corpus
from core.errors import CharloomError
from core.events import Event, Finished, Sample
from core.speeds import CHILD_ENVIRONMENT
from core.vocab import PLACEHOLDER, Vocab

STOPPING = (signal.SIGINT, signal.SIGTERM)
"""What a trainer takes as the wish that it save and end."""
BUSY = 3
"""The exit status of a trainer that found another one at work on its run."""

_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person asked for: a preset, the settings that differ from it, and the text."""

    preset: str
    chosen: dict[str, Any]
    fold: int
    title: str
    source: str
    encoding: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    model: dict[str, Any] | None = None  # as resolved when training first began
    training: dict[str, Any] | None = None


def create(name: str, corpus: Corpus, preset: str, chosen: dict[str, Any], fold: int) -> Path:
    """Make the directory of a new run and return it."""
    if Vocab.from_text(corpus.text, fold).chars == (PLACEHOLDER,):
        raise CharloomError(f"--fold {fold} leaves no character unfolded; choose a smaller one.")
    folder = store.create(name)
    plan = Plan(
        preset=preset,
        chosen=chosen,
        fold=fold,
        title=corpus.title,
        source=corpus.source,
        encoding=corpus.encoding,
        sha256=corpus.sha256,
        notes=list(corpus.notes),
    )
    _write(folder / "corpus.txt", corpus.text.encode("utf-8", "surrogatepass"))
    write_plan(folder, plan)
    return folder


def read_text(folder: Path, plan: Plan) -> str:
    """Return the text that the run in ``folder`` learns: the one that ``plan`` was made for."""
    try:
        data = (folder / "corpus.txt").read_bytes()
        if hashlib.sha256(data).hexdigest() != plan.sha256:
            raise ValueError("the text was changed")
        return data.decode()
    except (OSError, ValueError) as error:
        raise CharloomError(
            f"The text of {folder.name!r} is missing or was changed; start a new run."
        ) from error


def write_plan(folder: Path, plan: Plan) -> None:
    """Put ``plan`` into ``folder``, in place of the one that was there."""
    _write(folder / "run.json", json.dumps(asdict(plan), indent=1).encode())


def _write(path: Path, data: bytes) -> None:
    try:
        paths.write_atomically(path, data)
    except OSError as error:
        raise CharloomError(
            f"{str(path)!r} cannot be written ({error.strerror}); make room there."
        ) from error


def read_plan(folder: Path) -> Plan:
    """Return the plan in ``folder``."""
    try:
        return Plan(**json.loads((folder / "run.json").read_bytes()))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CharloomError(
            f"{folder.name!r} has no readable run.json, so it cannot be trained; "
            "start a new run under another name."
        ) from error


class Journal:
    """Appends events to a run directory, each line whole and at once visible to readers."""

    def __init__(self, folder: Path) -> None:
        self._metrics = _appended(folder / "metrics.jsonl")
        self._samples = _appended(folder / "samples.jsonl")

    def write(self, event: Event) -> None:
        """Append ``event``."""
        file = self._samples if isinstance(event, Sample) else self._metrics
        file.write(events.to_line(event).encode() + b"\n")
        file.flush()

    def close(self) -> None:
        """Close the files."""
        self._metrics.close()
        self._samples.close()


def _appended(path: Path) -> BinaryIO:
    """Open a file of lines to append to, ending a last line that was torn."""
    file = path.open("a+b")
    if size := file.tell():
        file.seek(size - 1)
        if file.read() != b"\n":
            file.write(b"\n")
    return file


class Tail:
    """Reads what was appended to one file of lines since the last look; leaves a torn last line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._position = path.stat().st_size if path.exists() else 0

    def events(self) -> Iterator[Event]:
        """Yield the events that have come."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._position)
            for line in file:
                if not line.endswith(b"\n"):
                    break
                self._position += len(line)
                if event := events.from_line(line.decode("utf-8", "replace")):
                    yield event


class Training:
    """A trainer child process and the events of its run from now on.

    The child has a session of its own: Ctrl-C in the terminal reaches only the watcher, who
    passes it on with :meth:`stop`, and the run outlives a watcher that is killed.
    """

    def __init__(self, folder: Path, resume: bool = False) -> None:
        self._folder = folder
        self._metrics = Tail(folder / "metrics.jsonl")
        self._samples = Tail(folder / "samples.jsonl")
        command = [sys.executable, "-P", "-m", "core.trainer", str(folder), str(time.time())]
        with (folder / "trainer.log").open("ab") as log, _signals_held():
            self._process = subprocess.Popen(
                command + ["--resume"] * resume,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=CHILD_ENVIRONMENT | os.environ,
                start_new_session=True,
            )

    def stop(self) -> None:
        """Ask the trainer to save at the next step boundary and end."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def events(self) -> Iterator[Event]:
        """Yield the run's events as they come, until it has ended."""
        while True:
            ended = self._process.poll()  # asked first, so that nothing is missed after the end
            for event in self._metrics.events():
                if isinstance(event, Finished):
                    self._process.wait()  # so that whoever learns of it finds the run free
                    yield from self._samples.events()
                    yield event
                    return
                yield event
            yield from self._samples.events()
            if ended is not None:
                raise CharloomError(self._cause(ended))
            time.sleep(_POLL_SECONDS)

    def _cause(self, status: int) -> str:
        if status == BUSY:
            return f"The model {self._folder.name!r} is being trained already; let that end first."
        how = f"was killed (signal {-status})" if status < 0 else f"failed (exit {status})"
        log = self._folder / "trainer.log"
        return (
            f"The training process {how}; its last checkpoint is kept, and {str(log)!r} has more."
        )


@contextmanager
def _signals_held() -> Iterator[None]:
    """Start a child that signals wait for until it has set its handlers: none comes too early."""
    if os.name == "nt":  # has no such signals
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
