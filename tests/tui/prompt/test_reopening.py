"""Texts of the library that are opened in Prompt."""

import pytest

from charloom.core.store.write import remove_model, rename_model
from charloom.tui.app import CharloomApp
from charloom.tui.messages import ReopenGeneration
from charloom.tui.widgets.sampling_controls import SamplingControls
from tests.tui.helpers.driving import (
    LARGE,
    flat_text,
    notifications,
    screen_text,
    until,
)
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
    weaver,
    written,
)

pytestmark = pytest.mark.usefixtures("model")


async def test_a_text_is_opened_again_with_its_settings_and_who_wrote_it() -> None:
    weaver("other", seed=1, step=7)
    settings = {
        "temperature": 1.1,
        "top_k": 7,
        "top_p": 0.8,
        "min_p": 0.04,
        "length": 70,
        "seed": 9,
    }
    choose(**settings, stop=("zzz",), model="other")
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
    (generation,) = kept()
    choose()
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        app.post_message(ReopenGeneration(generation))
        await until(pilot, lambda: turns(pilot))
        (turn,) = turns(pilot)
        assert text_of(turn) == generation.text
        await until(pilot, lambda: "other@7" in flat_text(app) and "» the sea" in screen_text(app))
        chosen = prompt_screen(pilot).query_one(SamplingControls).preferences
        assert chosen | settings | {"stop": ("zzz",)} == chosen
        await pilot.press("ctrl+t")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await ended(pilot, turns(pilot)[1])
        assert text_of(turns(pilot)[1]) == generation.text
        turn.focus()
        await pilot.press("s")
        await until(pilot, lambda: [each.id for each in kept() if each.starred] == [generation.id])
        await pilot.press("o")
        await until(pilot, lambda: len(turns(pilot)) == 3)
        await ended(pilot, turns(pilot)[2])
        assert turns(pilot)[2].request.prompt == "the sea " + generation.text
    assert len(kept()) == 3


async def test_a_text_whose_model_is_gone_can_be_opened_and_continued_by_another() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
    (generation,) = kept()
    rename_model("weaver", "old")
    remove_model("old")
    weaver("other", seed=1, step=7)
    choose(model="other")
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await prompt_screen(pilot).reopen(generation)
        assert "is no longer there" in notifications(app)[0]
        (turn,) = turns(pilot)
        assert text_of(turn) == generation.text
        assert composer(pilot).has_focus
        await pilot.press("ctrl+g")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await ended(pilot, turns(pilot)[1])
    assert kept()[0].model == "other"


async def test_opening_a_text_ends_what_is_being_written(gate: Gate) -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        (generation,) = kept()
        prompt_screen(pilot).query_one("#length").value = LONG  # type: ignore[attr-defined]
        gate.let(32)
        second = await send(pilot, "a loom ")
        await until(pilot, lambda: text_of(second))
        opening = app.run_worker(prompt_screen(pilot).reopen(generation))
        await until(pilot, lambda: second._thread and second._thread.stopping)
        gate.let()
        await opening.wait()
        await ended(pilot, second)
        assert len(turns(pilot)) == 3
    assert len(kept()) == 2
