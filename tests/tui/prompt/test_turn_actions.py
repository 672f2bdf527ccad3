"""Actions on a turn, by letter, by key, and with the mouse."""

import pytest
from textual.events import Key
from textual.pilot import Pilot

from charloom.core.library.database import Library
from charloom.core.library.replay import replay
from charloom.core.sampling.config import SamplingConfig
from charloom.tui.app import CharloomApp
from charloom.tui.prompt.panel import ActiveModelLabel
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.turn_footer import TurnFooter
from charloom.tui.widgets.number_slider import NumberSlider
from charloom.tui.widgets.sampling_controls import SamplingControls
from tests.tui.helpers.driving import LARGE, SMALL, flat_text, notifications, screen_text, until
from tests.tui.prompt.helpers import (
    LONG,
    Gate,
    choose,
    composer,
    ended,
    kept,
    prompt_screen,
    ready,
    send,
    text_of,
    turns,
    written,
)

pytestmark = pytest.mark.usefixtures("model")


async def next_turn(pilot: Pilot[None], *keys: str) -> Turn:
    """Press keys that start a turn, and return it once it is finished."""
    before = len(turns(pilot))
    await pilot.press(*keys)
    await until(pilot, lambda: len(turns(pilot)) == before + 1)
    await ended(pilot, turns(pilot)[-1])
    return turns(pilot)[-1]


async def test_again_has_another_seed_and_all_else_the_same() -> None:
    choose(temperature=1.4, seed=5, length=30)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first = await written(pilot, "the sea ")
        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 0.0
        second = await next_turn(pilot, "ctrl+r")
        assert second.request.seed != 5
        assert (second.request.sampling, second.request.length) == (SamplingConfig(1.4), 30)
        assert second.request.prompt == first.request.prompt
        assert turns(pilot) == [first, second]


async def test_retry_has_the_same_seed_and_what_is_chosen_now() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first = await written(pilot, "the sea ")
        same = await next_turn(pilot, "ctrl+t")
        assert text_of(same) == text_of(first)
        prompt_screen(pilot).query_one("#temperature", NumberSlider).value = 2.0
        other = await next_turn(pilot, "shift+tab", "R")
        assert other.request.seed == first.request.seed
        assert other.request.sampling == SamplingConfig(2.0)
        assert text_of(other) != text_of(first)


async def test_edit_brings_the_prompt_back_and_sending_makes_another_turn() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        await pilot.press("shift+tab", "p")
        assert composer(pilot).text == "the sea " and composer(pilot).has_focus
        turn = await next_turn(pilot, "i", "s", "enter")
        assert turn.request.prompt == "the sea is"
        assert len(turns(pilot)) == 2


async def test_copy_puts_prompt_and_text_into_the_clipboard() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await pilot.press("alt+c")
        assert app.clipboard == "the sea " + text_of(turn)
        assert notifications(app) == ["Copied 68 characters."]


async def test_a_star_makes_a_favorite_and_is_taken_back() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: kept()[0].starred)
        await until(
            pilot, lambda: "★ weaver@100" in screen_text(app) and "^s unstar" in screen_text(app)
        )
        await pilot.press("shift+tab", "s")
        await until(pilot, lambda: not kept()[0].starred)
        await until(pilot, lambda: "★" not in screen_text(app) and "s star" in screen_text(app))
        assert not turn.chosen.error and len(kept()) == 1


async def test_a_star_in_the_middle_of_a_text_holds_when_it_is_kept(gate: Gate) -> None:
    gate.let(32)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "★" in screen_text(app))
        assert kept() == []
        gate.let()
        await ended(pilot, turn)
    assert [each.starred for each in kept()] == [True]


async def test_delete_takes_a_text_off_the_page_and_out_of_the_library_and_it_can_come_back() -> (
    None
):
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        (before,) = kept()
        await pilot.press("shift+tab", "d")
        await until(pilot, lambda: kept() == [])
        await until(pilot, lambda: "Deleted." in screen_text(app) and "u undo" in screen_text(app))
        assert text_of(turn)[:8] not in screen_text(app)
        await pilot.press("s", "c", "r")
        await pilot.pause()
        assert not turn.chosen.starred and turns(pilot) == [turn] and notifications(app) == []
        await pilot.press("ctrl+z")
        await until(pilot, lambda: kept() == [before])
        await until(pilot, lambda: text_of(turn)[:8].split("\n")[0] in screen_text(app))
        assert "Deleted" not in screen_text(app)


async def test_what_was_tagged_elsewhere_comes_back_with_its_tags() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        with Library() as library:
            library.tag(1, ["grey"])
        await pilot.press("f8")
        await until(pilot, lambda: kept() == [])
        await pilot.press("alt+u")
        await until(pilot, lambda: kept())
    assert kept()[0].tags == ("grey",)


async def test_a_favorite_stays_in_the_library_when_it_is_deleted_here() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: kept()[0].starred)
        await pilot.press("f8")
        await until(pilot, lambda: "The favorite stays in the library." in flat_text(app))
        await written(pilot, "a loom ")
        assert [turn.request.prompt for turn in turns(pilot)] == ["a loom "]
    assert {each.prompt for each in kept()} == {"the sea ", "a loom "}


