"""Room for a text that is pasted or written by hand."""

from rich.text import Text
from textual.widgets import TextArea

from charloom.core.sanitize import sanitize


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
