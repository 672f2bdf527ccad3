"""The app on a person's terminal: from the first picture to whatever ends it.

Nothing leaves a terminal behind that cannot be used: not a fault of the program, not a signal, not
the end of the terminal itself. Trainings are processes of their own, and go on in any case.
"""

import asyncio
import gc
import os
import platform
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from types import FrameType
from typing import TYPE_CHECKING, Any, ClassVar

from textual import events, work
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from charloom.tui.app import CharloomApp
from charloom.tui.services.background import run_in_background
from charloom.tui.textual_patches import CrashRecorder, tolerate_invalid_bytes
from charloom.tui.widgets.header import Header

if TYPE_CHECKING:
    from charloom.tui.tour.subject import TourRequest

_PATIENCE_SECONDS = 3.0  # to leave in order after a signal
_MENDING_SECONDS = 1.0  # after the first room is there: whoever opens the app need not wait for it
_LONG_SECONDS = 15.0  # that a loss is told of
_ENDING = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP
_WRITER = "textual-output"  # the thread that fails when the terminal has gone
_LOG = "crash.log"


class SplashScreen(Screen[None]):
    """The frame that all rooms have, around nothing."""

    DEFAULT_CSS = "SplashScreen { background: $background; }"

    def compose(self) -> ComposeResult:
        """Lay out what the first room will have in the same places."""
        yield Header("prompt")
        yield Footer(show_command_palette=False, compact=True)


def run(tour: "TourRequest | None" = None) -> int:
    """Open the app and return the exit status; :class:`CharloomError` when it could not go on.

    It opens in the Prompt room, or with a ``tour`` of this model and text.
    """
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    if os.environ.get("TERM") == "dumb" or not all(each and each.isatty() for each in streams):
        command = "`charloom tour --plain`" if tour else "`charloom generate`"
        raise CharloomError(f"The app needs a terminal; {command} writes text without one.")
    if os.name != "nt":
        tolerate_invalid_bytes()
    faults: list[BaseException] = []
    status = 1
    try:
        status = asyncio.run(_run(faults, tour))
    except Exception as error:
        faults.append(error)
    if faults:
        raise CharloomError(_told(faults))
    return status


async def _run(faults: list[BaseException], tour: "TourRequest | None") -> int:
    """Run the app until it ends, or is to end, and return its exit status."""
    session = TerminalApp(faults, tour)
    loop = asyncio.get_running_loop()

    def leave(status: int) -> None:
        # A terminal that has gone takes no more output, and whoever waits for it would hang.
        watchdog = threading.Timer(_PATIENCE_SECONDS, os._exit, (status,))
        watchdog.daemon = True
        watchdog.start()
        with suppress(RuntimeError):  # it has ended already
            loop.call_soon_threadsafe(session.exit, None, status)

    def heed(number: int, _: FrameType | None) -> None:
        leave(128 + number)

    def note(fault: threading.ExceptHookArgs) -> None:
        if fault.thread and fault.thread.name == _WRITER and fault.exc_type is OSError:
            leave(1)

    for name in _ENDING:
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, heed)
    threading.excepthook = note
    await session.run_async()
    return session.return_code or 0


class TerminalApp(CrashRecorder, CharloomApp):
    """The app as it is opened by its command; tests that need none of this use the app itself."""

    DEFAULT_MODE = "opening"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {"opening": SplashScreen}

    def __init__(self, faults: list[BaseException], tour: "TourRequest | None" = None) -> None:
        super().__init__(tour)
        self._first_mode = "tour" if tour else "prompt"
        self.crashes = faults
        self._early: list[events.Event] | None = []  # keys before there was anybody to take them

    def on_mount(self) -> None:
        """Go to the first room once the first picture is there."""
        self.call_after_refresh(self._enter)

    async def _enter(self) -> None:
        await self.switch_mode(self._first_mode)
        self.screen.call_after_refresh(self._give_early)

    async def _give_early(self) -> None:
        self.set_timer(_MENDING_SECONDS, self._mend)
        while self._early:  # what is typed meanwhile has its place behind them
            await super().on_event(self._early.pop(0))
        self._early = None

    @work
    async def _mend(self) -> None:
        """Repair what a crash has left of the store, and tell of what was lost."""
        from charloom.core.store.repair import repair_all

        # What is there by now stays: collecting garbage, which stops everything, need not look at
        # it again and again. So a key is answered within 50 ms, which it else now and then is not.
        gc.freeze()
        with suppress(CharloomError):  # what cannot be listed is told of where it is needed
            for sentence in await run_in_background(repair_all):
                self.notify(sentence, severity="warning", timeout=_LONG_SECONDS)

    async def on_event(self, event: events.Event) -> None:
        """Keep what is typed before the first room is there."""
        if self._early is not None and isinstance(event, events.Key | events.Paste):
            self._early.append(event)
        else:
            await super().on_event(event)


def _told(faults: list[BaseException]) -> str:
    """Keep the tracebacks in a file, and return the sentence that tells of it."""
    told = "Charloom met a fault of its own and had to close"
    log = paths.home() / _LOG
    parts = [
        f"{datetime.now(UTC).isoformat(timespec='seconds')}  {platform.platform()}  "
        f"Python {platform.python_version()}\n",
        *("".join(traceback.format_exception(fault)) for fault in faults),
    ]
    try:
        make_folder(log.parent)
        write_atomically(log, "\n".join(parts).encode("utf-8", "replace"))
    except (OSError, CharloomError):
        return f"{told} ({type(faults[0]).__name__})."
    return f"{told}; {log} tells what happened."