async def test_a_text_that_was_starred_elsewhere_stays_too() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        with Library() as library:
            library.star(1)
        await pilot.press("f8")
        await until(pilot, lambda: "The favorite stays in the library." in flat_text(app))
    assert kept()[0].starred


async def test_delete_in_the_middle_of_a_text_stops_it_and_keeps_nothing(gate: Gate) -> None:
    gate.let(32)
    choose(length=LONG)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        await pilot.press("f8")
        gate.let()
        await until(pilot, lambda: not turn.generating)
        await pilot.pause()
        assert kept() == []
        await pilot.press("alt+u")
        await until(pilot, lambda: kept())
    (found,) = kept()
    assert found.text == text_of(turn) and replay(found).equal


async def test_what_was_starred_and_deleted_in_the_middle_is_kept(gate: Gate) -> None:
    gate.let(32)
    choose(length=LONG)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: text_of(turn))
        await pilot.press("ctrl+s", "f8")
        gate.let()
        await until(pilot, lambda: kept())
    assert kept()[0].starred and replay(kept()[0]).equal


async def test_the_seed_of_a_text_can_be_pinned() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first = await written(pilot, "the sea ")
        app.post_message(Key("alt+shift+p", "P"))  # as most terminals have it
        await until(
            pilot, lambda: prompt_screen(pilot).query_one(SamplingControls).preferences["seed"] >= 0
        )
        assert composer(pilot).text == ""
        second = await written(pilot, "the sea ")
        assert text_of(second) == text_of(first)
    again = CharloomApp()
    async with again.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        assert (
            prompt_screen(pilot).query_one(SamplingControls).preferences["seed"]
            == first.request.seed
        )


async def test_after_a_click_on_a_text_one_types_into_the_composer() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await ready(pilot)
        first, second = await written(pilot, "the sea "), await written(pilot, "a loom ")
        await pilot.press("shift+tab")
        await until(pilot, lambda: second.has_focus)
        await pilot.click(first, offset=(5, 0))
        await until(pilot, lambda: composer(pilot).has_focus)
        assert screen.transcript.current is first and "^s star" in screen_text(app)
        await pilot.press(*"dandelion")
        assert composer(pilot).text == "dandelion" and app.screen is screen
        assert turns(pilot) == [first, second] and len(kept()) == 2
        await pilot.press("ctrl+up")
        await until(pilot, lambda: first.has_focus and "s star" in screen_text(app))
        await pilot.press("d")
        await until(pilot, lambda: len(kept()) == 1)


async def test_what_a_widget_does_not_use_is_typed_into_the_composer() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await ready(pilot)
        await written(pilot, "the sea ")
        slider = screen.query_one("#temperature", NumberSlider)
        for focus in (slider, screen.query_one(ActiveModelLabel), turns(pilot)[0]):
            composer(pilot).set_text("")
            screen.set_focus(focus)
            for key in "hem":  # all of them at once
                app.post_message(Key(key, key))
            await until(pilot, lambda: composer(pilot).text == "hem")
            assert composer(pilot).has_focus
        slider.focus()
        await pilot.press(*"15")
        assert composer(pilot).text == "hem" and slider.typed == "15"


@pytest.mark.parametrize("place", ["composer", "turn", "surprise"])
async def test_escape_and_a_quick_letter_delete_nothing(place: str) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await ready(pilot)
        turn = await written(pilot, "the sea ")
        if place == "turn":
            screen.set_focus(turn)
        elif place == "surprise":
            await pilot.press("alt+v")
            await until(pilot, lambda: "on average" in screen_text(app))
        app.post_message(Key("escape", "\x1b"))
        app.post_message(Key("d", "d"))
        await until(pilot, lambda: composer(pilot).text == "d")
        if place == "turn":
            screen.set_focus(turn)
        app.post_message(Key("alt+d", "d"))  # as tmux sends both
        await until(pilot, lambda: composer(pilot).text == "dd" and composer(pilot).has_focus)
        assert not turn.deleted and len(kept()) == 1


async def test_what_can_be_done_can_be_clicked() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the sea ")
        await until(pilot, lambda: "^s star" in screen_text(app))
        line = turn.query_one(TurnFooter).region
        column = screen_text(app).splitlines()[line.y].index("^s star")
        await pilot.click(offset=(column, line.y))
        await until(pilot, lambda: kept()[0].starred)


async def test_the_palette_has_what_can_be_done_and_only_that() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        titles = {each.title for each in app.get_system_commands(app.screen)}
        assert {"Model", "Panel"} <= titles and "New page" not in titles
        assert not {"Star", "To the end"} & titles
        await written(pilot, "the sea ")
        titles = {each.title for each in app.get_system_commands(app.screen)}
        assert {"Star", "Again", "Continue", "Repeat", "Bits", "Copy", "Delete"} <= titles
        assert not {"Restore", "Save"} & titles
