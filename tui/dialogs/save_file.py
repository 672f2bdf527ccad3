"""Asking where to put a file, and in which form, until it is there."""

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from charloom.core.errors import CharloomError
from charloom.tui.dialogs.basic import confirm_dialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.option_row import OptionRow

Chosen = tuple[int, ...]


class SaveFileDialog(ModalScreen[Path | None]):
    """Write a file and return where it is, or None.

    ``choices`` are labels and the words to choose from. For what is chosen of each, ``suggest``
    names the file and ``write``, called in a thread, writes it, in the place of one that is there.
    """

    CSS_PATH = "save_file.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "save", "Save"),
        Binding("escape", "give_up", "Cancel"),
    ]

    def __init__(
        self,
        question: str,
        choices: Sequence[tuple[str, Sequence[str]]],
        suggest: Callable[[Chosen], str],
        write: Callable[[Path, Chosen], object],
    ) -> None:
        super().__init__()
        self._question, self._choices = question, choices
        self._suggest, self._write = suggest, write
        self._suggested = suggest((0,) * len(choices))

    def compose(self) -> ComposeResult:
        """Lay out question, path, choices and buttons."""
        with VerticalGroup():
            yield Static(safe_content(self._question, "bold"))
            yield SafeInput(self._suggested)
            for label, words in self._choices:
                yield OptionRow(label, words)
            yield Static(
                safe_content(f"in {_here()}, unless you name another folder."), id="detail"
            )
            with Horizontal():
                yield Button(safe_content("Save [Enter]"), variant="primary", name="save")
                yield Button(safe_content("Cancel [Esc]"), name="")

    @property
    def chosen(self) -> Chosen:
        """What is chosen of each."""
        return tuple(each.chosen for each in self.query(OptionRow))

    @on(OptionRow.Changed)
    def suggest(self) -> None:
        """Name the file by what is chosen; of a name that was typed only the ending changes."""
        field, old = self.query_one(SafeInput), self._suggested
        self._suggested = self._suggest(self.chosen)
        if field.value == old:
            field.value = self._suggested
        elif field.value.endswith(Path(old).suffix):
            field.value = field.value.removesuffix(Path(old).suffix) + Path(self._suggested).suffix

    @on(Button.Pressed)
    def press(self, event: Button.Pressed) -> None:
        """Save, or give up."""
        if event.button.name:
            self.action_save()
        else:
            self.action_give_up()

    @on(SafeInput.Submitted)
    def accept(self) -> None:
        """Save."""
        self.action_save()

    @work(exclusive=True)
    async def action_save(self) -> None:
        """Write the file, after asking whether one that is there may be replaced."""
        try:
            path, taken = await asyncio.to_thread(self._place)
            if taken:
                replace = confirm_dialog(
                    f"Replace {str(path)!r}, which is already there?", "Replace", "r"
                )
                if not await self.app.push_screen_wait(replace):
                    return
            await asyncio.to_thread(self._write, path, self.chosen)
        except CharloomError as error:
            self.query_one("#detail", Static).update(safe_content(str(error), "$text-error"))
            return
        self.dismiss(path)

    def action_give_up(self) -> None:
        """Write nothing."""
        self.dismiss(None)

    def _place(self) -> tuple[Path, bool]:
        """Return where the file is to be, in a folder under the name suggested; and if one is."""
        typed = self.query_one(SafeInput).value.strip()
        if not typed:
            raise CharloomError("Say where to put it: a file name, or a path.")
        try:
            path = Path(typed).expanduser()
            path = path / self._suggested if path.is_dir() else path
            return path, path.exists()
        except (OSError, RuntimeError, ValueError) as error:
            raise CharloomError(f"There can be no file at {typed!r}; choose another.") from error


def _here() -> str:
    try:
        return str(Path.cwd())
    except OSError:
        return "a folder that is gone"
