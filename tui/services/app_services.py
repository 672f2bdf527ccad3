"""Services that the app passes to every screen: training runs and preferences."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from textual.app import App

from charloom.core.errors import CharloomError
from charloom.core.wording import plural
from charloom.tui.services import config_file, preferences

if TYPE_CHECKING:
    from charloom.core.library.generation import Generation
    from charloom.core.store.model_dir import ModelDir
    from charloom.core.store.trash import Trash
    from charloom.tui.services.run_manager import RunManager
    from charloom.tui.services.terminal_signals import TerminalSignals
    from charloom.tui.services.text_source import TextSource


class AppServices:
    """The runs and the preferences of one app, shared by all its screens."""

    def __init__(self, app: App[Any]) -> None:
        self._app = app
        self.config = config_file.load()
        self.preferences = self._saved = preferences.load(self.config.defaults)
        self.deleted_texts: list[Generation] = []
        """The texts that the user has deleted, which Library can restore; the last one first."""

    @cached_property
    def runs(self) -> "RunManager":
        """The training runs."""
        # Deferred: the first frame is painted before the run manager and NumPy are imported.
        from charloom.tui.services.run_manager import RunManager

        return RunManager(self._app)

    @cached_property
    def terminal(self) -> "TerminalSignals":
        """The title, the progress bar and the bell of the terminal."""
        from charloom.tui.services.terminal_signals import TerminalSignals  # deferred, too

        return TerminalSignals(self._app, lambda: self.preferences.alert)

    def watch_runs(self) -> None:
        """Poll the runs from now on, and signal to the terminal what becomes of them."""
        if not self._app.is_running:  # it was closed at once
            return
        self.runs.changed.subscribe(self._app, lambda _: self.terminal.show(self.runs.watched))
        self.runs.alerts.subscribe(self._app, self.terminal.alert)
        self.runs.start_polling()

    @cached_property
    def trash(self) -> "Trash":
        """The models, with their runs, and the checkpoints that the user has deleted."""
        from charloom.core.store.trash import Trash  # deferred for the same reason

        return Trash()

    async def start_run(self, source: "TextSource", create: "Callable[[], ModelDir]") -> str:
        """Create and start a run on the text ``source``, and return its name.

        Raises :class:`CharloomError`. The caller must not be cancelled: the folder would remain.
        """
        folder = await asyncio.to_thread(create)
        self.runs.start(folder)
        if source.recent_entry:
            self.remember(recent_texts=self.preferences.with_recent_text(source.recent_entry))
        return folder.name

    async def delete_model(self, name: str, undo_hint: str) -> None:
        """Delete a model with its run, and notify the user."""
        message = f"Deleted {name!r}; {undo_hint}"
        try:
            await asyncio.to_thread(self.trash.delete, name)
            self._app.notify(message)
        except CharloomError as error:
            self._app.notify(str(error), severity="error")
        self.runs.rescan()

    async def restore_model(self) -> str:
        """Restore the model or the checkpoints that were deleted last, and notify the user.

        Return the model's name, or "" if that fails.
        """
        name = ""
        try:
            name, deleted, checkpoints = await asyncio.to_thread(self.trash.restore)
            renamed = f" as {name!r}: the name was taken" if name != deleted else ""
            message = f"Restored {deleted!r}{renamed}."
            if checkpoints:
                message = f"Restored {plural(checkpoints, 'checkpoint')} of {name!r}."
            self._app.notify(message)
        except CharloomError as error:
            self._app.notify(str(error), severity="error")
        self.runs.rescan()
        return name

    def close(self) -> None:
        """Remove what the user has deleted, and restore the terminal's title."""
        if "terminal" in vars(self):
            self.terminal.show(None)
        if "trash" in vars(self):
            self.trash.empty()

    def remember(self, **changes: Any) -> None:
        """Change preferences and save them; a failure to save is shown as a notification."""
        before, self.preferences = self.preferences, replace(self.preferences, **changes)
        if self.preferences == self._saved:
            return
        try:
            preferences.save(self.preferences, self.config.defaults)
            self._saved = self.preferences
        except CharloomError as error:  # the next change tries to save this one too
            if self.preferences != before:
                self._app.notify(str(error), severity="warning")
