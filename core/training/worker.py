"""The training process: ``python -P -m core.training.worker RUN_DIR POSITION [OPTIONS]``.

It reads its config and its commands from the run's folder and writes its events there. SIGINT or
SIGTERM ends it after the current step, with everything saved. POSITION is the length that the file
of commands had when it was launched. The options are ``--resume`` and ``--processes N``.

With RUN_DIR alone it is one of several processes, and torchrun's environment variables say which:
the first has the run, and resumes it if it was saved; the others help it.

This module takes the run's lock and reports failures. It imports little, so that the lock is held
within a tenth of a second; importing torch, in :mod:`core.training.session`, takes seconds, during
which :mod:`core.training.prepare` encodes the text.
"""

import argparse
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
from charloom.core.runs.jsonl import file_size
from charloom.core.store.model_dir import ModelDir

if TYPE_CHECKING:
    from concurrent.futures import Future

    from charloom.core.runs.run import RunConfig
    from charloom.core.training.task import TrainingTask

_LOCK_TIMEOUT_SECONDS = 1.0  # a process that checks whether the run is training holds it briefly
_RANK_VARIABLES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")  # of torchrun
_EXIT_RANK_LOST = 4


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
    parser = argparse.ArgumentParser("worker")
    parser.add_argument("run_dir", type=Path)
    parser.add_argument("position", type=int, nargs="?")
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--processes", type=int)
    given = parser.parse_args(arguments)
    folder = ModelDir(given.run_dir)
    stop = StopSignal()
    if given.position is not None:
        for name in _RANK_VARIABLES:  # of another program, such as one that started a shell
            os.environ.pop(name, None)
    elif int(os.environ.get("RANK", "0")) > 0:
        return _follow(folder)
    else:
        given.position, given.resume = file_size(folder.commands), True
        given.processes = int(os.environ.get("WORLD_SIZE", "1"))
    try:
        commands = CommandReader(folder, given.position)
        with filelock.FileLock(folder.lock, timeout=_LOCK_TIMEOUT_SECONDS, poll_interval=0.01):
            return _train(folder, commands, given.resume, given.processes, stop)
    except filelock.Timeout:
        return EXIT_ALREADY_TRAINING
    except OSError as error:  # a folder that cannot be written to, or is gone
        return _failed(folder, f"The lock of {folder.name!r} cannot be taken ({error.strerror}).")


def _train(
    folder: ModelDir,
    commands: CommandReader,
    resuming: bool,
    processes: int | None,
    stop: StopSignal,
) -> int:
    def next_command() -> Command | None:
        if stop.received:
            stop.received = False
            return Command("stop")
        return commands.next()

    try:
        folder.trainer_log.write_bytes(b"")  # drops the output of an earlier trainer
        if sys.platform == "win32":  # a file inherited there has a position, not "append"
            os.lseek(sys.stderr.fileno(), 0, os.SEEK_SET)
        session, prepared = _imported(folder, processes)
        session.run(folder, *prepared.result(), resuming, next_command)
    except CharloomError as error:
        return _failed(folder, str(error))
    except Exception as error:
        traceback.print_exc()
        log = str(folder.trainer_log)
        return _failed(folder, f"Training failed ({type(error).__name__}); see {log!r}.")
    return 0


def _imported(
    folder: ModelDir, processes: int | None
) -> "tuple[ModuleType, Future[tuple[RunConfig, TrainingTask]]]":
    """Import the session, with torch, while a thread prepares the task."""
    try:
        from charloom.core.training.prepare import prepare_async

        prepared = prepare_async(folder, processes)
        from charloom.core.training import session
    except (ImportError, OSError, MemoryError) as error:
        traceback.print_exc()
        raise CharloomError(import_error_message(error)) from error
    return session, prepared


def _follow(folder: ModelDir) -> int:
    """Help the first process with its run; return the exit status of this one."""
    from charloom.core.training.distributed import follow
    from charloom.core.training.ranks import RankLostError

    try:
        follow(folder)
    except RankLostError:
        return _EXIT_RANK_LOST  # the first one reports it
    except CharloomError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _failed(folder: ModelDir, message: str) -> int:
    with suppress(OSError):  # then the message is in the log alone
        events.record(folder, Finished.failed(message))
    sys.stderr.write(f"{message}\n")
    return 1


if __name__ == "__main__":
    status = main(sys.argv[1:])
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)  # an ordinary exit may abort: the threads of a group of processes go on
