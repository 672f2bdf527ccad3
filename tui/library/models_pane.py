"""The library's pane of models and all actions on them."""

import asyncio
import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar, TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.widgets import DataTable, Static

from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import read_metadata
from charloom.core.paths import check_name, expand_user
from charloom.core.runs.monitor import RunMonitor
from charloom.core.store.read import ModelInfo
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import (
    export_model,
    export_name,
    import_model,
    pin_checkpoint,
    read_notes,
    rename_model,
    unused_name,
    write_notes,
)
from charloom.core.wording import plural
from charloom.tui.dialogs.basic import InputDialog, ask_until_done, confirm_dialog
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.save_file import Chosen, SaveFileDialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.run_status import LIVE, fraction, label, symbol
from charloom.tui.formatting.units import megabytes, model_row, total_bytes
from charloom.tui.library.model_list import ModelList
from charloom.tui.library.model_view import ModelView
from charloom.tui.library.pane import LibraryPane
from charloom.tui.messages import OpenComparison, OpenGrowth, OpenInspector, OpenPrompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.data_table import RowTable
from charloom.tui.widgets.keys import key_binding

_COLUMNS = "|model|>H|>parameters|>step|>nats|bits|>saved|>MB|text"
_NO_MODELS = (
    "No models yet.\n\nTrain one in Train ({app.train|F3}), or press {models.add|a} to add a "
    "checkpoint file."
)
_PRECISION = ("numbers", ("unchanged", "16 bits: half the size"))
_IMPORT_HINT = "A .safetensors file written by Charloom, on any computer."
_UNDO_HINT = "{models.undo|u} restores it until you quit."
_PRUNE_HINT = (
    "The best, the newest and the pinned ones are kept; {models.undo|u} restores the others until "
    "you quit."
)
_CHANGES = ("rename", "pin", "prune", "delete")  # not of the bundled model
_T = TypeVar("_T")


