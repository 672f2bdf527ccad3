"""Services that the app passes to every screen: training runs and preferences."""

from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual.app import App

from charloom.core.errors import CharloomError
from charloom.tui.services import preferences

if TYPE_CHECKING:
    from charloom.tui.services.run_manager import RunManager


class AppServices:
    """The runs and the preferences of one app, shared by all its screens."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self.preferences = self._saved = preferences.load()

    @cached_property
    def runs(self) -> "RunManager":
        """The training runs."""
        # Deferred: the first frame is painted before the run manager and NumPy are imported.
        from charloom.tui.services.run_manager import RunManager

        return RunManager(self._app)

    def remember(self, **changes: Any) -> None:
        """Change preferences and save them; a failure to save is shown as a notification."""
        before, self.preferences = self.preferences, replace(self.preferences, **changes)
        if self.preferences == self._saved:
            return
        try:
            preferences.save(self.preferences)
            self._saved = self.preferences
        except CharloomError as error:  # the next change tries to save this one too
            if self.preferences != before:
                self._app.notify(str(error), severity="warning")
