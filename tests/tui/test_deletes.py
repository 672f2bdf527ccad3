"""Every delete of the app can be undone until the app ends."""

from textual.binding import Binding

from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import model_names
from charloom.tui.app import CharloomApp
from charloom.tui.library.models_pane import ModelsPane
from charloom.tui.modes import MODES, create_screen
from charloom.tui.prompt.turn_footer import TURN_BINDINGS
from tests.helpers.factories import at_step, save_model, tree
from tests.tui.helpers.driving import SMALL, flat_text, screen_text, until
from tests.tui.helpers.run_folders import course, end, write_run
from tests.tui.prompt.helpers import choose, kept, ready, turns, weaver, written

TESTED = {"turn.delete", "texts.delete", "models.delete", "models.prune", "train.delete"}


async def test_every_delete_of_the_app_is_in_this_file() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL):
        nodes = [
            node for mode in MODES for node in create_screen(mode, app.services).command_nodes()
        ]
        bindings = [binding for node in nodes for binding in node.BINDINGS]
        deletes = {
            binding.id
            for binding in [*bindings, *TURN_BINDINGS]
            if isinstance(binding, Binding) and binding.tooltip.startswith("Delete")
        }
    assert deletes == TESTED


async def test_texts_that_are_deleted_come_back() -> None:
    weaver()
    choose()
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        for prompt in ("the sea ", "the moor ", "the loom "):
            await written(pilot, prompt)
        before = kept()
        await pilot.press("f8")  # the newest
        await until(pilot, lambda: kept() == before[1:])
        await pilot.press("alt+u")
        await until(pilot, lambda: kept() == before)
        for count in (2, 1):  # of which the first leaves the page for good
            await pilot.press("f8")
            await until(pilot, lambda: len(kept()) == count)  # noqa: B023 - awaited in the loop
            await pilot.press("ctrl+up", "ctrl+up")
        await until(pilot, lambda: len(turns(pilot)) == 2)
        await pilot.press("ctrl+n", "f4")
        await until(pilot, lambda: app.current_mode == "library" and "u undo" in flat_text(app))
        await pilot.press("u")
        await until(pilot, lambda: len(kept()) == 2)
        await pilot.press("u")
        await until(pilot, lambda: kept() == before)

        await until(pilot, lambda: "u undo" not in flat_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "Delete number" in flat_text(app))
        await pilot.press("d")
        await until(pilot, lambda: len(kept()) == 2 and "u undo" in flat_text(app))
        await pilot.press("u")
        await until(pilot, lambda: kept() == before)


async def test_models_checkpoints_and_runs_that_are_deleted_come_back() -> None:
    for step in (1, 2, 3):
        save_model("creature", at_step(step))
    run = write_run("sea", *course(), end())
    creature = ModelDir.named("creature")
    before, names = tree(creature.path), model_names()
    run_before = tree(run.path)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("f4", "m")
        await until(pilot, lambda: "creature" in screen_text(app))
        pane = app.screen.query_one(ModelsPane)
        pane.poll("creature")
        await until(pilot, lambda: pane.table.key == "creature")
        await pilot.press("D")
        await until(pilot, lambda: "Prune checkpoints of 'creature'?" in flat_text(app))
        await pilot.press("d")
        await until(pilot, lambda: len(list(creature.checkpoint_files())) == 1)
        await until(pilot, lambda: "u undo" in flat_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "Delete 'creature'?" in flat_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "creature" not in model_names() and pane.table.has_focus)

        await pilot.press("f3")
        await until(pilot, lambda: "✓ sea" in screen_text(app))
        await pilot.press("d")
        await until(pilot, lambda: "Delete sea with all its checkpoints?" in flat_text(app))
        await pilot.press("d")
        await until(pilot, lambda: not run.path.exists() and "u undo" in flat_text(app))
        await pilot.press("u")
        await until(pilot, lambda: "Restored 'sea'." in flat_text(app))
        assert tree(run.path) == run_before

        await pilot.press("f4")
        await until(pilot, lambda: "u undo" in flat_text(app))
        await pilot.press("u")
        await until(pilot, lambda: "Restored 'creature'." in flat_text(app))
        await pilot.press("u")
        await until(pilot, lambda: "Restored 2 checkpoints of 'creature'." in flat_text(app))
        await until(pilot, lambda: "u undo" not in flat_text(app))
        assert model_names() == names and tree(creature.path) == before
    assert tree(creature.path) == before


async def test_what_was_not_restored_is_gone_when_the_app_ends() -> None:
    for step in (1, 2, 3):
        save_model("creature", at_step(step))
    app = CharloomApp()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.pause()
        assert app.services.trash.prune("creature").files == 2
    assert [path.name for path in ModelDir.named("creature").path.rglob("*.safetensors")] == [
        "step-00000003.safetensors"
    ]
