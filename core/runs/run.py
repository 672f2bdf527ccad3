"""Run directories: a training run as others see it. No torch here; the trainer is a child process.

``models/NAME/`` holds ``run.json`` (what is trained, how, on what), ``corpus.txt`` (the text, so
that a run does not depend on a file that may move), ``metrics.jsonl`` and ``samples.jsonl`` (the
events, one a line), ``orders.jsonl``, ``lock`` (held while it is trained), ``trainer.log`` (what
its last trainer printed), ``checkpoints/``, ``resume.safetensors`` and, while it is trained,
``reserve`` (room to tell of a full disk).
"""

import hashlib
import json
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from charloom.core.child_process import CHILD_ENVIRONMENT
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import PLACEHOLDER, Vocab
from charloom.core.errors import CharloomError
from charloom.core.files import write_atomically
from charloom.core.runs import events
from charloom.core.runs.commands import EXIT_ALREADY_TRAINING, STOP_SIGNALS
from charloom.core.runs.events import Event, Finished, Started
from charloom.core.runs.jsonl import LineTail
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.write import new_model_folder

_POLL_SECONDS = 0.1
_EXIT_GRACE_SECONDS = 5.0  # in which a trainer that is done has ended, or somebody else has begun


@dataclass(frozen=True, slots=True)
class RunConfig:
    """What a person asked for: a preset, the settings that differ from it, and the text."""

    preset: str
    chosen: dict[str, Any]
    min_count: int
    title: str
    source: str
    encoding: str
    sha256: str
    notes: list[str] = field(default_factory=list)
    model: dict[str, Any] | None = None  # as resolved when training first began
    training: dict[str, Any] | None = None
    device: str = ""  # that it was last trained on


def create_run(
    name: str, corpus: Corpus, preset: str, chosen: dict[str, Any], min_count: int
) -> ModelDir:
    """Make the directory of a new run and return it."""
    if Vocab.from_text(corpus.text, min_count).chars == (PLACEHOLDER,):
        raise CharloomError(
            f"--fold {min_count} leaves no character unfolded; choose a smaller one."
        )
    plan = RunConfig(
        preset=preset,
        chosen=chosen,
        min_count=min_count,
        title=corpus.title,
        source=corpus.source,
        encoding=corpus.encoding,
        sha256=corpus.sha256,
        notes=list(corpus.notes),
    )
    with new_model_folder(name) as made:
        data = corpus.text.encode("utf-8", "surrogatepass")
        write_atomically(made.corpus, data)
        write_atomically(made.run_config, _encoded(plan))
    return ModelDir.named(name)


def read_training_text(folder: ModelDir, plan: RunConfig) -> str:
    """Return the text that the run in ``folder`` learns: the one that ``plan`` was made for."""
    try:
        data = _read(folder.corpus)
        if hashlib.sha256(data).hexdigest() != plan.sha256:
            raise ValueError("the text was changed")
        return data.decode()
    except (OSError, ValueError) as error:
        raise CharloomError(
            f"The text of {folder.name!r} is missing or was changed; start a new run."
        ) from error


def write_run_config(folder: ModelDir, plan: RunConfig) -> None:
    """Put ``plan`` into ``folder``, in place of the one that was there."""
    path = folder.run_config
    try:
        write_atomically(path, _encoded(plan))
    except OSError as error:
        raise CharloomError(
            f"{str(path)!r} cannot be written ({error.strerror}); make room there."
        ) from error


def _encoded(plan: RunConfig) -> bytes:
    return json.dumps(asdict(plan), indent=1).encode()


def read_run_config(folder: ModelDir) -> RunConfig:
    """Return the plan in ``folder``."""
    try:
        return RunConfig(**json.loads(_read(folder.run_config)))
    except (OSError, ValueError, TypeError, RecursionError) as error:
        raise CharloomError(
            f"{folder.name!r} has no readable run.json, so it cannot be trained; "
            "start a new run under another name."
        ) from error


def _read(path: Path) -> bytes:
    if not path.is_file():  # opening a pipe would wait for ever
        raise FileNotFoundError
    return path.read_bytes()


