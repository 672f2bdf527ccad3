"""The least that Textual can show: what the app's first picture is compared with."""

from textual.app import App, ComposeResult
from textual.widgets import Static


class Hello(App[None]):
    """One line."""

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Static("hello, world")


if __name__ == "__main__":
    Hello().run()
