"""Settings in the panel apply from the next character, and are saved as preferences."""

import pytest
from textual.geometry import Size

from charloom.core.library.replay import replay
from charloom.core.sampling.config import SamplingConfig
from charloom.tui.app import CharloomApp
from charloom.tui.prompt.candidate_view import CandidateView
from charloom.tui.prompt.panel import GenerationStats, SidePanel
from charloom.tui.services import preferences
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.number_slider import NumberSlider
from tests.tui.helpers.driving import LARGE, SMALL, flat_text, notifications, screen_text, until
from tests.tui.prompt.helpers import (
    LONG,
    Gate,
    choose,
    ended,
    kept,
    prompt_screen,
    ready,
    send,
    text_of,
    written,
)

pytestmark = pytest.mark.usefixtures("model")


async def test_a_temperature_holds_from_the_next_character_on_and_is_replayed(gate: Gate) -> None:
    choose(length=300)
    gate.let(32)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: len(text_of(turn)) == 32)
        prompt_screen(pilot).query_one("#temperature", NumberSlider).focus()
        await pilot.press(*"2.5", "enter")
        await pilot.pause()
        gate.let(64)
        await until(pilot, lambda: len(text_of(turn)) >= 64)
        prompt_screen(pilot).query_one("#top-k", NumberSlider).focus()
        await pilot.press("right", "right")
        await pilot.pause()
        gate.let()
        await ended(pilot, turn)
        await until(pilot, lambda: "temperature 0.8 → 2.5" in flat_text(app))
    (found,) = kept()
    assert [each.config for each in found.changes] == [
        SamplingConfig(2.5),
        SamplingConfig(2.5, 2),
    ]
    assert found.temperature == 0.8 and len(found.text) == 300
    assert 32 <= found.changes[0].position <= 48
    assert replay(found).equal


async def test_a_length_holds_for_the_text_that_is_being_written(gate: Gate) -> None:
    choose(length=LONG)
    gate.let(32)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        prompt_screen(pilot).query_one("#length", NumberSlider).value = 100
        await pilot.pause()
        gate.let()
        await ended(pilot, turn)
        assert len(text_of(turn)) == 100
    assert replay(kept()[0]).equal


async def test_turning_something_else_leaves_a_text_that_goes_on_as_long_as_it_was_to_be(
    gate: Gate,
) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        gate.let(0)
        await pilot.press("ctrl+g")
        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 1.5
        await pilot.pause()
        gate.let()
        await ended(pilot, turn)
        assert len(text_of(turn)) == 120
    assert replay(kept()[0]).equal


async def test_a_stop_string_may_be_given_with_escapes() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        prompt_screen(pilot).query_one("#length", NumberSlider).value = 5_000
        prompt_screen(pilot).query_one("#stop", SafeInput).focus()
        await pilot.press(*r"\n\|☃")
        turn = await written(pilot, "the sea ")
        assert "The model cannot write '☃', so the text does not stop there." in notifications(app)
        assert "\n" not in text_of(turn) and len(text_of(turn)) < 5_000
    (found,) = kept()
    assert (found.stop, found.length) == (("\n", "☃"), 5_000)
    assert replay(found).equal


async def test_candidates_have_the_next_seeds_and_stand_side_by_side() -> None:
    choose(candidate_count=4, seed=20)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        views = list(turn.query(CandidateView))
        assert len({view.region.y for view in views}) == 1
        assert len({view.region.x for view in views}) == 4
        assert "▸ 1 · seed 20" in flat_text(app) and " 4 · seed 23" in flat_text(app)
        await until(pilot, lambda: "» the sea" in screen_text(app))
    assert sorted(each.seed for each in kept()) == [20, 21, 22, 23]
    assert all(replay(each).equal for each in kept())


async def test_candidates_may_differ_by_their_temperature_instead() -> None:
    choose(candidate_count=3, vary_by="temperature", temperature=9.7, seed=20)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        await until(pilot, lambda: "2 · temperature 9.9" in flat_text(app))
    assert sorted((each.seed, each.temperature) for each in kept()) == [
        (20, 9.7),
        (20, 9.9),
        (20, 10.0),
    ]


