"""The Tour screen: ten stages, choices, answers and errors."""

import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from textual.pilot import Pilot

from charloom.core.config import TrainConfig
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.core.store.write import read_notes, write_notes
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.model_picker import ModelPicker
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.services.preferences import Preferences, save
from charloom.tui.tour import lab_notes
from charloom.tui.tour.screen import TourScreen
from charloom.tui.tour.stage_bar import StageBar
from charloom.tui.widgets.inputs import SafeTextArea
from tests.helpers.child_process import TEXT
from tests.helpers.factories import checkpoint_path, damage, random_checkpoint, ref, save_model
from tests.helpers.small_models import create
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)

Compare = Callable[..., bool]
HOSTILE = "[bold]\x1b[31mmine\x1b]0;title\x07[/]"


@pytest.fixture(autouse=True)
def _model() -> None:
    """A model whose training text is available."""
    sha256 = read_run_config(create("weaver")).sha256
    card = CorpusInfo("sea", sha256, len(TEXT), TEXT[:20])
    training = TrainConfig(batch_size=4, window=16)
    save_model("weaver", random_checkpoint(TEXT, corpus=card, training=training))
    save(Preferences(model="weaver", temperature=0.7, top_k=3))


def tour_screen(pilot: Pilot[None]) -> TourScreen:
    return next(each for each in pilot.app.screen_stack if isinstance(each, TourScreen))


@asynccontextmanager
async def opened() -> AsyncIterator[tuple[CharloomApp, Pilot[None]]]:
    app = app_at("tour")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "Load text" in screen_text(app))
        yield app, pilot


async def at(pilot: Pilot[None], number: int) -> None:
    """Go to a stage and wait for all of it."""
    app = pilot.app
    assert isinstance(app, CharloomApp)
    while tour_screen(pilot).query_one(StageBar).number < number:
        await pilot.press("right")
    await until(pilot, lambda: f" {number} · " in screen_text(app))
    await until(pilot, lambda: "Setting up the network" not in flat_text(app))


async def test_keys_and_clicks_go_through_the_stages_choose_and_answer() -> None:
    async with opened() as (app, pilot):
        assert "weaver@100 · sea" in screen_text(app) and "which was trained on it" in flat_text(
            app
        )
        line = "1 text 2 chars 3 vocab 4 ids 5 windows 6 batch 7 model 8 loss 9 step 10 sample"
        await until(pilot, lambda: line in screen_text(app))
        await pilot.press("]", "pagedown", "right", "[", "left", "pageup")
        await until(pilot, lambda: "1 · Load text" in screen_text(app))
        await pilot.press("space", "end", "space")
        await until(pilot, lambda: "2 · Characters" in screen_text(app))

        await pilot.press("end", "1")  # the second is right
        await until(pilot, lambda: "No, it is 2." in screen_text(app) and "✗ 1" in screen_text(app))
        await pilot.press("4", "2")
        await until(pilot, lambda: "Right. Each code point" in flat_text(app))
        await until(pilot, lambda: "✓ 2" in screen_text(app))

        for number, part in ((6, "4, 16]"), (7, "total"), (8, "← the right one"), (9, "gradient")):
            await at(pilot, number)
            await until(pilot, lambda: part in screen_text(app) + whole(pilot))  # noqa: B023
        await pilot.click(StageBar, offset=(3, 0))
        await until(pilot, lambda: "1 · Load text" in screen_text(app))

        write_notes("weaver", "My own.\n")
        for text, before in ((HOSTILE, ""), ("in other words", HOSTILE)):
            await pilot.press("a")
            await until(pilot, lambda: isinstance(app.screen, NoteEditor))
            assert app.screen.query_one(SafeTextArea).text == before
            app.screen.query_one(SafeTextArea).text = text
            await pilot.press("ctrl+s")
            await until(pilot, lambda: lab_notes.find_answer(read_notes("weaver"), 1) == text)  # noqa: B023
            await until(pilot, lambda: app.screen is tour_screen(pilot))
        await pilot.press("end")
        await until(pilot, lambda: "in other words" in screen_text(app))
        assert read_notes("weaver").startswith("My own.\n\n## Tour 1 · Load text\n")
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        app.screen.query_one(SafeTextArea).text = "all new"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: read_notes("weaver") == "all new")
        await until(pilot, lambda: "Press a to answer" in screen_text(app))
        assert notifications(app) == []


@pytest.mark.parametrize("size", [SMALL, (60, 16)], ids=str)
async def test_a_result_is_scrolled_into_view(size: tuple[int, int]) -> None:
    app = app_at("tour")
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "Load text" in screen_text(app))
        await at(pilot, 5)
        assert "Check yourself" not in screen_text(app)
        await pilot.press("1")
        question = tour_screen(pilot)._tour.question(5)  # type: ignore[union-attr]
        assert question
        end = question.explanation.split()[-1]
        await until(pilot, lambda: end in flat_text(app) and "1 " in screen_text(app))
        assert "No, it is" in flat_text(app) or "Right." in flat_text(app)
        await pilot.press("home", "a")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        app.screen.query_one(SafeTextArea).text = "word " * 30 + "end"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: app.screen is tour_screen(pilot))
        await until(pilot, lambda: "word word end" in flat_text(app))


async def test_a_layout_of_the_screen_before_that_of_the_result_does_not_lose_it() -> None:
    async with opened() as (app, pilot):
        await at(pilot, 5)
        screen = tour_screen(pilot)
        await pilot.press("home")
        screen.action_choose(0)
        screen._refresh_layout()  # as by its timer, before the parts have asked for theirs
        await until(pilot, lambda: "No, it is" in flat_text(app) or "Right." in flat_text(app))


