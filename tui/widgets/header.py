"""The first line of every screen: its name, its current subject and the live runs."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from charloom.tui.formatting.content import safe_content


class Header(Horizontal):
    """``charloom  prompt  CONTEXT                       ● creature 47 %``."""

    def __init__(self, screen_name: str) -> None:
        super().__init__()
        self._screen_name = screen_name

    def compose(self) -> ComposeResult:
        yield Static(
            Content.assemble(("charloom", "bold $accent"), "  ", (self._screen_name, "bold"), "  "),
            id="screen-name",
        )
        yield Static("", id="context", markup=False)
        yield Static("", id="running", markup=False)

    def show_context(self, context: Content, explanation: str = "") -> None:
        """Show the current subject; ``explanation`` is shown under the mouse."""
        label = self.query_one("#context", Static)
        label.update(context)
        label.tooltip = explanation or None

    def show_running(self, running: str) -> None:
        self.query_one("#running", Static).update(safe_content(running))
