"""The training process: ``python -P -m core.training.worker RUN_DIR POSITION [--resume]``.

It reads its config and its commands from the run's folder and writes its events there. SIGINT or
SIGTERM ends it after the current step, with everything saved. POSITION is the length that the file
of commands had when it was launched.

This module takes the run's lock and reports failures. It imports little, so that the lock is held
within a tenth of a second; importing torch, in :mod:`core.training.session`, takes seconds, during
which :mod:`core.training.prepare` encodes the text.
"""

import os
import signal
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from types import FrameType, ModuleType
from typing import TYPE_CHECKING

import filelock

from charloom.core.child_process import import_error_message
from charloom.core.errors import CharloomError
from charloom.core.runs import events
from charloom.core.runs.commands import EXIT_ALREADY_TRAINING, STOP_SIGNALS, Command, CommandReader
from charloom.core.runs.events import Finished
from charloom.core.store.model_dir import ModelDir

if TYPE_CHECKING:
    from concurrent.futures import Future

    from charloom.core.runs.run import RunConfig
    from charloom.core.training.task import TrainingTask

_LOCK_TIMEOUT_SECONDS = 1.0  # a process that checks whether the run is training holds it briefly
_TOO_LARGE = "There is not enough memory for this network; use a smaller hidden size or batch."


class StopSignal:
    """Records whether a signal has asked the process to end; each one is a command to stop."""

    def __init__(self) -> None:
        self.received = False
        for number in STOP_SIGNALS:
            signal.signal(number, self._receive)

    def _receive(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the API's
        self.received = True


def main(arguments: list[str]) -> int:
    """Run the trainer and return its exit status; a failure becomes the run's last event."""
    folder = ModelDir(Path(arguments[0]))
    stop = StopSignal()
    try:
        commands = CommandReader(folder, int(arguments[1]))
        with filelock.FileLock(folder.lock, timeout=_LOCK_TIMEOUT_SECONDS, poll_interval=0.01):
            return _train(folder, commands, "--resume" in arguments[2:], stop)
    except filelock.Timeout:
        return EXIT_ALREADY_TRAINING
    except OSError as error:  # a folder that cannot be written to, or is gone
        return _failed(folder, f"The lock of {folder.name!r} cannot be taken ({error.strerror}).")


def _train(folder: ModelDir, commands: CommandReader, resuming: bool, stop: StopSignal) -> int:
    def next_command() -> Command | None:
        if stop.received:
            stop.received = False
            return Command("stop")
        return commands.next()

    try:
        folder.trainer_log.write_bytes(b"")  # drops the output of an earlier trainer
        if sys.platform == "win32":  # a file inherited there has a position, not "append"
            os.lseek(sys.stderr.fileno(), 0, os.SEEK_SET)
        session, prepared = _imported(folder)
        session.run(folder, *prepared.result(), resuming, next_command)
    except CharloomError as error:
        return _failed(folder, str(error))
    except MemoryError:
        return _failed(folder, _TOO_LARGE)
    except Exception as error:
        traceback.print_exc()
        log = str(folder.trainer_log)
        return _failed(folder, f"Training failed ({type(error).__name__}); see {log!r}.")
    return 0


def _imported(folder: ModelDir) -> "tuple[ModuleType, Future[tuple[RunConfig, TrainingTask]]]":
    """Import the session, with torch, while a thread prepares the task."""
    try:
        from charloom.core.training.prepare import prepare_async

        prepared = prepare_async(folder)
        from charloom.core.training import session
    except (ImportError, OSError, MemoryError) as error:
        traceback.print_exc()
        raise CharloomError(import_error_message(error)) from error
    return session, prepared


def _failed(folder: ModelDir, message: str) -> int:
    with suppress(OSError):  # then the message is in the log alone
        events.record(folder, Finished.failed(message))
    sys.stderr.write(f"{message}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