async def test_a_change_keeps_the_distance_between_candidates(gate: Gate) -> None:
    choose(candidate_count=2, vary_by="temperature", temperature=0.5, length=200)
    gate.let(64)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 1.0
        await pilot.pause()
        gate.let()
        await ended(pilot, turn)
    changed = sorted(each.changes[0].temperature for each in kept())
    assert changed == [1.0, 1.2]
    assert all(replay(each).equal for each in kept())


async def test_where_columns_would_be_too_narrow_candidates_are_stacked() -> None:
    choose(candidate_count=3)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        views = list(turn.query(CandidateView))
        assert len({view.region.x for view in views}) == 1
        await pilot.resize_terminal(160, 48)
        await until(pilot, lambda: len({view.region.x for view in views}) == 3)


async def test_star_copy_and_go_on_are_for_the_candidate_that_is_chosen() -> None:
    choose(candidate_count=3, seed=20)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await pilot.press("shift+tab", "right", "s")
        await until(pilot, lambda: "▸ 2 · seed 21" in flat_text(app))
        await until(pilot, lambda: [each.seed for each in kept() if each.starred] == [21])
        await pilot.press("right", "right", "c")
        assert app.clipboard == "the sea " + turn.candidates[2].text
        await pilot.press("left", "left", "left", "o")
        await until(pilot, lambda: len(turn.candidates[0].text) == 120)
        await ended(pilot, turn)
        assert [len(candidate.text) for candidate in turn.candidates] == [120, 60, 60]
        await pilot.click(list(turn.query(CandidateView))[1])
        assert turn.chosen is turn.candidates[1]
    assert all(replay(each).equal for each in kept())


async def test_choices_are_remembered() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 1.3
        prompt_screen(pilot).query_one("#stop", SafeInput).value = r"\t."
        await pilot.pause()
    found = preferences.load()
    assert (found.temperature, found.stop, found.model) == (1.3, ("\t.",), "weaver@best")


async def test_what_is_chosen_in_the_settings_is_there_and_the_other_way_round() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 1.3
        await pilot.press("f5")
        await until(pilot, lambda: app.screen.query_one("#temperature", NumberSlider).value == 1.3)
        app.screen.query_one("#temperature", NumberSlider).value = 0.2
        await until(pilot, lambda: app.services.preferences.temperature == 0.2)
        await pilot.press("f2")
        await until(pilot, lambda: prompt_screen(pilot).panel.sampling == SamplingConfig(0.2))
        await pilot.press("f5")
        await until(pilot, lambda: app.screen is not prompt_screen(pilot))
        assert app.services.preferences.temperature == 0.2


async def test_the_panel_hides_and_gives_its_room_to_the_text() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        panel, page = prompt_screen(pilot).query_one(SidePanel), prompt_screen(pilot).transcript
        width = page.size.width
        await pilot.press("ctrl+b")
        await until(pilot, lambda: page.size.width == width + 26)
        assert panel.size == Size(0, 0) or not panel.display
        await pilot.press("ctrl+b")
        await until(pilot, lambda: page.size.width == width)


async def test_live_figures_are_those_of_the_text() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await until(pilot, lambda: "– characters/s" in flat_text(app))
        await written(pilot, "the sea ")
        (found,) = kept()
        await until(pilot, lambda: f"{found.bits_per_char:.2f} bits/char" in flat_text(app))
        await until(pilot, lambda: f"{found.chars_per_second:,.0f} characters/s" in flat_text(app))


async def test_the_figures_are_those_of_the_candidate_that_is_chosen() -> None:
    choose(candidate_count=2, seed=20)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await pilot.press("shift+tab", "right")
        second = next(each for each in kept() if each.seed == 21)
        figures = prompt_screen(pilot).query_one(GenerationStats)
        await until(pilot, lambda: f"{second.bits_per_char:.2f} bits/char" in str(figures.render()))
        assert turn.chosen is turn.candidates[1]
