"""The Train screen with long logs, which are read in slices."""

from contextlib import ExitStack

import pytest

from charloom.core.runs import events
from charloom.core.runs.events import RunWarning
from charloom.core.store.model_dir import ModelDir
from charloom.tui.prompt.screen import PromptScreen
from charloom.tui.services import run_manager
from tests.helpers.long_logs import long_log
from tests.tui.helpers.driving import LARGE, app_at, notifications, screen_text, until
from tests.tui.helpers.run_folders import at_work, end, write_run


@pytest.fixture(autouse=True)
def poll_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Disable polling after the first time."""
    monkeypatch.setattr(run_manager, "_POLL_SECONDS", 3_600)
    monkeypatch.setattr(run_manager, "_RESCAN_SECONDS", 3_600)


@pytest.fixture(scope="module")
def log() -> bytes:
    return long_log(20_000)


def write_long(name: str, log: bytes) -> ModelDir:
    folder = write_run(name)
    folder.metrics.write_bytes(log)
    events.record(folder, RunWarning("That is all."))
    return folder


async def test_the_whole_curve_is_there_without_another_look(log: bytes) -> None:
    write_long("sea", log)
    app = app_at("train")
    async with app.run_test(size=LARGE) as pilot:
        await until(pilot, lambda: "! sea  interrupted" in screen_text(app))
        run = app.services.runs.get("sea")
        await until(pilot, lambda: run and not run.has_more)
        assert run and run.progress and run.train.last
        assert run.train.last[0] == run.progress.step
        await until(pilot, lambda: "That is all." in screen_text(app))


async def test_the_log_of_the_visible_run_is_read_first(
    log: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["sea", "ice", "loom"]
    app = app_at("prompt")
    monkeypatch.setattr(PromptScreen, "viewed_run", "ice")
    whole: list[str] = []

    def note(_: None) -> None:
        whole.extend(
            run.name for run in app.services.runs.all() if not (run.has_more or run.name in whole)
        )

    async with app.run_test(size=LARGE) as pilot:
        app.services.runs.changed.subscribe(app.screen, note, immediate=True)
        for name in names:
            write_long(name, log)
        app.services.runs.rescan()
        await until(pilot, lambda: len(whole) == 3)
    assert whole[0] == "ice" and sorted(whole) == sorted(names)


async def test_a_run_that_ends_while_its_log_is_read_is_notified(log: bytes) -> None:
    app, lock = app_at("prompt"), ExitStack()

    def finish(_: None) -> None:
        if app.services.runs.live:  # it was looked at for the first time
            events.record(folder, end("stopped"))
            lock.close()

    async with app.run_test(size=LARGE, notifications=True) as pilot:
        app.services.runs.changed.subscribe(app.screen, finish, immediate=True)
        folder = write_long("sea", log)
        lock.enter_context(at_work(folder))
        app.services.runs.rescan()
        await until(pilot, lambda: "sea is stopped and saved at step 4,200." in notifications(app))
