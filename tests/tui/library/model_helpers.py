"""What several tests share."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from textual.pilot import Pilot

from charloom.tui.app import CharloomApp
from charloom.tui.widgets.action_bar import ActionBar
from tests.helpers.factories import (
    at_step,
    save_model,
)
from tests.tui.helpers.driving import (
    SMALL,
    app_at,
    screen_text,
    until,
)
from tests.tui.library.helpers import models


@asynccontextmanager
async def opened(
    at: str | None = None, size: tuple[int, int] = SMALL
) -> AsyncIterator[tuple[CharloomApp, Pilot[None]]]:
    """Open the models, with the cursor on the model ``at``."""
    app = app_at("library")
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: models(pilot).model)
        if at:
            names = list(models(pilot).table._filled)
            models(pilot).table.move_cursor(row=names.index(at))
            await until(pilot, lambda: f" {at}: E" in screen_text(app))
        yield app, pilot


def creature() -> None:
    """Save a model with four checkpoints, of which the third is the best."""
    for step, loss in ((1_000, 2.0), (2_000, 1.9), (3_000, 1.5), (4_000, 1.6)):
        save_model("creature", at_step(step, loss))


def hints(pilot: Pilot[None]) -> str:
    return str(models(pilot).query_one(ActionBar).render())
