"""The base class of the library's panes."""

from textual.binding import Binding
from textual.containers import Vertical

from charloom.tui.services.app_services import AppServices
from charloom.tui.widgets.action_bar import ActionBar, key_hints


def on_key(key: str, action: str, words: str, tooltip: str, display: str | None = None) -> Binding:
    """Return the binding of an action that is shown by its half: the footer is the app's."""
    return Binding(key, action, words, show=False, key_display=display, tooltip=tooltip)


class LibraryPane(Vertical):
    """A part of a room that is in sight or not, and looks for what changes only while it is."""

    def __init__(self, services: AppServices) -> None:
        super().__init__()
        self.services = services

    def enter(self) -> None:
        """Come into sight: put the focus where one begins, and look."""
        raise NotImplementedError

    def look(self) -> object:
        """Show what has changed meanwhile."""
        raise NotImplementedError

    def leave(self) -> None:
        """End what nobody waits for any more."""

    def update_hints(self, **labels: str) -> None:
        """Show what can be done now; ``labels`` maps actions to other labels, "" to none."""
        self.query_one(ActionBar).update_hints(key_hints(self, **labels))
