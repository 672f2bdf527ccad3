"""What several tests share."""

import json
from typing import Any

from textual.pilot import Pilot

from charloom.core.store.model_dir import ModelDir
from charloom.tui.app import CharloomApp
from charloom.tui.widgets.inputs import SafeInput
from tests.tui.helpers.driving import (
    screen_text,
    until,
)


async def opened(pilot: Pilot[None]) -> CharloomApp:
    """Open the form."""
    app = pilot.app
    assert isinstance(app, CharloomApp)
    await until(pilot, lambda: "a new run" in screen_text(app))
    await pilot.press("a")
    await until(pilot, lambda: "The Loom at Carrow" in screen_text(app))
    return app


async def planning(pilot: Pilot[None]) -> None:
    """Wait for the form with the statistics of the text."""
    await until(pilot, lambda: pilot.app.screen.has_class("planning"))
    await until(pilot, lambda: "distinct" in shown_by(pilot))


def shown_by(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app, CharloomApp)
    return screen_text(pilot.app)


def typed(app: CharloomApp) -> str:
    """Return the value of the focused field."""
    return app.focused.value if isinstance(app.focused, SafeInput) else ""


def plan(name: str) -> dict[str, Any]:
    """Return the config of the run ``name``."""
    config: dict[str, Any] = json.loads(ModelDir.named(name).run_config.read_text())
    return config
