"""A line to type into, in which nothing pasted can act on the terminal."""

from textual import events
from textual.widgets import Input

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
