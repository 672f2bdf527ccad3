"""Drive the app with keys, and wait for what it shows."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from textual.pilot import Pilot

import charloom.tui.app
from charloom.tui.app import CharloomApp

SMALL, LARGE = (80, 24), (160, 48)
APP_CSS = Path(charloom.tui.app.__file__).with_name("app.tcss")
_TIMEOUT_SECONDS = 60.0  # a trainer may take 20 to import PyTorch with CUDA


async def until(pilot: Pilot[None], holds: Callable[[], object]) -> None:
    """Wait until ``holds`` is true."""
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "timed out"
        await asyncio.sleep(0.01)
        await pilot.pause()


def screen_text(app: CharloomApp) -> str:
    """Return the characters on the screen, line by line."""
    width, height = app.size
    lines = app.screen._compositor.render_strips()
    return "\n".join(strip.crop(0, width).text for strip in lines[:height])


def notifications(app: CharloomApp) -> list[str]:
    """Return the messages of the notifications, oldest first."""
    return [note.message for note in app._notifications]


def app_at(mode: str) -> CharloomApp:
    """Return an app that opens on another screen than Prompt."""

    class Opened(CharloomApp):
        CSS_PATH = str(Path(charloom.tui.app.__file__).with_name("app.tcss"))
        DEFAULT_MODE = mode

    return Opened()


def flat_text(app: CharloomApp) -> str:
    """Return the screen's text on one line, to find sentences that are wrapped."""
    return " ".join(screen_text(app).replace("│", " ").split())
