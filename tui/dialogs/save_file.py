"""A dialog that asks for a file name and options, and writes the file."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.tui.dialogs.basic import Dialog, accept_and_cancel, confirm_dialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.option_row import OptionRow

Chosen = tuple[int, ...]
"""The index of the chosen value of each option."""


class SaveFileDialog(Dialog[Path]):
    """Write a file and return its path.

    ``options`` are labels with the values to choose from. For the chosen ones, ``suggest`` returns
    a file name, and ``write``, called in a thread, writes the file, replacing one that exists.
    """

    BINDINGS: ClassVar[list[BindingType]] = [Binding("enter", "accept", "Save")]

    def __init__(
        self,
        question: str,
        options: Sequence[tuple[str, Sequence[str]]],
        suggest: Callable[[Chosen], str],
        write: Callable[[Path, Chosen], object],
    ) -> None:
        super().__init__()
        self._question, self._options = question, options
        self._suggest, self._write = suggest, write
        self._suggested = suggest((0,) * len(options))

    def compose(self) -> ComposeResult:
        with VerticalGroup():
            yield Static(safe_content(self._question, "bold"))
            yield SafeInput(self._suggested)
            for label, values in self._options:
                yield OptionRow(label, values)
            yield Static(
                safe_content(f"Saved in {_folder()} unless you name another folder."), id="detail"
            )
            yield accept_and_cancel(self.app, "Save", "Enter")

    @property
    def chosen(self) -> Chosen:
        return tuple(row.chosen for row in self.query(OptionRow))

    @on(OptionRow.Changed)
    def update_name(self) -> None:
        """Suggest a name for the chosen options; if the user typed one, change its suffix only."""
        field, old = self.query_one(SafeInput), self._suggested
        self._suggested = self._suggest(self.chosen)
        if field.value == old:
            field.value = self._suggested
        elif field.value.endswith(Path(old).suffix):
            field.value = field.value.removesuffix(Path(old).suffix) + Path(self._suggested).suffix

    @on(SafeInput.Submitted)
    @work(exclusive=True)
    async def action_accept(self) -> None:
        """Write the file, after asking whether to replace an existing one."""
        try:
            path, exists = await asyncio.to_thread(self._resolve_path)
            if exists:
                question = f"{str(path)!r} already exists. Replace it?"
                replace = confirm_dialog(question, "Replace", "r")
                if not await self.app.push_screen_wait(replace):
                    return
            await asyncio.to_thread(self._write, path, self.chosen)
        except CharloomError as error:
            message = safe_content(str(error), "$text-error")
            self.query_one("#detail", Static).update(message)
            return
        self.dismiss(path)

    def _resolve_path(self) -> tuple[Path, bool]:
        """Return the path to write, by its suggested name if a folder was typed; and if it exists.

        Raises :class:`CharloomError` if nothing or an impossible path was typed.
        """
        typed = self.query_one(SafeInput).value.strip()
        if not typed:
            raise CharloomError("Enter a file name or a path.")
        try:
            path = Path(typed).expanduser()
            path = path / self._suggested if path.is_dir() else path
            return path, path.exists()
        except (OSError, RuntimeError, ValueError) as error:
            raise CharloomError(f"Invalid path: {typed!r}. Choose another one.") from error


def _folder() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "a folder that no longer exists"
