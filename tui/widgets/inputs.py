"""Input widgets that show control characters as glyphs, so that pasted text is harmless."""

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea

from charloom.core.errors import CharloomError
from charloom.core.sanitize import sanitize

_MAX_PASTE = 10_000  # characters


class SafeInput(Input):
    """An Input whose value has no control characters."""

    BINDINGS: ClassVar[list[BindingType]] = [  # as in a TextArea: browsers keep ctrl+w
        Binding(
            "ctrl+backspace,alt+backspace",
            "delete_left_word",
            "Delete left to start of word",
            show=False,
        ),
    ]

    async def on_key(self, event: events.Key) -> None:
        if event.key == "enter":  # at once: the next key, which may be here already, comes after it
            event.stop()
            await self.action_submit()

    def on_paste(self, event: events.Paste) -> None:
        """Join the pasted lines; Textual would insert only the first."""
        event.prevent_default()
        event.stop()
        self.replace(" ".join(event.text[:_MAX_PASTE].splitlines()), *self.selection)

    def validate_value(self, value: str) -> str:
        return sanitize(value).replace("\n", " ")


class SafeTextArea(TextArea):
    """A TextArea that shows control characters as glyphs; its text keeps them.

    It can be edited in the user's own editor, except in a browser.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+e",
            "edit_externally",
            "Your editor",
            show=False,
            tooltip="Edit the text in $VISUAL or $EDITOR",
            id="text.editor",
        ),
    ]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave F6 to the app; TextArea would select a line."""
        if action == "edit_externally":
            return not self.app.is_web
        return action != "select_line"

    def action_edit_externally(self) -> None:
        from charloom.tui.services.external_editor import edit_externally  # deferred: rarely used

        try:
            text = edit_externally(self.app, self.text)
        except CharloomError as error:
            self.app.notify(str(error), severity="error")
        else:
            if text != self.text:
                self.replace_text(text)

    def replace_text(self, text: str) -> None:
        """Replace the whole text, which can be undone, and go to its end."""
        self.replace(text, (0, 0), self.document.end)
        self.move_cursor(self.document.end)

    def get_line(self, line_index: int) -> Text:
        """Return a sanitized line; Textual expands the tabs."""
        line = self.document.get_line(line_index)
        return Text("\t".join(map(sanitize, line.split("\t"))), end="", no_wrap=True)
