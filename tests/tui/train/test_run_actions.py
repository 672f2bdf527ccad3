"""Actions on a run: what is offered, delete and restore, prompt, train further."""

from contextlib import ExitStack
from subprocess import Popen

import pytest

from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.events import (
    Event,
    Paused,
    Validated,
    bits,
)
from charloom.core.runs.run import read_run_config
from charloom.core.store.model_dir import ModelDir
from charloom.tui.app import CharloomApp
from charloom.tui.train.run_list import RunList
from charloom.tui.train.screen import TrainScreen
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model, tree
from tests.tui.helpers.driving import (
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.helpers.run_folders import at_work, course, end, write_run
from tests.tui.train.run_helpers import possible


@pytest.mark.parametrize(
    ("last", "at_it", "says", "can"),
    [
        ([], True, "● sea training", {"pause", "stop", "checkpoint", "rate"}),
        ([Paused(4_200)], True, "‖ sea paused", {"pause", "stop"}),
        ([], False, "! sea interrupted", {"resume", "delete"}),
        ([end("stopped")], False, "■ sea stopped", {"resume", "delete"}),
        ([end()], False, "✓ sea completed", {"resume", "delete"}),
        ([end("no longer improving")], False, "✓ sea no longer improving", {"resume", "delete"}),
        ([end("failed", "It broke.")], False, "✗ sea failed", {"resume", "delete"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_only_what_can_be_done_is_offered(
    last: list[Event], at_it: bool, says: str, can: set[str], working: ExitStack
) -> None:
    folder = write_run("sea", *course(), *last)
    if at_it:
        working.enter_context(at_work(folder))
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: says in flat_text(app))
        assert possible(app) == can | {"talk", "mark", "chart", "new", "inspect", "growth"}
        if last == [end("failed", "It broke.")]:
            await until(pilot, lambda: "It broke." in screen_text(app))


async def test_the_arrow_keys_choose_another_run(working: ExitStack) -> None:
    write_run("older", *course(), end())
    working.enter_context(at_work(write_run("newer", *course())))
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "● newer  training" in screen_text(app))
        await pilot.press("down")
        await until(pilot, lambda: "✓ older  completed" in screen_text(app))
        await until(
            pilot,
            lambda: (
                "on the held-out text 1.919 bits per character, as if choosing among 3.8 characters"
                in flat_text(app)
            ),
        )
        await pilot.press("up")
        await until(pilot, lambda: "● newer  training" in screen_text(app))
        await pilot.click(RunList, offset=(5, 1))
        await until(pilot, lambda: "✓ older  completed" in screen_text(app))
        assert app.current_mode == "train"


async def test_enter_goes_to_the_prompt_with_the_model(working: ExitStack) -> None:
    working.enter_context(at_work(write_run("sea", *course())))
    save_model("sea", random_checkpoint())
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "frankenstein@best" in screen_text(app))
        await pilot.press("f3")
        await until(pilot, lambda: "● sea  training" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "prompt  sea@" in screen_text(app))
        await pilot.press("f3")
        await until(pilot, lambda: "● sea  training" in screen_text(app))
        assert notifications(app) == []


async def test_a_run_is_deleted_after_confirmation_and_restored() -> None:
    folder = write_run("sea", *course(), end())
    before = tree(folder.path)
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "✓ sea  completed" in screen_text(app))
        for answer in ("c", "d"):
            await pilot.press("d")
            await until(pilot, lambda: "Delete sea with all its checkpoints?" in screen_text(app))
            assert folder.path.is_dir()
            await pilot.press(answer)
            await until(pilot, lambda: isinstance(app.screen, TrainScreen))
        await until(pilot, lambda: "Press a to choose a text" in screen_text(app))
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == ["Deleted 'sea'; u restores it until you quit."]
        assert not folder.path.exists() and possible(app) == {"new", "restore"}
        app.clear_notifications()
        await pilot.press("u")
        await until(pilot, lambda: "✓ sea  completed" in screen_text(app))
        assert tree(folder.path) == before and notifications(app) == ["Restored 'sea'."]
        assert "restore" not in possible(app)


async def test_a_run_resumed_elsewhere_in_the_meantime_is_not_deleted(working: ExitStack) -> None:
    folder = write_run("sea", *course(), end("stopped"))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "■ sea  stopped" in screen_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "Delete sea" in screen_text(app))
        working.enter_context(at_work(folder))
        await pilot.press("d")
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == ["'sea' is being trained."]
        assert ModelDir.named("sea").path.is_dir()


async def test_a_finished_run_is_not_resumed_and_its_score_on_few_characters_marked() -> None:
    few = Validated(100, 2.5, bits(2.5), 2.5, 100, counted_characters=26, seconds=0.1)
    folder = write_run("sea", *course(100), few, end())
    before = tree(folder.path)
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "sea completed" in flat_text(app))
        await until(pilot, lambda: f"~{bits(2.5):.2f}" in screen_text(app))
        await until(pilot, lambda: "A score (on 26 characters) says little" in flat_text(app))
        await pilot.press("o")
        with pytest.raises(CharloomError, match="'sea' is finished and stays as it is"):
            app.services.runs.resume("sea")
    assert tree(folder.path) == before


async def test_a_finished_run_is_trained_further_as_a_new_one(
    trainers: list["Popen[bytes]"],
) -> None:
    folder = write_run("sea", *course(300), end())
    text = CorpusInfo("The Grey Sea", read_run_config(folder).sha256, len(TEXT), "abc")
    save_model("sea", random_checkpoint(TEXT, corpus=text, step=300))
    before = tree(folder.path)
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: "o train further" in flat_text(app))
        await pilot.press("o")
        await until(pilot, lambda: "Minutes to train sea further" in screen_text(app))
        await pilot.press("end", "x", "enter")
        await until(pilot, lambda: "'3x' is not a number of minutes." in flat_text(app))
        await pilot.press("backspace", "enter")
        await until(pilot, lambda: "● sea-2  starting" in screen_text(app))
        assert len(trainers) == 1 and notifications(app) == []
    config = read_run_config(ModelDir.named("sea-2"))
    assert config.base and str(config.base) == "sea@300"
    assert (config.sha256, config.overrides) == (text.sha256, {"minutes": 3.0, "held_out": 0.1})
    assert tree(folder.path) == before
