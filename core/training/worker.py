"""The child process that trains: ``python -P -m core.training.worker RUN_DIR STARTED [--resume]``.

It reads its plan and its orders from the run directory and writes there whatever happens. SIGINT or
SIGTERM ends it at the next step boundary, with everything saved. STARTED is the moment of its
launch (seconds since 1970), so that a run of two minutes takes two.

This room takes the run's lock and tells of failures. It imports little, so that the lock is held
within a tenth of a second; importing torch, in :mod:`core.training.session`, takes seconds, in
which :mod:`core.training.prepare` looks at the text.
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

from charloom.core.errors import CharloomError
from charloom.core.runs import events
from charloom.core.runs.commands import EXIT_ALREADY_TRAINING, STOP_SIGNALS, Command, CommandReader
from charloom.core.runs.events import Finished
from charloom.core.store.model_dir import ModelDir

if TYPE_CHECKING:
    from concurrent.futures import Future

    from charloom.core.training.prepare import PreparedData

_PATIENCE = 1.0  # seconds: whoever looks whether a run is being trained holds its lock, briefly
_TOO_LARGE = "There is not enough memory for this network; take a smaller --hidden or --batch."


class StopSignal:
    """Whether a signal has asked the process to end."""

    def __init__(self) -> None:
        self._asked = False
        for kind in STOP_SIGNALS:
            signal.signal(kind, self._ask)
        if os.name != "nt":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)  # held back until now

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the API's
        self._asked = True

    def asked(self) -> bool:
        """Return whether it has."""
        return self._asked


def main(arguments: list[str]) -> int:
    """Run the trainer; a failure becomes the run's last event, for the person who watches."""
    folder, started = ModelDir(Path(arguments[0])), float(arguments[1])
    interruption = StopSignal()
    try:
        inbox = CommandReader(folder)  # before the lock: whoever sees it held is heard
        with filelock.FileLock(folder.lock, timeout=_PATIENCE, poll_interval=0.01):
            return _train(folder, inbox, started, "--resume" in arguments[2:], interruption)
    except filelock.Timeout:
        return EXIT_ALREADY_TRAINING
    except OSError as error:  # a folder that cannot be written to, or is gone
        return _failed(folder, f"The lock of {folder.name!r} cannot be taken ({error.strerror}).")


def _train(
    folder: ModelDir, inbox: CommandReader, started: float, resuming: bool, interruption: StopSignal
) -> int:
    try:
        folder.trainer_log.write_bytes(b"")  # what an earlier trainer printed is over

        def orders() -> Command | None:
            return Command("stop") if interruption.asked() else inbox.next()

        course, material = _begun(folder)
        course.run(folder, material.result(), started, resuming, orders)
    except CharloomError as error:
        return _failed(folder, str(error))
    except MemoryError:
        return _failed(folder, _TOO_LARGE)
    except Exception as error:
        traceback.print_exc()
        log = str(folder.trainer_log)
        return _failed(folder, f"Training failed ({type(error).__name__}); {log!r} has more.")
    return 0


def _begun(folder: ModelDir) -> "tuple[ModuleType, Future[PreparedData]]":
    """Import what trains, and in the meantime have the material got."""
    try:
        from charloom.core.training.prepare import prepare_async

        material = prepare_async(folder)
        from charloom.core.training import session
    except (ImportError, OSError) as error:
        traceback.print_exc()
        what = str(error).partition("\n")[0]
        raise CharloomError(
            f"PyTorch, or what it needs, cannot be loaded ({what}); install it anew."
        ) from error
    return session, material


def _failed(folder: ModelDir, sentence: str) -> int:
    with suppress(OSError):  # then it stands in the log alone
        events.record(folder, Finished.failed(sentence))
    sys.stderr.write(f"{sentence}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
