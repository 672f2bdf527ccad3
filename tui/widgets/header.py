"""The first line of every screen: the house's name, where one is, and what is being trained."""

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Static

from charloom.tui.formatting.content import safe_content


class Header(Horizontal):
    """``charloom  prompt  CONTEXT                       ● creature 47 %``."""

    DEFAULT_CSS = """
    Header {
        height: 1;
        background: $panel;
        padding: 0 1;
        #where { width: auto; }
        #context { width: 1fr; color: $text-muted; text-wrap: nowrap; text-overflow: ellipsis; }
        #running {
            width: auto;
            max-width: 50%;
            padding-left: 2;
            color: $text-success;
            text-wrap: nowrap;
            text-overflow: ellipsis;
        }
    }
    """

    def __init__(self, where: str) -> None:
        super().__init__()
        self._where = where

    def compose(self) -> ComposeResult:
        """Lay out the three parts."""
        yield Static(
            Content.assemble(("charloom", "bold $accent"), "  ", (self._where, "bold"), "  "),
            id="where",
        )
        yield Static("", id="context", markup=False)
        yield Static("", id="running", markup=False)

    def tell(self, context: Content) -> None:
        """Show what this screen is about now."""
        self.query_one("#context", Static).update(context)

    def show_running(self, running: str) -> None:
        """Show what is being trained, if anything is."""
        self.query_one("#running", Static).update(safe_content(running))
