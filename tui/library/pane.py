"""The base class of the library's panes."""

from textual.containers import Vertical

from charloom.tui.services.app_services import AppServices
from charloom.tui.widgets.action_bar import ActionBar, key_hints


class LibraryPane(Vertical):
    """A part of the library; only the visible one polls for changes."""

    def __init__(self, services: AppServices) -> None:
        super().__init__()
        self.services = services

    def enter(self) -> None:
        """Focus the pane's list and show its present state."""
        raise NotImplementedError

    def poll(self) -> object:
        """Show changes made elsewhere."""
        raise NotImplementedError

    def leave(self) -> None:
        """Stop what is only of use while the pane is visible."""

    def update_hints(self, **labels: str) -> None:
        """Show the enabled actions; ``labels`` replace their labels, "" leaves one out."""
        self.query_one(ActionBar).update_hints(key_hints(self, **labels))
