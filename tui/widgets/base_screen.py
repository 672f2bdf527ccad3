"""What every screen of the app has: the top bar, a body, the footer, and help of its own."""

from collections.abc import Iterator
from typing import ClassVar

from textual.app import ComposeResult
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Footer

from charloom.tui.services.app_services import AppServices
from charloom.tui.widgets.header import Header


class BaseScreen(Screen[None]):
    """A screen among the app's modes. Subclasses yield their body and say what it is for."""

    TITLE = ""
    HELP: ClassVar[str] = ""  # what a person can do here, in a few sentences of Markdown
    AUTO_FOCUS = ""

    def __init__(self, services: AppServices) -> None:
        super().__init__()
        self.services = services

    def compose(self) -> ComposeResult:
        """Lay out top bar, body and footer."""
        yield Header(self.TITLE.lower())
        yield from self.body()
        yield Footer(show_command_palette=False, compact=True)

    def body(self) -> Iterator:  # type: ignore[type-arg]
        """Yield what stands between the bars."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Follow what is being trained, wherever one is."""
        self.services.runs.changed.subscribe(self, lambda _: self.on_runs_changed())
        self.on_runs_changed()

    def on_runs_changed(self) -> None:
        """Show in the top bar what is being trained; screens add what they show of it."""
        self.query_one(Header).show_running(self.services.runs.summary)

    def tell_context(self, context: Content) -> None:
        """Show in the top bar what this screen is about now."""
        self.query_one(Header).tell(context)
