"""Actions on the models: rename, pin, export, import, delete, notes."""

from pathlib import Path

import pytest
from textual.pilot import Pilot

from charloom.core import paths
from charloom.core.model import checkpoint
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import (
    bundled_names,
    find_checkpoint,
    find_model,
    model_names,
)
from charloom.core.store.write import read_notes, write_notes
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from tests.helpers.factories import (
    checkpoint_path,
    damage,
    random_checkpoint,
    ref,
    save_model,
    tree,
)
from tests.tui.helpers.driving import (
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.library.helpers import HOSTILE, models, put
from tests.tui.library.model_helpers import creature, hints, opened


async def back(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, LibraryScreen))


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
