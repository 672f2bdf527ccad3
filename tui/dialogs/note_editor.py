"""A dialog to edit a note of several lines."""

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.widgets import Static

from charloom.tui.dialogs.basic import Dialog, accept_and_cancel, confirm_dialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.inputs import SafeTextArea


class NoteEditor(Dialog[str]):
    """Return the edited text.

    ``changed``: ``text`` already differs from what is saved, so that cancelling asks first.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "accept", "Save", id="dialog.accept")
    ]

    def __init__(self, title: str, text: str, changed: bool = False) -> None:
        super().__init__()
        self._title, self._text, self._changed = title, text, changed

    def compose(self) -> ComposeResult:
        with VerticalGroup():
            yield Static(safe_content(self._title, "bold"))
            yield SafeTextArea(self._text, placeholder="Anything you want to remember")
            yield accept_and_cancel(self.app, "Save", "{dialog.accept|Ctrl+S}")

    def on_mount(self) -> None:
        area = self.query_one(SafeTextArea)
        self._text = area.text  # its line ends are all of one kind now
        area.move_cursor(area.document.end)
        area.focus()

    def action_accept(self) -> None:
        self.dismiss(self.query_one(SafeTextArea).text)

    def action_cancel(self) -> None:
        """Discard the text; if it was changed, ask first."""
        if self.query_one(SafeTextArea).text == self._text and not self._changed:
            self.dismiss(None)
            return
        ask = confirm_dialog("Discard your changes?", "Discard", "d")
        self.app.push_screen(ask, self._discard)

    def _discard(self, confirmed: str | None) -> None:
        if confirmed:
            self.dismiss(None)