def whole(pilot: Pilot[None]) -> str:
    """Return all lines of the stage, visible or not."""
    number = tour_screen(pilot).query_one(StageBar).number
    tour = tour_screen(pilot)._tour
    return "\n".join(tour.lines(number)) if tour else ""


async def test_another_model_and_another_text_can_be_chosen() -> None:
    async with opened() as (app, pilot):
        await pilot.press("m")
        await until(pilot, lambda: isinstance(app.screen, ModelPicker))
        await until(pilot, lambda: "frankenstein@best" in screen_text(app))
        await pilot.press(*"frank", "enter")
        await until(
            pilot, lambda: "frankenstein@" in screen_text(app) and "1 · Load" in screen_text(app)
        )
        await until(pilot, lambda: "This tour is about a bundled tale instead" in flat_text(app))
        await pilot.press("w")
        await until(pilot, lambda: "Text of the tour" in screen_text(app))
        await pilot.press("left")
        await until(pilot, lambda: isinstance(app.focused, SafeTextArea))
        app.screen.query_one(SafeTextArea).text = "織り機が動く" * 9
        await pilot.press("tab", "enter")
        await until(pilot, lambda: "'frankenstein' knows only 0 of the" in flat_text(app))
        await until(
            pilot, lambda: "Press m for another model, w for another text." in flat_text(app)
        )
        await pilot.press("right", "1", "a", "e", "w")
        await until(pilot, lambda: "Text of the tour" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "The Loom at Carrow" in screen_text(app))
        await until(pilot, lambda: "1 · Load text" in screen_text(app))


async def test_a_remembered_model_that_is_gone_is_replaced_by_the_bundled_one() -> None:
    save(Preferences(model="nobody@7"))
    app = app_at("tour")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "tour  frankenstein@" in screen_text(app))
        assert notifications(app) == [
            "There is no model called 'nobody'. The model 'frankenstein' is used instead."
        ]
        await pilot.press("w")
        await until(pilot, lambda: "Text of the tour" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "The Loom at Carrow" in screen_text(app))
        await until(pilot, lambda: "tour  frankenstein@" in screen_text(app))


async def test_errors_are_shown_instead_of_a_stage() -> None:
    save(Preferences(model="weaver"))
    app = app_at("tour")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "Load text" in screen_text(app))
        tour_screen(pilot).open(ref("nobody"), None)
        await until(pilot, lambda: "There is no model called 'nobody'" in flat_text(app))
        tour_screen(pilot).open(ref("weaver"), None)
        await until(pilot, lambda: "Load text" in screen_text(app))
        damage(checkpoint_path("weaver"))
        await at(pilot, 6)
        await until(pilot, lambda: "Its weights are damaged" in flat_text(app))
        await at(pilot, 10)
        await until(pilot, lambda: "temperature 0.8" in screen_text(app))


@pytest.mark.parametrize(
    ("size", "number"),
    [(SMALL, 2), (LARGE, 5), (SMALL, 10)],
    ids=["characters", "windows", "sampling"],
)
def test_look(snap_compare: Compare, size: tuple[int, int], number: int) -> None:
    async def go(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, CharloomApp)
        await until(pilot, lambda: "Load text" in screen_text(app))
        await at(pilot, number)
        await pilot.press("1")
        await pilot.pause()

    assert snap_compare(app_at("tour"), terminal_size=size, run_before=go)


async def test_real_or_model_shows_pairs_counts_guesses_and_goes_back() -> None:
    corpus = CorpusInfo("sea", read_run_config(create("half")).sha256, len(TEXT), TEXT[:20])
    training = TrainConfig(batch_size=4, window=16, held_out=0.5)
    save_model("half", random_checkpoint(TEXT, corpus=corpus, training=training))
    save(Preferences(model="half", temperature=0.7, seed=2))
    async with opened() as (app, pilot):
        await pilot.press("q")
        await until(pilot, lambda: "Round 1 of 5" in screen_text(app))
        assert "half@100 · temperature 0.7" in screen_text(app)
        for number in range(1, 6):
            await until(pilot, lambda: f"Round {number} of 5" in screen_text(app))  # noqa: B023
            await until(pilot, lambda: "The sea was grey" in flat_text(app))
            await until(pilot, lambda: "from the text" not in flat_text(app))  # of the round before
            text = flat_text(app)
            choice = "1" if re.search(r"(^| )1 The sea was grey", text) else "2"
            assert "from the text" not in text and "the model's" not in text
            await pilot.press(choice)
            await until(pilot, lambda: f"Right: {choice} is from the text" in flat_text(app))  # noqa: B023
            assert f"0 of {number} in all" in flat_text(app)
            await pilot.press("1", "2", "enter")  # one guess a round, and no round after the last
        assert "That was the last round." in flat_text(app)
        line = "- temperature 0.7: it fooled you 0 of 5\n"
        assert read_notes("half") == f"## Real or model?\n\n{line}"
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is tour_screen(pilot))


async def test_real_or_model_says_why_there_is_no_held_out_text() -> None:
    async with opened() as (app, pilot):
        await pilot.press("q")
        await until(pilot, lambda: "characters of the text are held out, too few" in flat_text(app))
        await pilot.press("1", "enter", "escape")
        await until(pilot, lambda: app.screen is tour_screen(pilot))
