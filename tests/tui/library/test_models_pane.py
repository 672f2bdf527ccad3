"""Every action on a model, from key to result."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from filelock import FileLock
from textual.pilot import Pilot
from textual.widgets import Static

from charloom.core import paths
from charloom.core.model import checkpoint
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import (
    bundled_names,
    find_checkpoint,
    find_model,
    model_names,
)
from charloom.core.store.write import pin_checkpoint, read_notes, write_notes
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from tests.helpers.factories import (
    at_step,
    checkpoint_path,
    damage,
    own_assets,
    random_checkpoint,
    ref,
    save_model,
    tree,
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
from tests.tui.library.helpers import HOSTILE, models, put


@asynccontextmanager
async def opened(
    at: str | None = None, size: tuple[int, int] = SMALL
) -> AsyncIterator[tuple[CharloomApp, Pilot[None]]]:
    """Open the models, with the cursor on the model ``at``."""
    app = app_at("library")
    async with app.run_test(size=size, notifications=True) as pilot:
        await pilot.press("m")
        await until(pilot, lambda: models(pilot).model)
        if at:
            names = list(models(pilot).table._filled)
            models(pilot).table.move_cursor(row=names.index(at))
            await until(pilot, lambda: f" {at}: E" in screen_text(app))
        yield app, pilot


def creature() -> None:
    """Save a model with four checkpoints, of which the third is the best."""
    for step, loss in ((1_000, 2.0), (2_000, 1.9), (3_000, 1.5), (4_000, 1.6)):
        save_model("creature", at_step(step, loss))


def screen_of(pilot: Pilot[None]) -> LibraryScreen:
    return next(s for s in pilot.app.screen_stack if isinstance(s, LibraryScreen))


async def back(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, LibraryScreen))


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


async def test_a_model_gets_another_name_but_none_that_is_bad_or_taken() -> None:
    creature()
    save_model("other", random_checkpoint())
    async with opened("creature") as (app, pilot):
        await pilot.press("E")
        await until(pilot, lambda: "New name of 'creature':" in screen_text(app))
        put(pilot, "../escape")
        await pilot.press("enter")
        await until(pilot, lambda: "has a character other than letters" in flat_text(app))
        put(pilot, "other")
        await pilot.press("enter")
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == ["The name 'other' is taken; choose another than 'other'."]
        await until(
            pilot, lambda: app.screen.query_one(SafeInput).value == "other"
        )  # to be corrected
        put(pilot, "the sea")
        await pilot.press("enter")
        await until(pilot, lambda: models(pilot).table.key == "the sea")
        assert model_names() == (*bundled_names(), "other", "the sea")
        await until(pilot, lambda: "the sea: E 2, H 2" in screen_text(app))


async def test_checkpoints_are_pinned_and_pruned() -> None:
    creature()
    async with opened("creature") as (app, pilot):
        await pilot.press("tab", "home", "P")
        await until(pilot, lambda: "pinned" in screen_text(app) and "P unpin" in screen_text(app))
        assert find_checkpoint(ref("creature@1000"))[1].pinned
        await pilot.press("P")
        await until(pilot, lambda: "P pin" in screen_text(app))
        await pilot.press("P")
        await until(pilot, lambda: "P unpin" in screen_text(app))
        await pilot.press("D")
        await until(
            pilot, lambda: "The best, the newest and the pinned ones are kept; u" in flat_text(app)
        )
        await pilot.press("d")
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == [
            "Deleted 1 checkpoint, 0.0 MB; u restores them until you quit."
        ]
        await until(pilot, lambda: "2,000" not in screen_text(app))
        assert [each.step for each in find_model("creature").checkpoints] == [1_000, 3_000, 4_000]


async def test_a_checkpoint_is_exported_in_full_or_half_precision_and_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    creature()
    async with opened("creature") as (app, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        assert app.screen.query_one(SafeInput).value == "creature-3000.safetensors"
        await pilot.press("enter")
        await until(pilot, lambda: notifications(app) == ["Saved to 'creature-3000.safetensors'."])
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        put(pilot, "half.safetensors")
        await pilot.press("tab", "right", "enter")
        await until(pilot, lambda: len(notifications(app)) == 2)
        whole, half = Path("creature-3000.safetensors"), Path("half.safetensors")
        assert whole.read_bytes() == checkpoint_path("creature@3000").read_bytes()
        assert checkpoint.load(half).checkpoint.tensors["head.bias"].dtype == "float16"

        await pilot.press("a")
        await until(pilot, lambda: "Checkpoint file:" in screen_text(app))
        put(pilot, "nothing")
        await pilot.press("enter")
        await until(
            pilot, lambda: "'nothing' cannot be used: It cannot be read" in notifications(app)[-1]
        )
        await until(pilot, lambda: "Checkpoint file:" in screen_text(app))
        put(pilot, str(tmp_path / "half.safetensors"))
        await pilot.press("enter")
        await until(pilot, lambda: "Name of the model:" in screen_text(app))
        assert app.screen.query_one(SafeInput).value == "half"
        await pilot.press("enter")
        await until(pilot, lambda: models(pilot).table.key == "half")
        assert checkpoint_path("half").read_bytes() == half.read_bytes()


async def test_a_damaged_checkpoint_is_not_exported(tmp_path: Path) -> None:
    save_model("creature", random_checkpoint())
    damage(checkpoint_path("creature"))
    async with opened("creature") as (app, pilot):
        await pilot.press("x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        put(pilot, str(tmp_path / "a.safetensors"))
        await pilot.press("enter")
        await until(pilot, lambda: "Its weights are damaged" in flat_text(app))
        assert not (tmp_path / "a.safetensors").exists()


async def test_a_model_is_deleted_only_after_confirmation() -> None:
    creature()
    async with opened("creature") as (app, pilot):
        await pilot.press("d")
        await until(pilot, lambda: "4 checkpoints, 0.0 MB. u restores" in flat_text(app))
        await pilot.press("escape")
        await back(pilot)
        assert "creature" in model_names()
        await pilot.press("d", "d")
        await until(pilot, lambda: list(models(pilot).table._filled) == [*bundled_names()])
        assert "creature" not in model_names()
        await until(pilot, lambda: " (bundled)" in screen_text(app))
        assert notifications(app) == ["Deleted 'creature'; u restores it until you quit."]


async def test_notes_about_a_model_are_kept() -> None:
    creature()
    write_notes("creature", "first")
    async with opened("creature") as (app, pilot):
        await until(pilot, lambda: "first" in screen_text(app))
        await pilot.press("e")
        await until(pilot, lambda: isinstance(app.screen, NoteEditor))
        app.screen.query_one(SafeTextArea).text = HOSTILE
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "[bold]␛[31mred␛]0;title␇" in screen_text(app))
        assert read_notes("creature") == HOSTILE
        await pilot.press("up", "e", *"mine", "ctrl+s")  # the bundled model
        await until(pilot, lambda: read_notes("english") == "mine")


def hints(pilot: Pilot[None]) -> str:
    return str(models(pilot).query_one(ActionBar).render())


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


async def test_a_deleted_model_can_be_restored_until_the_app_ends() -> None:
    creature()
    save_model("other", random_checkpoint())
    before = tree(ModelDir.named("creature").path)
    async with opened("creature") as (app, pilot):
        assert "u undo" not in hints(pilot)
        await pilot.press("d")
        await until(pilot, lambda: "Delete 'creature'?" in screen_text(app))
        await until(
            pilot, lambda: "4 checkpoints, 0.0 MB. u restores it until you quit." in flat_text(app)
        )
        await pilot.press("d")
        await until(pilot, lambda: notifications(app))
        assert notifications(app) == ["Deleted 'creature'; u restores it until you quit."]
        await until(pilot, lambda: models(pilot).table.key == "other" and "u undo" in hints(pilot))
        assert model_names() == (*bundled_names(), "other")
        app.clear_notifications()
        await pilot.press("u")
        await until(pilot, lambda: models(pilot).table.key == "creature")
        assert notifications(app) == ["Restored 'creature'."]
        assert tree(ModelDir.named("creature").path) == before
        await until(pilot, lambda: "u undo" not in hints(pilot))

        await pilot.press("d")
        await until(pilot, lambda: "Delete 'creature'?" in screen_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "creature" not in model_names())
        save_model("Creature", random_checkpoint(step=7))
        app.clear_notifications()
        await back(pilot)
        await until(pilot, lambda: "u undo" in hints(pilot))
        await pilot.press("u")
        await until(pilot, lambda: models(pilot).table.key == "creature-2")
        assert notifications(app) == ["Restored 'creature' as 'creature-2': the name was taken."]
        assert tree(ModelDir.named("creature-2").path) == before

        await pilot.press("d")
        await until(pilot, lambda: "Delete 'creature-2'?" in screen_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "creature-2" not in model_names())
    assert {path.name for path in paths.models_dir().iterdir()} == {"Creature", "other"}


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
