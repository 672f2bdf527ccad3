"""The half of the library with the models, and all that can be done with them."""

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
from charloom.core.paths import check_name
from charloom.core.runs.monitor import RunMonitor
from charloom.core.sanitize import single_line
from charloom.core.store.read import ModelInfo
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import (
    export_model,
    import_model,
    pin_checkpoint,
    prune_checkpoints,
    read_notes,
    remove_model,
    rename_model,
    unused_name,
    write_notes,
)
from charloom.tui.dialogs.basic import InputDialog, ask_until_done, confirm_dialog
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.save_file import Chosen, SaveFileDialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.run_status import LIVE, fraction, label, symbol
from charloom.tui.formatting.units import checkpoint_count, megabytes, model_row, total_bytes
from charloom.tui.library.model_list import ModelList
from charloom.tui.library.model_view import ModelView
from charloom.tui.library.pane import LibraryPane, on_key
from charloom.tui.messages import OpenComparison, OpenGrowth, OpenInspector, OpenPrompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.data_table import RowTable

_COLUMNS = "|model|>H|>parameters|>step|>nats|>bits|>saved|>MB|learned"
_NONE = "There is no model yet.\n\nTeach a text in Train (F3), or press i and take in a file."
_NUMBERS = ("numbers", ("as they are", "16 bits each: half the size"))
_A_FILE = "A .safetensors file that Charloom has written, here or elsewhere."
_PRUNED = "The best, the newest and the pinned ones stay."
_LONGEST = 20  # characters of a name
_T = TypeVar("_T")


