"""What is seen in the first moment, while the first room is being fetched."""

from textual.app import ComposeResult
from textual.screen import Screen
from textual.widgets import Footer

from charloom.tui.widgets.header import Header


class SplashScreen(Screen[None]):
    """The frame that all rooms have, around nothing."""

    DEFAULT_CSS = "SplashScreen { background: $background; }"

    def compose(self) -> ComposeResult:
        """Lay out what the first room will have in the same places."""
        yield Header("prompt")
        yield Footer(show_command_palette=False, compact=True)
