"""Quitting the app with and without live runs."""

from contextlib import ExitStack

from charloom.core.runs import events
from charloom.core.runs.commands import Command, CommandReader
from charloom.tui.dialogs.quit import QuitDialog, StopRunsDialog
from charloom.tui.train.screen import TrainScreen
from tests.tui.helpers.driving import SMALL, app_at, flat_text, notifications, screen_text, until
from tests.tui.helpers.run_folders import at_work, course, end, write_run


async def test_without_a_live_run_it_quits_at_once() -> None:
    write_run("sea", *course(), end())
    app = app_at("train")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: "✓ sea  completed" in screen_text(app))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)


async def test_the_user_is_asked_once_and_may_stay() -> None:
    with at_work(write_run("sea", *course())), at_work(write_run("letter", *course())):
        app = app_at("train")
        async with app.run_test(size=SMALL) as pilot:
            await until(pilot, lambda: len(app.services.runs.live) == 2)
            await pilot.press("ctrl+q")
            await until(pilot, lambda: isinstance(app.screen, QuitDialog))
            await until(pilot, lambda: "letter and sea are being trained." in flat_text(app))
            await until(pilot, lambda: "Training continues without the app" in flat_text(app))
            await pilot.press("ctrl+q", "escape")
            await until(pilot, lambda: isinstance(app.screen, TrainScreen))
            assert app.is_running


async def test_all_trainers_are_stopped_and_it_quits_when_they_have_saved() -> None:
    with ExitStack() as working:
        folders = [write_run(name, *course()) for name in ("sea", "letter")]
        for folder in folders:
            working.enter_context(at_work(folder))
        inboxes = [CommandReader(folder, 0) for folder in folders]
        app = app_at("train")
        async with app.run_test(size=SMALL, notifications=True) as pilot:
            await until(pilot, lambda: len(app.services.runs.live) == 2)
            await pilot.press("ctrl+q")
            await until(pilot, lambda: isinstance(app.screen, QuitDialog))
            await pilot.press("s")
            await until(pilot, lambda: "Stopping and saving letter and sea …" in flat_text(app))
            assert [inbox.next() for inbox in inboxes] == [Command("stop")] * 2
            for folder in folders:
                assert app.is_running
                events.record(folder, end("stopped"))
            working.close()
            await until(pilot, lambda: not app.is_running)


async def test_the_waiting_can_be_cancelled() -> None:
    with at_work(write_run("sea", *course())):
        app = app_at("train")
        async with app.run_test(size=SMALL, notifications=True) as pilot:
            await until(pilot, lambda: "● sea  training" in screen_text(app))
            await pilot.press("ctrl+q")
            await until(pilot, lambda: isinstance(app.screen, QuitDialog))
            await pilot.press("s")
            await until(pilot, lambda: isinstance(app.screen, StopRunsDialog))
            await pilot.press("escape")
            await until(pilot, lambda: isinstance(app.screen, TrainScreen))
            assert app.is_running and notifications(app) == []
