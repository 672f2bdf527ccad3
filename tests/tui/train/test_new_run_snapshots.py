"""Snapshots of the form for a new run."""

from collections.abc import Callable
from functools import partial

import pytest
from textual.pilot import Pilot

from charloom.core.runs.estimates import cache_throughput
from charloom.core.runs.presets import PRESETS
from charloom.tui.app import CharloomApp
from charloom.tui.widgets.inputs import SafeInput
from tests.tui.helpers.driving import LARGE, SMALL, app_at, screen_text, until

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
SPEEDS = {"notebook": 90_000.0, "small": 50_000.0, "medium": 14_000.0, "large": 6_000.0}


@pytest.fixture(autouse=True)
def measured() -> None:
    """Cache a fixed throughput of this machine."""
    assert SPEEDS.keys() == PRESETS.keys()
    cache_throughput(SPEEDS)


def after(*steps: str | Callable[[CharloomApp], bool]) -> Callable[[Pilot[None]], object]:
    """Return a function that presses keys and waits for conditions."""

    async def run(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, CharloomApp)
        await until(pilot, lambda: "Press a" in screen_text(app))
        for step in steps:
            if callable(step):
                await until(pilot, partial(step, app))
            else:
                await pilot.press(step)
        for field in app.screen.query(SafeInput):
            field.cursor_blink = False
        await pilot.pause()

    return run


def chosen(app: CharloomApp) -> bool:
    """Return whether the statistics of a text are shown."""
    return "distinct" in screen_text(app)


@SIZES
def test_the_known_texts(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = after("a", lambda app: "The Loom" in screen_text(app), "down")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


@SIZES
def test_what_is_in_a_text(snap_compare: Compare, size: tuple[int, int]) -> None:
    before = after("a", "enter", chosen, "down", "down")
    assert snap_compare(app_at("train"), terminal_size=size, run_before=before)


def test_more_settings_and_one_that_is_wrong(snap_compare: Compare) -> None:
    keys = ("tab", "tab", "tab", "enter", "tab", "tab", "tab", *"9999", "ctrl+s")
    before = after("a", "enter", chosen, *keys, lambda app: "whole number" in screen_text(app))
    assert snap_compare(app_at("train"), terminal_size=SMALL, run_before=before)


def test_a_name_that_will_not_do(snap_compare: Compare) -> None:
    keys = ("tab", "tab", "home", "shift+end", *"../up")
    before = after("a", "enter", chosen, *keys, lambda app: "has a character" in screen_text(app))
    assert snap_compare(app_at("train"), terminal_size=SMALL, run_before=before)


def test_pasting(snap_compare: Compare) -> None:
    before = after("a", "right", "right", "right", *"the sea", "tab")
    assert snap_compare(app_at("train"), terminal_size=SMALL, run_before=before)
