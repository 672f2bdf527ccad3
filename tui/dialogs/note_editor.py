"""A note of several lines, written in a window of its own."""

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from charloom.tui.dialogs.basic import confirm_dialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.inputs import SafeTextArea


class NoteEditor(ModalScreen[str | None]):
    """Let the person write, and return what was written, or None.

    ``changed`` tells that ``text`` is not what is kept already.
    """

    CSS_PATH = "note_editor.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "keep", "Keep it"),
        Binding("escape", "give_up", "Cancel"),
    ]

    def __init__(self, title: str, text: str, changed: bool = False) -> None:
        super().__init__()
        self._title, self._text, self._changed = title, text, changed

    def compose(self) -> ComposeResult:
        """Lay out the title over the text."""
        with VerticalGroup():
            yield Static(safe_content(self._title, "bold"))
            yield SafeTextArea(self._text, placeholder="Whatever you want to remember of it.")
            with Horizontal():
                yield Button(safe_content("Keep [Ctrl+S]"), variant="primary", name="keep")
                yield Button(safe_content("Cancel [Esc]"), name="")

    def on_mount(self) -> None:
        """Begin at the end of what is there."""
        area = self.query_one(SafeTextArea)
        self._text = area.text  # which has line ends of one kind
        area.move_cursor(area.document.end)
        area.focus()

    @on(Button.Pressed)
    def press(self, event: Button.Pressed) -> None:
        """Keep it, or give up."""
        if event.button.name:
            self.action_keep()
        else:
            self.action_give_up()

    def action_keep(self) -> None:
        """Return what was written."""
        self.dismiss(self.query_one(SafeTextArea).text)

    def action_give_up(self) -> None:
        """Return nothing; what was changed is given up only by a second word."""
        if self.query_one(SafeTextArea).text == self._text and not self._changed:
            self.dismiss(None)
            return
        ask = confirm_dialog("Give up what you changed here?", "Give it up", "g")
        self.app.push_screen(ask, self._leave)

    def _leave(self, answer: str | None) -> None:
        if answer:
            self.dismiss(None)
