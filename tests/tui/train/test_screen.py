"""The Train screen's keys, with real trainers."""

import json
import sys
from subprocess import Popen
from typing import Any

from charloom.core.runs import events
from charloom.core.runs.events import Continued, Paused, Progress
from charloom.core.runs.monitor import RunStatus, is_training
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint
from charloom.tui.dialogs.basic import ChoiceDialog
from charloom.tui.train.run_list import RunList
from charloom.tui.train.screen import TrainScreen
from tests.helpers.factories import ref
from tests.helpers.small_models import endless
from tests.tui.helpers.driving import SMALL, app_at, flat_text, notifications, screen_text, until
from tests.tui.helpers.run_folders import at_work, course, write_run


def in_log(folder: ModelDir, **fields: Any) -> bool:
    """Return whether an event with these fields is in the run's log."""
    log = folder.metrics
    lines = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    return any(fields.items() <= event.items() for event in lines)


async def test_a_trainer_does_what_the_keys_say(trainers: list["Popen[bytes]"]) -> None:
    folder, app = endless("sea"), app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        run = app.services.runs.start(folder)
        await until(pilot, lambda: "starting" in screen_text(app))
        await until(pilot, lambda: run.checkpoint and "training" in screen_text(app))
        await pilot.press("z")
        await until(pilot, lambda: "pausing …" in screen_text(app))
        await until(pilot, lambda: "‖ sea  paused" in screen_text(app))
        assert "z continue" in screen_text(app) and "K save" not in screen_text(app)
        await pilot.press("z")
        await until(pilot, lambda: "● sea  training" in screen_text(app))

        before = run.checkpoint
        await pilot.press("K")
        await until(
            pilot, lambda: run.checkpoint is not before and "saving" not in screen_text(app)
        )

        await pilot.press("L")
        await until(pilot, lambda: "Learning rate of sea" in screen_text(app))
        await pilot.press(*"much", "enter")
        await until(pilot, lambda: "'much' is not a number" in screen_text(app))
        await pilot.press("home", "shift+end", *"7", "enter")
        await until(
            pilot, lambda: "‘rate’ is a number from 1e-07 to 1.0, not 7.0" in flat_text(app)
        )
        await pilot.press("home", "shift+end", *"0.00125", "enter")
        await until(pilot, lambda: in_log(folder, event="rate", lr=0.00125))

        await until(pilot, lambda: isinstance(app.screen, TrainScreen))
        await pilot.press("Z")
        await until(pilot, lambda: "stopping …" in screen_text(app))
        await until(pilot, lambda: "■ sea  stopped" in screen_text(app))
        assert "o resume" in screen_text(app) and "Z stop" not in screen_text(app)
        assert load_checkpoint(ref("sea@last")).checkpoint.step == run.finished.step  # type: ignore[union-attr]
        assert notifications(app) == []


async def test_a_killed_run_says_why_and_is_resumed_and_stopped_on_leaving(
    trainers: list["Popen[bytes]"],
) -> None:
    folder, app = endless("sea"), app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        run = app.services.runs.start(folder)
        await until(pilot, lambda: run.checkpoint)
        trainers[0].kill()
        await until(pilot, lambda: "! sea  interrupted" in screen_text(app))
        assert sys.platform == "win32" or "was killed (signal 9); the system may" in flat_text(app)
        saved = load_checkpoint(ref("sea@last")).checkpoint.step
        await pilot.press("o")
        await until(pilot, lambda: "● sea  training" in screen_text(app))
        again = app.services.runs.get("sea")
        await until(pilot, lambda: again and again.progress and again.progress.step > saved)

        await pilot.press("ctrl+q")
        await until(pilot, lambda: "sea is being trained." in screen_text(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, TrainScreen))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "sea is being trained." in screen_text(app))
        await pilot.press("s")
        await until(pilot, lambda: not app.is_running)
    assert trainers[1].wait() == 0
    assert in_log(folder, event="finished", reason="stopped")
    assert load_checkpoint(ref("sea@last")).checkpoint.step > saved


async def test_two_runs_go_on_without_the_app_and_are_found_by_the_next(
    trainers: list["Popen[bytes]"],
) -> None:
    first, second = endless("first"), endless("second")
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        app.services.runs.start(first)
        app.services.runs.start(second)
        await until(pilot, lambda: all(run.progress for run in app.services.runs.live))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "first are being trained" in flat_text(app))
        await pilot.press("g")
        await until(pilot, lambda: not app.is_running)
    assert is_training(first) and is_training(second)

    later = app_at("train")
    async with later.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: len(later.services.runs.live) == 2)
        await until(
            pilot, lambda: "● second" in screen_text(later) and "● first" in screen_text(later)
        )
        watched = later.services.runs.get("second")
        assert watched and watched.progress
        before = watched.progress.step
        await until(pilot, lambda: watched.progress and watched.progress.step > before)
        screen = later.screen
        assert isinstance(screen, TrainScreen)
        await until(pilot, lambda: screen.run)
        chosen = screen.run
        await pilot.press("down" if chosen is later.services.runs.all()[0] else "up")
        await until(pilot, lambda: screen.run is not chosen)
        other = screen.run
        assert other
        await until(pilot, lambda: f"{other.name}  training" in screen_text(later))
        await pilot.press("Z")
        await until(pilot, lambda: other.status is RunStatus.STOPPED)
        assert chosen and chosen.status is RunStatus.TRAINING


async def test_a_run_that_waits_for_disk_space_is_reported_on_every_screen() -> None:
    run = write_run("sea", *course(steps=500))
    why = (
        "Cannot save (No space left on device). Training resumes automatically once this is fixed."
    )
    with at_work(run):
        events.record(run, Progress(600, 0.1, 1.5, 2.2, 0.004, 50_000.0, 60.0, 90.0, 0.1))
        app = app_at("prompt")
        async with app.run_test(size=SMALL, notifications=True) as pilot:
            await until(pilot, lambda: "● sea" in screen_text(app))
            events.record(run, Paused(600, why))
            await until(pilot, lambda: notifications(app) == [f"sea is paused. {why}"])
            await pilot.press("f3")
            await until(pilot, lambda: "‖ sea  paused" in screen_text(app))
            await until(pilot, lambda: "Cannot save (No space left" in screen_text(app))
            events.record(run, Continued(600))
            await until(pilot, lambda: "● sea  training" in screen_text(app))
            run_now = app.services.runs.get("sea")
            assert run_now is not None and run_now.reason == ""


async def test_after_a_delete_the_neighbour_is_selected() -> None:
    for name in ("sea", "moor", "tide", "wind"):
        write_run(name, *course())
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = app.screen
        assert isinstance(screen, TrainScreen)
        run_list = screen.query_one(RunList)
        await until(pilot, lambda: run_list.option_count == 4)
        names = [option.id for option in run_list.options]
        await pilot.press("down")
        for deleted, selected in ((1, 2), (2, 3), (3, 0)):
            await pilot.press("d")
            await until(pilot, lambda: isinstance(app.screen, ChoiceDialog))
            await pilot.press("d")
            neighbour = names[selected]
            await until(pilot, lambda: screen.run and screen.run.name == neighbour)  # noqa: B023
            assert run_list.highlighted == [o.id for o in run_list.options].index(neighbour)
            assert names[deleted] not in [option.id for option in run_list.options]
