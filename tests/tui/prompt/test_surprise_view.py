"""Surprise on the page: read with a cursor, and branched from."""

from collections.abc import Callable

import pytest
from textual.color import Color
from textual.pilot import Pilot

from charloom.core.analysis.activations import trace
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.tui.analysis.inspector import InspectorScreen
from charloom.tui.app import CharloomApp
from charloom.tui.prompt.surprise_view import SurpriseView
from charloom.tui.widgets.heatmap_text import HeatmapText
from tests.helpers.factories import random_checkpoint, save_model
from tests.tui.helpers.driving import SMALL, screen_text, until
from tests.tui.prompt.helpers import (
    choose,
    composer,
    ended,
    prompt_screen,
    ready,
    turns,
    weaver,
    written,
)

Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLORTERM", "truecolor")
    weaver()
    choose(seed=3, length=40)


async def test_a_turn_shows_the_surprise_and_the_alternatives_at_the_cursor() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        model = (await ready(pilot))._active_model.model
        assert model
        turn = await written(pilot, "the sea ")
        await pilot.press("alt+v")
        await until(pilot, lambda: "on average" in screen_text(app))
        result = trace(model.network, turn.chosen.full_text)
        await until(pilot, lambda: f"{result.bits_per_char:.2f} on average" in screen_text(app))
        await until(pilot, lambda: "no character before it" in screen_text(app))
        await pilot.press("right", "right", "right", "right")
        assert app.screen.query_one(HeatmapText).position == 4
        await until(pilot, lambda: f"‘s’{result.bits[4]:6.2f} bits" in screen_text(app))
        for number, each in enumerate(result.alternatives(4, 5), 1):
            character = {" ": "␣", "\n": "↵"}.get(each.character, each.character)
            assert f"{number} {character} {each.probability:.0%}" in screen_text(app)
        await pilot.press("M")
        assert app.screen.query_one(HeatmapText).marks
        await pilot.press("v")
        await until(pilot, lambda: not app.screen.query(SurpriseView))
        assert composer(pilot).has_focus
        await until(pilot, lambda: "40 characters" in screen_text(app))
        await pilot.press("shift+tab", "v")
        await until(pilot, lambda: app.screen.query(SurpriseView))
        await pilot.press("escape")
        await until(pilot, lambda: not app.screen.query(SurpriseView))
        assert turn.has_focus


async def test_a_digit_branches_with_an_alternative() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        model = (await ready(pilot))._active_model.model
        assert model
        first = await written(pilot, "the sea ")
        await pilot.press("alt+v")
        await until(pilot, lambda: "on average" in screen_text(app))
        app.screen.query_one(HeatmapText).position = 20
        await pilot.pause()
        await pilot.press("2")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        branch = turns(pilot)[1]
        await ended(pilot, branch)
        full_text = first.chosen.full_text
        other = trace(model.network, full_text).alternatives(20, 2)[1].character
        assert branch.request.prompt == full_text[:20] + other
        stream = Sampler(model.network, full_text[:20] + other, SamplingConfig(), seed=3)
        assert branch.chosen.text == "".join(drawn.character for drawn in Completion(stream, 40))
        assert branch.origin.startswith(f"branches after …{full_text[:20]} with ")
        assert not app.screen.query(SurpriseView)
        assert composer(pilot).has_focus
        assert prompt_screen(pilot).transcript.current is branch


async def test_one_text_at_a_time_and_none_that_is_written_or_gone() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        assert app.screen.check_action("bits", ()) is False
        await written(pilot, "the sea ")
        await pilot.press("alt+v")
        await until(pilot, lambda: app.screen.query(SurpriseView))
        second = await written(pilot, "the wind ")
        await pilot.press("alt+v")
        await until(pilot, lambda: second.showing_surprise)
        assert len(app.screen.query(SurpriseView)) == 1
        await pilot.press("ctrl+g")
        await until(pilot, lambda: not second.showing_surprise)
        await ended(pilot, second)
        assert len(second.chosen.text) == 80


async def test_a_text_of_the_page_is_inspected() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await pilot.press("alt+i")
        await until(pilot, lambda: "Surprise: " in screen_text(app))
        assert isinstance(app.screen, InspectorScreen)
        assert app.screen._trace and app.screen._trace.text == turn.chosen.full_text
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is prompt_screen(pilot))


def cursor_cells(app: CharloomApp) -> str:
    """Return the characters on the screen that have the colour of the cursor."""
    color = Color.parse(app.get_css_variables()["cursor-1"]).rgb
    return "".join(
        segment.text
        for strip in app.screen._compositor.render_strips()
        for segment in strip
        if segment.style and segment.style.bgcolor and segment.style.bgcolor.triplet == color
    )


@pytest.mark.parametrize("size", [SMALL, (60, 16), (120, 40)], ids=str)
async def test_the_text_alone_scrolls_and_the_cursor_is_always_in_view(
    size: tuple[int, int],
) -> None:
    choose(seed=3, length=3_000)
    app = CharloomApp()
    async with app.run_test(size=size, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        text = turn.chosen.full_text.replace("\n", "↵")
        await pilot.press("alt+v")
        await until(pilot, lambda: "<1" in screen_text(app))
        await until(pilot, lambda: cursor_cells(app) == "t")
        for key in ("M", "end", "M", "M", "home", "pagedown", "M", "M"):
            await pilot.press(key)
            await until(
                pilot, lambda: cursor_cells(app) == text[app.screen.query_one(HeatmapText).position]
            )
            await until(pilot, lambda: "<1" in screen_text(app) and "M marks" in screen_text(app))
        await pilot.resize_terminal(size[0] - 8, size[1])
        await until(
            pilot, lambda: cursor_cells(app) == text[app.screen.query_one(HeatmapText).position]
        )


async def test_marks_show_the_text_at_once_where_there_are_few_colours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    choose(seed=3, length=3_000)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        await pilot.press("alt+v")
        await until(pilot, lambda: "on average" in screen_text(app))
        await until(pilot, lambda: "the sea " in screen_text(app) and "M marks" in screen_text(app))


@pytest.mark.parametrize("colour", ["colours", "marks"])
def test_how_surprise_looks(
    snap_compare: Compare, colour: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if colour == "marks":
        monkeypatch.setenv("NO_COLOR", "1")
    text = "you will rejoice to hear\nthat no disaster has come"
    save_model("weaver", random_checkpoint(hidden_size=64, seed=2, step=4_210))
    choose(seed=7, length=200)
    app = CharloomApp()

    async def before(pilot: Pilot[None]) -> None:
        await ready(pilot)
        composer(pilot).cursor_blink = False
        await written(pilot, text)
        await pilot.press("alt+v")
        await until(pilot, lambda: "on average" in screen_text(app))
        await pilot.press("down", "right", "right")
        prompt_screen(pilot).query_one("GenerationStats").display = False  # how fast it was written
        await pilot.pause()

    assert snap_compare(app, terminal_size=SMALL, run_before=before)
