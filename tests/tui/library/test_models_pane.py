"""Every action on a model, from key to result."""

from pathlib import Path

import pytest
from filelock import FileLock
from textual.pilot import Pilot
from textual.widgets import Static

from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import (
    bundled_names,
    model_names,
)
from charloom.core.store.write import pin_checkpoint, write_notes
from charloom.tui.library.screen import LibraryScreen
from tests.helpers.factories import (
    checkpoint_path,
    own_assets,
    random_checkpoint,
    ref,
    save_model,
)
from tests.helpers.run_cli import child
from tests.helpers.small_models import endless
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.helpers.run_folders import at_work, course, write_run
from tests.tui.library.helpers import models, put
from tests.tui.library.model_helpers import creature, hints, opened


def screen_of(pilot: Pilot[None]) -> LibraryScreen:
    return next(s for s in pilot.app.screen_stack if isinstance(s, LibraryScreen))


async def test_a_model_is_listed_with_its_figures_and_its_checkpoints() -> None:
    creature()
    pin_checkpoint(ref("creature@1000"))
    checkpoint_path("creature@2000").write_bytes(b"no checkpoint")
    write_notes("creature", "[b]mine[/b]\x1b[2J")
    async with opened("creature", LARGE) as (app, pilot):
        await until(pilot, lambda: "[b]mine[/b]␛[2J" in screen_text(app))
        lines = [line.removeprefix("▌") for line in screen_text(app).splitlines()]
        row = next(line for line in lines if line.startswith("   creature"))
        assert " ".join(row.split()) == "creature 2 58 3,000 1.5000 2.1640 4 0.0 alphabet"
        below = [line[:78] for line in lines[lines.index(row) + 1 :]]
        saved = [line.split() for line in below if "0.0" in line]
        assert saved == [
            ["1,000", "2.0000", "0.0", "pinned"],
            ["2,000", "0.0", "damaged"],
            ["3,000", "1.5000", "0.0", "best"],
            ["4,000", "1.6000", "0.0"],
        ]
        view = models(pilot).view
        assert view.checkpoint and view.checkpoint.step == 3_000  # the cursor begins at the best
        await pilot.press("tab", "up")
        fault = app.screen.query_one("#error", Static)
        await until(pilot, lambda: "It is not a safetensors file" in str(fault.render()))
        await pilot.press("enter")
        await until(
            pilot, lambda: "cannot be used: It is not a safetensors file" in notifications(app)[0]
        )


async def test_a_checkpoint_is_used_in_prompt() -> None:
    creature()
    async with opened("creature") as (app, pilot):
        await pilot.press("f2")  # which reads the model that was used last, once
        await until(pilot, lambda: "frankenstein@best ·" in screen_text(app))
        await pilot.press("f4", "enter")
        await until(pilot, lambda: app.current_mode == "prompt" and "creature" in screen_text(app))
        await pilot.press("f4", "tab", "down", "enter")
        await until(
            pilot, lambda: app.current_mode == "prompt" and "creature@4000" in screen_text(app)
        )
        assert notifications(app) == []


async def test_the_bundled_model_and_live_runs_are_protected() -> None:
    save_model("creature", random_checkpoint())
    folder = write_run("sea", *course(300))
    save_model("sea", random_checkpoint())
    async with opened(None, LARGE) as (app, pilot):
        await until(pilot, lambda: app.services.runs.get("sea"))
        for name in bundled_names():
            await until(pilot, lambda name=name: models(pilot).table.key == name)  # type: ignore[misc]
            for label in ("delete", "rename", "pin", "prune"):
                assert f" {label}" not in hints(pilot)
            await pilot.press("d", "E", "P", "D")
            assert app.screen is screen_of(pilot) and notifications(app) == []
            await pilot.press("down")
        with at_work(folder):
            await until(pilot, lambda: app.services.runs.live)
            await pilot.press("down")
            await until(pilot, lambda: "sea (starting, " in screen_text(app))
            await until(pilot, lambda: "delete" not in hints(pilot))
            assert "rename" not in hints(pilot) and "P pin" in hints(pilot)
            await pilot.press("d", "E")
            assert app.screen is screen_of(pilot) and notifications(app) == []
        await until(pilot, lambda: "d delete" in hints(pilot) and "E rename" in hints(pilot))
        app.clear_notifications()  # that the run was interrupted
        with FileLock(ModelDir.named("creature").lock):  # by a process that is no trainer's
            await pilot.press("up", "d", "d")
            await until(pilot, lambda: notifications(app))
            assert notifications(app) == ["'creature' is being trained."]
            app.clear_notifications()
            await pilot.press("E")
            await until(pilot, lambda: "New name of" in screen_text(app))
            put(pilot, "other")
            await pilot.press("enter")
            await until(pilot, lambda: notifications(app))
            assert notifications(app) == ["'creature' is being trained."]
            await pilot.press("escape")
        assert model_names() == (*bundled_names(), "creature", "sea")


async def test_a_live_run_is_shown_with_its_model() -> None:
    folder = endless("creature")
    async with opened() as (app, pilot):
        app.services.runs.start(folder)
        await until(pilot, lambda: "● creature" in screen_text(app))
        await pilot.press(*["down"] * len(bundled_names()))
        await until(pilot, lambda: "creature (training, " in screen_text(app))
        await until(
            pilot, lambda: "creature (training, 0%): E" in screen_text(app)
        )  # has a checkpoint


async def test_changes_by_other_processes_are_shown() -> None:
    async with opened() as (app, pilot):
        save_model("creature", random_checkpoint())
        await until(pilot, lambda: "creature" in screen_text(app))
        assert child("models", "rename", "creature", "the sea").code == 0
        await until(
            pilot, lambda: "the sea" in screen_text(app) and "creature" not in screen_text(app)
        )
        assert models(pilot).table.key == "frankenstein"


async def test_without_a_model_it_says_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_assets(tmp_path, monkeypatch)
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: "Train one in Train (F3), or press a" in flat_text(app))
        await pilot.press(*"EPexDd", "enter", "tab", "enter")
        assert isinstance(app.screen, LibraryScreen) and notifications(app) == []
        assert "a add a file" in screen_text(app) and "E rename" not in screen_text(app)
