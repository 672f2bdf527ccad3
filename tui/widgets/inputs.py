"""A line to type into, in which nothing pasted can act on the terminal."""

from rich.text import Text
from textual import events
from textual.widgets import Input, TextArea

from charloom.core.sanitize import sanitize

_LONGEST = 10_000  # characters that are pasted at once: enough for any line


class SafeInput(Input):
    """Textual's input, with controls shown as glyphs: what is seen is what is there."""

    DEFAULT_CSS = """
    SafeInput {
        border: none;
        height: 1;
        padding: 0 1;
        background: $panel;
        &:focus { border: none; background: $surface-lighten-2; }
        &.-invalid { border: none; color: $text-error; }
        &.-invalid:focus { border: none; }
    }
    """

    def on_paste(self, event: events.Paste) -> None:
        """Take all lines of what is pasted as one; Textual would take the first."""
        event.prevent_default()
        event.stop()
        self.replace(" ".join(event.text[:_LONGEST].splitlines()), *self.selection)

    def validate_value(self, value: str) -> str:
        """Make pasted controls visible."""
        return sanitize(value).replace("\n", " ")


class SafeTextArea(TextArea):
    """Textual's text area, which shows controls as glyphs and keeps them as they are."""

    DEFAULT_CSS = """
    SafeTextArea {
        border: none;
        padding: 0 1;
        background: $panel;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background: $surface-lighten-2; }
    }
    """

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave F6 to the app; Textual's areas select a line with it."""
        return action != "select_line"

    def get_line(self, line_index: int) -> Text:
        """Return a line as it is to be seen; tabs are widened by Textual."""
        line = self.document.get_line(line_index)
        return Text("\t".join(map(sanitize, line.split("\t"))), end="", no_wrap=True)
