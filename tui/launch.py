"""Run the app on the user's terminal and restore the terminal however it ends.

Crashes, signals and a lost terminal are handled here. Training runs are processes of their own and
continue in any case.
"""

import asyncio
import codecs
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

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from charloom.tui.app import CharloomApp
from charloom.tui.formatting.graphemes import has_uncertain_width
from charloom.tui.services.background import run_in_background
from charloom.tui.textual_patches import (
    CrashRecorder,
    place_segments,
    render_changed_rows,
    tolerate_invalid_bytes,
)
from charloom.tui.widgets.action_bar import Footer
from charloom.tui.widgets.header import Header

if TYPE_CHECKING:
    from charloom.tui.tour.subject import TourRequest

_EXIT_GRACE_SECONDS = 3.0  # to exit in order after a signal
_REPAIR_DELAY_SECONDS = 1.0  # after the first screen is open, so that repairs do not delay it
_WARNING_SECONDS = 15.0  # that the loss of a checkpoint is shown
_EXIT_SIGNALS = ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK")  # the last is Windows' SIGHUP
_OUTPUT_THREAD = "textual-output"  # Textual's thread that fails when the terminal is gone
_CRASH_LOG = "crash.log"
_WEB_DRIVER = "textual.drivers.web_driver:WebDriver"  # the app in a browser: `charloom serve`


class SplashScreen(Screen[None]):
    """Header and footer, shown until the first screen is loaded."""

    def compose(self) -> ComposeResult:
        yield Header("prompt")
        yield Footer()


def run(tour: "TourRequest | None" = None) -> int:
    """Run the app and return its exit status; with ``tour``, open that tour instead of Prompt.

    Raises :class:`CharloomError` without a terminal and after a crash.
    """
    if os.environ.get("TEXTUAL_DRIVER") != _WEB_DRIVER:
        _require_terminal("`charloom tour --plain`" if tour else "`charloom generate`")
    place_segments(has_uncertain_width)
    render_changed_rows()
    crashes: list[BaseException] = []
    status = 1
    try:
        status = asyncio.run(_run(crashes, tour))
    except Exception as error:
        crashes.append(error)
    if crashes:
        raise CharloomError(_log_crashes(crashes))
    return status


def _require_terminal(command: str) -> None:
    """Raise :class:`CharloomError` without a UTF-8 terminal; advise ``command``."""
    streams = (sys.__stdin__, sys.__stdout__, sys.__stderr__)
    if os.environ.get("TERM") == "dumb" or not all(
        stream and stream.isatty() for stream in streams
    ):
        raise CharloomError(f"The app needs a terminal; {command} writes text without one.")
    encoding = sys.stderr.encoding  # Textual writes there
    if codecs.lookup(encoding).name != "utf-8":
        unset = " and unset PYTHONIOENCODING" if os.environ.get("PYTHONIOENCODING") else ""
        raise CharloomError(
            f"The app needs a UTF-8 terminal, and this one is set to {encoding}. In one that can "
            f"show UTF-8, set LC_ALL to C.UTF-8 or en_US.UTF-8{unset}; {command} works in any."
        )
    if sys.platform != "win32":
        tolerate_invalid_bytes()


async def _run(crashes: list[BaseException], tour: "TourRequest | None") -> int:
    """Run the app until it exits, gets a signal or loses its terminal; return its status."""
    app = TerminalApp(crashes, tour)
    loop = asyncio.get_running_loop()

    def leave(status: int) -> None:
        # Writing to a terminal that is gone would block forever.
        watchdog = threading.Timer(_EXIT_GRACE_SECONDS, os._exit, (status,))
        watchdog.daemon = True
        watchdog.start()
        with suppress(RuntimeError):  # the loop has ended already
            loop.call_soon_threadsafe(app.exit, None, status)

    def on_signal(number: int, _: FrameType | None) -> None:
        leave(128 + number)

    def on_thread_error(error: threading.ExceptHookArgs) -> None:
        if error.thread and error.thread.name == _OUTPUT_THREAD and error.exc_type is OSError:
            leave(1)

    for name in _EXIT_SIGNALS:
        number = getattr(signal, name, None)
        if number and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, on_signal)
    threading.excepthook = on_thread_error
    await app.run_async()
    return app.return_code or 0


class TerminalApp(CrashRecorder, CharloomApp):
    """The app as its command runs it: with a splash screen, repairs, and a record of crashes."""

    DEFAULT_MODE = "splash"
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {"splash": SplashScreen}

    def __init__(self, crashes: list[BaseException], tour: "TourRequest | None" = None) -> None:
        super().__init__(tour)
        self.crashes = crashes
        self._first_mode = "tour" if tour else "prompt"
        self._early_input: list[events.Event] | None = []  # until the first screen is open

    def on_mount(self) -> None:
        self.call_after_refresh(self._open_first_screen)

    async def _open_first_screen(self) -> None:
        await self.switch_mode(self._first_mode)
        self.screen.call_after_refresh(self._forward_early_input)

    async def _forward_early_input(self) -> None:
        self.set_timer(_REPAIR_DELAY_SECONDS, self._repair_store)
        while self._early_input:  # new input is appended while this one is handled
            await super().on_event(self._early_input.pop(0))
        self._early_input = None

    @work
    async def _repair_store(self) -> None:
        """Repair the models' files after a crash, and show which checkpoints were lost."""
        from charloom.core.store.repair import repair_all

        # Collections no longer scan the objects that exist by now: otherwise a key now and then
        # takes more than 50 ms to be answered.
        gc.freeze()
        with suppress(CharloomError):  # what cannot be listed is reported where it is needed
            for message in await run_in_background(repair_all):
                self.notify(message, severity="warning", timeout=_WARNING_SECONDS)

    async def on_event(self, event: events.Event) -> None:
        if self._early_input is not None and isinstance(event, events.Key | events.Paste):
            self._early_input.append(event)
        else:
            await super().on_event(event)


def _log_crashes(crashes: list[BaseException]) -> str:
    """Write the tracebacks to the crash log and return an error message that names it."""
    log = paths.home() / _CRASH_LOG
    parts = [
        f"{datetime.now(UTC).isoformat(timespec='seconds')}  {platform.platform()}  "
        f"Python {platform.python_version()}\n",
        *("".join(traceback.format_exception(crash)) for crash in crashes),
    ]
    try:
        make_folder(log.parent)
        write_atomically(log, "\n".join(parts).encode("utf-8", "replace"))
    except (OSError, CharloomError):
        return f"Charloom crashed ({type(crashes[0]).__name__})."
    return f"Charloom crashed. Details are in {log}."
