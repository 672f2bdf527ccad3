"""The base class of screens: header, body, footer and help."""

from collections.abc import Callable, Iterable, Iterator
from typing import ClassVar, NamedTuple

from textual.app import ComposeResult
from textual.content import Content
from textual.dom import DOMNode
from textual.geometry import Offset
from textual.screen import Screen

from charloom.tui.services.app_services import AppServices
from charloom.tui.widgets.action_bar import Footer
from charloom.tui.widgets.header import Header


class JumpTarget(NamedTuple):
    """Where jump mode shows a letter, and what it does."""

    place: Offset
    go: Callable[[], object]


class BaseScreen(Screen[None]):
    """A full screen. Subclasses yield their ``body`` and describe themselves in ``HELP``."""

    TITLE = ""
    HELP: ClassVar[str] = ""  # a few sentences of Markdown
    AUTO_FOCUS = ""

    def __init__(self, services: AppServices) -> None:
        super().__init__()
        self.services = services

    def compose(self) -> ComposeResult:
        yield Header(self.TITLE.lower())
        yield from self.body()
        yield Footer()

    @property
    def viewed_run(self) -> str:
        """The name of the run whose end is shown here, and not in a notification."""
        return ""

    def body(self) -> Iterator:  # type: ignore[type-arg]
        """Yield the widgets between header and footer."""
        raise NotImplementedError

    def command_nodes(self) -> Iterable[DOMNode]:
        """Return the nodes whose actions the command palette offers on other screens.

        It may be asked before the screen is opened, and so may their ``check_action``.
        """
        return [self]

    def reveal(self, node: DOMNode) -> None:
        """Show one of the :meth:`command_nodes`, before an action of it runs."""

    def jump_targets(self) -> Iterable[JumpTarget]:
        """Return the places that jump mode offers besides the controls."""
        return ()

    def on_mount(self) -> None:
        self.services.runs.changed.subscribe(self, lambda _: self.on_runs_changed())
        self.on_runs_changed()

    def on_runs_changed(self) -> None:
        """Show the live runs in the header; screens add what they show of them."""
        self.query_one(Header).show_running(self.services.runs.summary)

    def show_context(self, context: Content, explanation: str = "") -> None:
        """Show the screen's current subject in the header."""
        self.query_one(Header).show_context(context, explanation)