class ModelsPane(LibraryPane):
    """The table of models over the highlighted one."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("models.talk", "Talk", "Use this checkpoint in Prompt", keys="enter"),
        key_binding("models.inspect", "Inspect", "Show what every unit does as it reads a text"),
        key_binding("models.growth", "Growth", "See how the model learned to spell"),
        key_binding("models.compare", "Compare", "Compare it with another checkpoint"),
        key_binding("models.rename", "Rename", "Rename the model"),
        key_binding("models.pin", "Pin", "Never delete this checkpoint automatically, or unpin"),
        key_binding("models.notes", "Notes", "Edit your notes about the model", action="note"),
        key_binding("models.export", "Export", "Copy this checkpoint to a file"),
        key_binding(
            "models.add", "Add a file", "Create a model from a checkpoint file", action="import"
        ),
        key_binding("models.undo", "Undo", "Restore what was deleted last", action="restore"),
        key_binding(
            "models.prune", "Prune", "Delete all but a few checkpoints; undo restores them"
        ),
        key_binding("models.delete", "Delete", "Delete the model and its run; undo restores both"),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._models = ModelList()

    def compose(self) -> ComposeResult:
        yield Static("", id="message", markup=False)
        yield RowTable(_COLUMNS, id="models")
        yield ModelView()
        yield ActionBar()

    @property
    def table(self) -> RowTable:
        """The table of models."""
        return self.query_one("#models", RowTable)

    @property
    def view(self) -> ModelView:
        return self.query_one(ModelView)

    @property
    def model(self) -> ModelInfo | None:
        """The highlighted model."""
        return self._models.get(self.table.key) if self.is_attached else None

    @property
    def ref(self) -> CheckpointRef | None:
        """The highlighted checkpoint."""
        model, checkpoint = self.model, self.view.checkpoint
        return CheckpointRef.at(model.name, checkpoint.step) if model and checkpoint else None

    def enter(self) -> None:
        self.screen.set_focus(self.table)
        self.poll()

    @work
    async def poll(self, key: str | None = None) -> None:
        """Show changes made elsewhere; with ``key``, go to that model."""
        error, changed = "", False
        try:
            changed = await run_in_background(self._models.refresh)
        except CharloomError as failure:
            error = str(failure)
        if not self.app.is_running:  # its widgets are being removed
            return
        message = self.query_one("#message", Static)
        message.update(
            safe_content(error or with_keys(self.app, _NO_MODELS), "$text-error" if error else "")
        )
        message.display = bool(error) or not self._models.models
        if changed or key:
            self.update_models(key)
            self._read_notes()

    def update_models(self, key: str | None = None) -> None:
        """Show the models and their live runs; with ``key``, go to that model."""
        self.table.fill({model.name: self._row(model) for model in self._models.models}, key)
        self._update_model()

    @on(DataTable.RowHighlighted, "#models")
    def show_model(self) -> None:
        self._update_model()
        self._read_notes()

    @on(DataTable.RowHighlighted, "#checkpoints")
    def show_hints(self) -> None:
        checkpoint = self.view.checkpoint
        self.update_hints(pin="unpin" if checkpoint and checkpoint.pinned else "pin")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        model = self.model
        if action == "restore":
            return bool(self.services.trash.last)
        if model is None or (model.bundled and action in _CHANGES):
            return action == "import"
        return action not in ("rename", "delete") or self._live_run(model.name) is None

    def action_talk(self) -> None:
        """Use the checkpoint in Prompt."""
        model, checkpoint = self.model, self.view.checkpoint
        if model is None:
            return
        if checkpoint and checkpoint.metadata:
            best = checkpoint == model.best
            ref = CheckpointRef(model.name, "" if best else str(checkpoint.step))
            self.post_message(OpenPrompt(ref))
        else:
            missing = f"The model {model.name!r} has no checkpoint yet; train it a little longer."
            self.app.notify(checkpoint.error if checkpoint else missing, severity="error")

    def action_inspect(self) -> None:
        if ref := self.ref:
            self.post_message(OpenInspector(ref))

    def action_growth(self) -> None:
        if model := self.model:
            self.post_message(OpenGrowth(model.name))

    def action_compare(self) -> None:
        if ref := self.ref:
            self.post_message(OpenComparison(ref))

    @work
    async def action_rename(self) -> None:
        if model := self.model:
            old = model.name

            async def rename(new: str) -> str:
                return await asyncio.to_thread(rename_model, old, new)

            def ask(name: str) -> InputDialog:
                return InputDialog(f"New name of {old!r}:", name, check=check_name)

            self._go_to(await ask_until_done(self.app, ask, old, rename))

    @work
    async def action_pin(self) -> None:
        ref, checkpoint = self.ref, self.view.checkpoint
        if ref and checkpoint:
            await self._run(lambda: pin_checkpoint(ref, not checkpoint.pinned))

    @work
    async def action_note(self) -> None:
        if model := self.model:
            name = model.name
            saved = await self._run(lambda: read_notes(name))
            if saved is None:
                return

            async def save(notes: str) -> None:
                await asyncio.to_thread(write_notes, name, notes)

            def edit(notes: str) -> NoteEditor:
                return NoteEditor(f"Notes about {name}", notes, changed=notes != saved)

            await ask_until_done(self.app, edit, saved, save)
            self._read_notes()

    @work
    async def action_export(self) -> None:
        if ref := self.ref:

            def write(path: Path, chosen: Chosen) -> None:
                export_model(ref, path, half=bool(chosen[0]), force=True)

            name = export_name(ref)
            dialog = SaveFileDialog(f"Export {ref} to:", (_PRECISION,), lambda _: name, write)
            if path := await self.app.push_screen_wait(dialog):
                self.app.notify(f"Saved to {str(path)!r}.")

    @work
    async def action_import(self) -> None:
        """Ask for a checkpoint file and a name, and create a model from it."""

        async def check_file(typed: str) -> Path:
            path = expand_user(typed.strip())
            await run_in_background(lambda: read_metadata(path))
            return path

        def ask_file(path: str) -> InputDialog:
            return InputDialog("Checkpoint file:", path, detail=_IMPORT_HINT)

        path = await ask_until_done(self.app, ask_file, "", check_file)
        if path is None:
            return

        async def import_as(name: str) -> str:
            return await asyncio.to_thread(import_model, path, name)

        def ask_name(name: str) -> InputDialog:
            return InputDialog("Name of the model:", name, check=check_name)

        suggested = await self._run(lambda: unused_name(path.stem))
        self._go_to(await ask_until_done(self.app, ask_name, suggested or "", import_as))

    @work
    async def action_prune(self) -> None:
        if model := self.model:
            name = model.name
            ask = confirm_dialog(
                f"Prune checkpoints of {name!r}?", "Delete", "d", with_keys(self.app, _PRUNE_HINT)
            )
            if await self.app.push_screen_wait(ask):
                freed = await self._run(lambda: self.services.trash.prune(name))
                if freed and freed.files:
                    amount = f"{plural(freed.files, 'checkpoint')}, {megabytes(freed.size)} MB"
                    hint = with_keys(self.app, "{models.undo|u} restores them until you quit.")
                    self.app.notify(f"Deleted {amount}; {hint}")
                elif freed:
                    self.app.notify("There was nothing to delete.")

    @work
    async def action_delete(self) -> None:
        if model := self.model:
            name, size = model.name, megabytes(total_bytes(model))
            hint = with_keys(self.app, _UNDO_HINT)
            detail = f"{plural(len(model.checkpoints), 'checkpoint')}, {size} MB. {hint}"
            ask = confirm_dialog(f"Delete {name!r}?", "Delete", "d", detail)
            if await self.app.push_screen_wait(ask):
                await self.services.delete_model(name, hint)
                self.poll()

    @work
    async def action_restore(self) -> None:
        self._go_to(await self.services.restore_model())

    async def _run(self, job: Callable[[], _T]) -> _T | None:
        """Return ``job()``, computed in a thread; on an error, notify and return None."""
        try:
            result = await asyncio.to_thread(job)
        except CharloomError as error:
            self.app.notify(str(error), severity="error")
            return None
        self.poll()
        return result

    def _go_to(self, name: str | None) -> None:
        if name:
            self.poll(name)

    @work(exclusive=True, group="notes")
    async def _read_notes(self) -> None:
        if model := self.model:
            with contextlib.suppress(CharloomError):  # deleted: the next poll shows that
                notes = await run_in_background(lambda: read_notes(model.name))
                self.view.set_notes(notes)

    def _update_model(self) -> None:
        run = self._live_run(self.model.name) if self.model else None
        status = f"{label(run.status)}, {fraction(run):.0%}" if run else ""
        self.view.set_model(self.model, status)
        self.show_hints()

    def _row(self, model: ModelInfo) -> tuple[str, ...]:
        run = self._live_run(model.name)
        status = symbol(run.status) if run else ""
        return (status, model.name, *model_row(model))

    def _live_run(self, name: str) -> RunMonitor | None:
        run = self.services.runs.get(name)
        return run if run and run.status in LIVE else None