class ModelsPane(LibraryPane):
    """The table of models, the highlighted one below it, and under both what can be done."""

    BINDINGS: ClassVar[list[BindingType]] = [
        on_key("enter,o", "talk", "Talk", "Use this checkpoint in Prompt", "⏎"),
        on_key("l", "inside", "Look inside", "See what every unit does as a text is read"),
        on_key("g", "growth", "Growth", "See how the model learned to spell"),
        on_key("c", "compare", "Compare", "Set this checkpoint beside another, or a warmer one"),
        on_key("r", "rename", "Rename", "Call the model something else"),
        on_key("p", "pin", "Pin", "Keep this checkpoint whatever is thinned out, or not"),
        on_key("n", "note", "Notes", "Write down what you think of the model"),
        on_key("x", "export", "Export", "Copy this checkpoint to a file"),
        on_key("i", "take_in", "Import", "Make a model of a checkpoint file"),
        on_key("u", "prune", "Prune", "Delete all checkpoints but a few"),
        on_key("d", "delete", "Delete", "Delete the model with all its checkpoints"),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._stock = ModelList()

    def compose(self) -> ComposeResult:
        """Lay out the models over the one that is highlighted, and the actions."""
        yield Static("", id="told", markup=False)
        yield RowTable(_COLUMNS, id="models")
        yield ModelView()
        yield ActionBar()

    @property
    def table(self) -> RowTable:
        """The table of models."""
        return self.query_one("#models", RowTable)

    @property
    def view(self) -> ModelView:
        """What there is of the highlighted one."""
        return self.query_one(ModelView)

    @property
    def model(self) -> ModelInfo | None:
        """The highlighted model."""
        return self._stock.get(self.table.key)

    def enter(self) -> None:
        """Be where one is chosen."""
        self.screen.set_focus(self.table)
        self.look()

    @work
    async def look(self, key: str | None = None) -> None:
        """Show what has changed meanwhile; with ``key``, go to that model."""
        fault, changed = "", False
        try:
            changed = await run_in_background(self._stock.look)
        except CharloomError as error:
            fault = str(error)
        told = self.query_one("#told", Static)
        told.update(safe_content(fault or _NONE, "$text-error" if fault else ""))
        told.display = bool(fault) or not self._stock.models
        if changed or key:
            self.show(key)
            self._read_notes()

    def show(self, key: str | None = None) -> None:
        """Show the models, and which of them are being trained."""
        rows = {each.name: self._row(each) for each in self._stock.models}
        self.table.fill(rows, key)
        self._show_model()

    @on(DataTable.RowHighlighted, "#models")
    def highlight(self) -> None:
        """Be about the model under the cursor."""
        self._show_model()
        self._read_notes()

    @on(DataTable.RowHighlighted, "#checkpoints")
    def show_hints(self) -> None:
        """Offer what can be done with the checkpoint under the cursor."""
        checkpoint = self.view.checkpoint
        self.update_hints(pin="unpin" if checkpoint and checkpoint.pinned else "pin")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer what can be done."""
        return action == "take_in" or self.model is not None

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
            none = f"The model {model.name!r} has no checkpoint yet; train it a little longer."
            self.app.notify(checkpoint.error if checkpoint else none, severity="error")

    def action_inside(self) -> None:
        """See what every unit of the network does."""
        model, checkpoint = self.model, self.view.checkpoint
        if model and checkpoint:
            self.post_message(OpenInspector(CheckpointRef.at(model.name, checkpoint.step)))

    def action_growth(self) -> None:
        """Show what every checkpoint of the model writes."""
        if model := self.model:
            self.post_message(OpenGrowth(model.name))

    def action_compare(self) -> None:
        """Set the checkpoint beside another."""
        model, checkpoint = self.model, self.view.checkpoint
        if model and checkpoint:
            self.post_message(OpenComparison(CheckpointRef.at(model.name, checkpoint.step)))

    @work
    async def action_rename(self) -> None:
        """Ask for another name."""
        if model := self.model:
            old = model.name

            async def rename(new: str) -> str:
                await asyncio.to_thread(rename_model, old, new)
                return new

            def ask(name: str) -> InputDialog:
                return InputDialog(f"What is {old!r} to be called?", name, check=check_name)

            self._show(await ask_until_done(self.app, ask, old, rename))

    @work
    async def action_pin(self) -> None:
        """Pin the checkpoint, or take the pin away."""
        model, checkpoint = self.model, self.view.checkpoint
        if model and checkpoint:
            ref, pinned = CheckpointRef.at(model.name, checkpoint.step), checkpoint.pinned
            await self._do(lambda: pin_checkpoint(ref, not pinned))

    @work
    async def action_note(self) -> None:
        """Let the person write notes about the model."""
        if model := self.model:
            name = model.name
            kept = await self._do(lambda: read_notes(name))
            if kept is None:
                return

            async def keep(notes: str) -> None:
                await asyncio.to_thread(write_notes, name, notes)

            def edit(notes: str) -> NoteEditor:
                return NoteEditor(f"Notes about {name}", notes, changed=notes != kept)

            await ask_until_done(self.app, edit, kept, keep)
            self._read_notes()

    @work
    async def action_export(self) -> None:
        """Copy the checkpoint to a file."""
        model, checkpoint = self.model, self.view.checkpoint
        if model and checkpoint:
            ref = CheckpointRef.at(model.name, checkpoint.step)

            def write(path: Path, chosen: Chosen) -> None:
                export_model(ref, path, half=bool(chosen[0]), force=True)

            question = f"Where is a copy of {ref} to be put?"
            saving = SaveFileDialog(
                question, (_NUMBERS,), lambda _: f"{ref.name}-{ref.which}.safetensors", write
            )
            if path := await self.app.push_screen_wait(saving):
                self.app.notify(f"Written to {str(path)!r}.")

    @work
    async def action_take_in(self) -> None:
        """Ask for a checkpoint file and a name, and make a model of it."""

        async def look(typed: str) -> Path:
            path = Path(typed.strip())
            with contextlib.suppress(RuntimeError):  # of an unknown ~person
                path = path.expanduser()
            await run_in_background(lambda: read_metadata(path))
            return path

        def ask(path: str) -> InputDialog:
            return InputDialog("Which checkpoint file?", path, detail=_A_FILE)

        path = await ask_until_done(self.app, ask, "", look)
        if path is None:
            return

        async def take_in(name: str) -> str:
            return await asyncio.to_thread(import_model, path, name)

        def ask_name(name: str) -> InputDialog:
            return InputDialog("What is the model to be called?", name, check=check_name)

        proposed = await self._do(lambda: unused_name(path.stem))
        self._show(await ask_until_done(self.app, ask_name, proposed or "", take_in))

    @work
    async def action_prune(self) -> None:
        """Delete what need not be kept, if that is meant."""
        if model := self.model:
            name = model.name
            ask = confirm_dialog(
                f"Delete the checkpoints of {name!r} but a few?", "Delete", "d", _PRUNED
            )
            if await self.app.push_screen_wait(ask):
                freed = await self._do(lambda: prune_checkpoints(name))
                if freed:
                    what = f"{checkpoint_count(freed.files)}, {megabytes(freed.size)} MB"
                    self.app.notify(f"Deleted {what}.")

    @work
    async def action_delete(self) -> None:
        """Delete the model, if that is meant."""
        if model := self.model:
            name = model.name
            what = f"{checkpoint_count(len(model.checkpoints))}, {megabytes(total_bytes(model))} MB"
            ask = confirm_dialog(f"Delete {name!r} for good?", "Delete", "d", f"With it go {what}.")
            if await self.app.push_screen_wait(ask):
                await self._do(lambda: remove_model(name))

    async def _do(self, job: Callable[[], _T]) -> _T | None:
        """Return what ``job`` returns, beside the app; None, and told, where it cannot be done."""
        try:
            done = await asyncio.to_thread(job)
        except CharloomError as error:
            self.app.notify(str(error), severity="error")
            return None
        self.look()
        return done

    def _show(self, key: str | None) -> None:
        if key:
            self.look(key)

    @work(exclusive=True, group="notes")
    async def _read_notes(self) -> None:
        if model := self.model:
            with contextlib.suppress(CharloomError):  # gone meanwhile: the next look shows that
                notes = await run_in_background(lambda: read_notes(model.name))
                self.view.show_notes(notes)

    def _show_model(self) -> None:
        run = self._run(self.model.name) if self.model else None
        share = f"{label(run.status)}, {fraction(run):.0%}" if run else ""
        self.view.show(self.model, share)
        self.show_hints()

    def _row(self, model: ModelInfo) -> tuple[str, ...]:
        run = self._run(model.name)
        sign = symbol(run.status) if run else ""
        return (sign, single_line(model.name, _LONGEST), *model_row(model))

    def _run(self, name: str) -> RunMonitor | None:
        """Return the run in which a model is being trained now."""
        run = self.services.runs.get(name)
        return run if run and run.status in LIVE else None
