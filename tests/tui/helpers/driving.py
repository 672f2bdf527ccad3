"""Driving the app as a person does, and waiting for what it shows."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

import charloom.tui.app
from charloom.tui.app import CharloomApp

SMALL, LARGE = (80, 24), (160, 48)
APP_CSS = Path(charloom.tui.app.__file__).with_name("app.tcss")
_PATIENCE = 20.0  # seconds; a test that waits so long has failed


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Wait until ``holds`` is true."""
    deadline = time.monotonic() + _PATIENCE
    while not holds():
        assert time.monotonic() < deadline, "this did not come to pass"
        await asyncio.sleep(0.01)
        await pilot.pause()


def shown(app: CharloomApp) -> str:
    """Return the characters on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.crop(0, width).text for strip in lines[:height])


def told(app: CharloomApp) -> list[str]:
    """Return the notifications there are, oldest first."""
    return [note.message for note in app._notifications]


def app_at(mode: str) -> CharloomApp:
    """Return the app as it is when it opens in another room than the first."""

    class Opened(CharloomApp):
        CSS_PATH = str(Path(charloom.tui.app.__file__).with_name("app.tcss"))
        DEFAULT_MODE = mode

    return Opened()


def words(app: CharloomApp) -> str:
    """Return what is on the screen as if it stood on one line, for sentences that are folded."""
    return " ".join(shown(app).replace("│", " ").split())
