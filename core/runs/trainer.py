"""Start trainers, the child processes that train runs, and read their events.

Only the child imports torch.
"""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from charloom.core.child_process import exit_description, start_module
from charloom.core.data.corpus import Corpus
from charloom.core.errors import BeingTrainedError, CharloomError
from charloom.core.runs import events
from charloom.core.runs.commands import EXIT_ALREADY_TRAINING, Command, send_command
from charloom.core.runs.events import Event, Finished, Started
from charloom.core.runs.jsonl import LineTail, file_size
from charloom.core.runs.presets import validate_overrides
from charloom.core.runs.run import create_run
from charloom.core.runs.starting import AUTO
from charloom.core.store.model_dir import ModelDir

_POLL_SECONDS = 0.1
_EXIT_GRACE_SECONDS = 5.0  # for a trainer to exit after its last event

# What Ctrl-C and the end of the terminal do not reach. On Windows that is a process in a console of
# its own; without one (DETACHED_PROCESS), the Python of a virtual environment would open a window.
_DETACHED: dict[str, Any]
if sys.platform == "win32":
    _DETACHED = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW}
else:
    _DETACHED = {"start_new_session": True}


def launch_trainer(
    folder: ModelDir, resume: bool = False, processes: int | None = None
) -> subprocess.Popen[bytes]:
    """Start a trainer, which obeys commands from now on.

    It outlives this process and its terminal. It is not a child of asyncio, which kills its
    children when the loop closes. If ``processes`` is given, it trains with this many.
    """
    position = str(file_size(folder.commands))
    arguments = [str(folder.path), position, *["--resume"] * resume]
    arguments += ["--processes", str(processes)] if processes else []
    try:
        with folder.trainer_log.open("ab") as log:
            process = start_module(
                "training.worker",
                *arguments,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **_DETACHED,
            )
    except OSError as error:
        raise CharloomError(
            f"The training of {folder.name!r} cannot be started ({error.strerror}); see that "
            f"{str(folder.path)!r} is there and has room."
        ) from error
    # A thread waits for it while this process lives: an ended trainer does not become a zombie, and
    # the Popen of a running one is not garbage-collected, of which Python would warn.
    threading.Thread(target=process.wait, daemon=True).start()
    return process


def exit_message(folder: ModelDir, status: int) -> str:
    """Return a sentence on a trainer that ended with ``status`` without reporting it."""
    log = repr(str(folder.trainer_log))
    how = exit_description(status)
    return f"The training process {how}. Its last checkpoint is kept, and {log} has more."


class EventReader:
    """Reads the events of a run from now on, and past ones from the last ``past_bytes``."""

    def __init__(self, folder: ModelDir, past_bytes: int = 0) -> None:
        self._metrics = LineTail.tail(folder.metrics, past_bytes)
        self._samples = LineTail.tail(folder.samples, past_bytes)

    def past_events(self) -> list[Event]:
        """Return the past events of the current trainer; the latest sample is the last one."""
        past: list[Event] = []
        for event in _read_events(self._metrics):
            if isinstance(event, Started | Finished):
                past.clear()
            if not isinstance(event, Finished):
                past.append(event)
        return past + list(_read_events(self._samples))[-1:]

    def events(
        self, is_training: Callable[[], bool], cancelled: Callable[[], bool] = lambda: False
    ) -> Iterator[Event]:
        """Yield events as they come, until the run has ended, has no trainer, or is ``cancelled``.

        Both functions are called ten times a second.
        """
        while not cancelled():
            training = is_training()  # first, so that no event before the end is missed
            for event in _read_events(self._metrics):
                if isinstance(event, Finished):
                    _wait_for_exit(is_training)
                    yield from _read_events(self._samples)
                    yield event
                    return
                yield event
            yield from _read_events(self._samples)
            if not training:
                return
            time.sleep(_POLL_SECONDS)


class TrainerProcess:
    """A trainer started by this process, and the events of its run from then on."""

    def __init__(
        self, folder: ModelDir, resume: bool = False, processes: int | None = None
    ) -> None:
        self._folder = folder
        self._reader = EventReader(folder)
        self._process = launch_trainer(folder, resume, processes)

    def stop(self) -> None:
        """Ask the trainer to save at the next step boundary and exit."""
        if self._is_running():
            try:
                send_command(self._folder, Command("stop"))
            except CharloomError:  # such as a full disk
                self._process.terminate()  # saves first, except on Windows

    def close(self) -> None:
        """Stop the trainer, and wait until it has saved and ended."""
        self.stop()
        self._process.wait()

    def events(self) -> Iterator[Event]:
        """Yield the run's events as they come, until it has ended."""
        event = None
        for event in self._reader.events(self._is_running):
            yield event
        if isinstance(event, Finished):
            return
        status = self._process.wait()
        if status == EXIT_ALREADY_TRAINING:
            raise BeingTrainedError(self._folder.name)
        raise CharloomError(exit_message(self._folder, status))

    def _is_running(self) -> bool:
        return self._process.poll() is None


def train_model(
    corpus: Corpus,
    name: str,
    preset: str = "auto",
    min_count: int = 0,
    base: str = AUTO,
    keep_vocab: bool = False,
    **overrides: Any,
) -> Iterator[Event]:
    """Train a new model ``name`` on ``corpus`` in a child process; yield the events of its run.

    The training starts with the first event that is asked for. It is saved and stopped if the
    iterator is closed before the run has ended.

    ``preset`` is one of :data:`~charloom.core.runs.presets.PRESETS`, or ``"auto"``; ``overrides``
    are fields of ``ModelConfig`` and ``TrainConfig``, such as ``minutes``. Characters that occur
    fewer than ``min_count`` times share one placeholder. ``base`` is a model to start from, such
    as ``"weaver@1200"``, or ``"none"``; with ``keep_vocab``, its characters that the text lacks
    stay. Raises :class:`CharloomError` if the run cannot be created, or fails.
    """
    validate_overrides(preset, overrides)
    folder = create_run(name, corpus, preset, overrides, min_count, base, keep_vocab)
    trainer = TrainerProcess(folder)
    try:
        for event in trainer.events():
            yield event
            if isinstance(event, Finished) and event.reason == "failed":
                raise CharloomError(event.message)
    finally:
        trainer.close()


def _read_events(lines: LineTail) -> Iterator[Event]:
    """Yield all new events."""
    while True:
        yield from filter(None, map(events.from_line, lines.read()))
        if not lines.has_more:
            return


def _wait_for_exit(is_training: Callable[[], bool]) -> None:
    """Wait for a trainer to exit after its last event, so that the run is free when it is seen."""
    deadline = time.monotonic() + _EXIT_GRACE_SECONDS
    while is_training() and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS / 10)