def launch_trainer(folder: ModelDir, resume: bool = False) -> subprocess.Popen[bytes]:
    """Start a trainer of the run in ``folder``; it outlives whoever started it.

    It has a session of its own, so that neither Ctrl-C in the terminal nor the terminal's end
    reaches it. It is not one of asyncio's children: those are killed when their loop is closed.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "charloom.core.training.worker",
        str(folder.path),
        str(time.time()),
    ]
    try:
        with folder.trainer_log.open("ab") as log, _signals_held():
            process = subprocess.Popen(
                command + ["--resume"] * resume,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=CHILD_ENVIRONMENT | os.environ,
                start_new_session=True,
            )
    except OSError as error:
        raise CharloomError(
            f"The training of {folder.name!r} cannot be started ({error.strerror}); see that "
            f"{str(folder.path)!r} is there and has room."
        ) from error
    # Somebody waits for it for as long as this process lives: no zombie stays when it has ended,
    # and nobody lets go of it, which Python would warn of, while it goes on.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def exit_message(folder: ModelDir, status: int) -> str:
    """Return a sentence on why the trainer of ``folder`` ended as it did, without a word."""
    how = f"was killed (signal {-status})" if status < 0 else f"failed (exit {status})"
    if status == -9:  # SIGKILL, which not every system has a name for
        how += "; the system may have run out of memory"
    log = repr(str(folder.trainer_log))
    return f"The training process {how}. Its last checkpoint is kept, and {log} has more."


class EventReader:
    """What happens in the run in ``folder`` from now on, and what was told there before.

    Of that, it reads the last ``past`` bytes.
    """

    def __init__(self, folder: ModelDir, past: int = 0) -> None:
        self._metrics = LineTail.tail(folder.metrics, past)
        self._samples = LineTail.tail(folder.samples, past)

    def before(self) -> list[Event]:
        """Return what the trainer at work has told so far; the last sample comes at the end."""
        told: list[Event] = []
        for event in _events(self._metrics):
            if isinstance(event, Started | Finished):
                told.clear()
            if not isinstance(event, Finished):
                told.append(event)
        return told + list(_events(self._samples))[-1:]

    def events(
        self, at_work: Callable[[], bool], enough: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
        """Yield events as they come, to the run's end or until nobody is ``at_work`` on it.

        Both functions are asked ten times a second; nothing more comes when it is ``enough``.
        """
        while not enough():
            working = at_work()  # asked first, so that nothing is missed after the end
            for event in _events(self._metrics):
                if isinstance(event, Finished):
                    _wait_until_free(at_work)
                    yield from _events(self._samples)
                    yield event
                    return
                yield event
            yield from _events(self._samples)
            if not working:
                return
            time.sleep(_POLL_SECONDS)


class TrainerProcess:
    """A trainer child process and the events of its run from now on."""

    def __init__(self, folder: ModelDir, resume: bool = False) -> None:
        self._folder = folder
        self._news = EventReader(folder)
        self._process = launch_trainer(folder, resume)

    def stop(self) -> None:
        """Ask the trainer to save at the next step boundary and end."""
        if self._at_work():
            self._process.send_signal(signal.SIGINT)

    def events(self) -> Iterator[Event]:
        """Yield the run's events as they come, until it has ended."""
        event = None
        for event in self._news.events(self._at_work):
            yield event
        if isinstance(event, Finished):
            return
        status = self._process.wait()
        if status == EXIT_ALREADY_TRAINING:
            raise CharloomError(
                f"{self._folder.name!r} is being trained already; "
                f"`charloom attach {shlex.quote(self._folder.name)}` shows how."
            )
        raise CharloomError(exit_message(self._folder, status))

    def _at_work(self) -> bool:
        return self._process.poll() is None


def _events(lines: LineTail) -> Iterator[Event]:
    """Yield all events that have come."""
    while True:
        yield from filter(None, map(events.from_line, lines.read()))
        if not lines.behind:
            return


def _wait_until_free(at_work: Callable[[], bool]) -> None:
    """Wait for a trainer that has told of the end: whoever learns of it finds the run free."""
    latest = time.monotonic() + _EXIT_GRACE_SECONDS
    while at_work() and time.monotonic() < latest:
        time.sleep(_POLL_SECONDS / 10)


@contextmanager
def _signals_held() -> Iterator[None]:
    """Start a child that signals wait for until it has set its handlers: none comes too early."""
    if os.name == "nt":  # has no such signals
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
