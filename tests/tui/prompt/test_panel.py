"""The panel hides by itself on narrow screens."""

import pytest

from charloom.tui.app import CharloomApp
from tests.tui.helpers.driving import until
from tests.tui.prompt.helpers import choose, ready, weaver

NARROW, WIDE = (69, 24), (70, 24)


@pytest.fixture(autouse=True)
def _model() -> None:
    weaver()
    choose()


async def test_the_panel_hides_below_70_columns_and_returns_unless_the_user_hid_it() -> None:
    app = CharloomApp()
    async with app.run_test(size=(40, 12)) as pilot:
        screen = await ready(pilot)
        await until(pilot, lambda: not screen.panel.region)
        assert screen.transcript.scrollable_content_region.width >= 36
        for size, keys, visible in (
            (WIDE, "", True),
            (NARROW, "", False),
            (NARROW, "ctrl+b", True),
            (WIDE, "ctrl+b", False),
            (NARROW, "ctrl+b", False),
            (WIDE, "", False),
            (WIDE, "ctrl+b", True),
            (NARROW, "", False),
            (WIDE, "", True),
        ):
            await pilot.resize_terminal(*size)
            await pilot.press(*keys.split())
            await until(pilot, lambda: bool(screen.panel.region) is visible)  # noqa: B023


async def test_a_panel_that_hides_leaves_the_focus_to_the_composer() -> None:
    app = CharloomApp()
    async with app.run_test(size=WIDE) as pilot:
        screen = await ready(pilot)
        await until(pilot, lambda: screen.panel.region)
        screen.query_one("#temperature").focus()
        await pilot.pause()
        await pilot.resize_terminal(*NARROW)
        await until(pilot, lambda: screen.composer.has_focus)
