"""Dialogs shown when the user quits while runs are being trained."""

from typing import TYPE_CHECKING

from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command
from charloom.tui.dialogs.basic import ChoiceDialog, DialogOption
from charloom.tui.formatting.content import safe_content

if TYPE_CHECKING:
    from charloom.tui.services.run_manager import RunManager

KEEP_GOING, STOP = "keep going", "stop"
SAVED = "saved"
_STAY = DialogOption("", "Stay", "c")


class QuitDialog(ChoiceDialog):
    """Ask whether to quit and :data:`KEEP_GOING` or :data:`STOP` the runs, or to stay ("")."""

    def __init__(self, runs: "RunManager") -> None:
        one = len(runs.live) == 1
        keep = "Keep it going" if one else "Keep them going"
        super().__init__(
            f"{_run_names(runs)} {'is' if one else 'are'} being trained.",
            (
                DialogOption(KEEP_GOING, keep, "g", "primary"),
                DialogOption(STOP, "Stop and save", "s"),
                _STAY,
            ),
            "Training continues without the app; open Charloom again to watch it.",
        )


class StopRunsDialog(ChoiceDialog):
    """Stop every trainer and return :data:`SAVED` once all have saved; "" if the user stays."""

    def __init__(self, runs: "RunManager") -> None:
        super().__init__("", (_STAY,), "Each run saves a checkpoint, to be resumed from there.")
        self._runs = runs

    def on_mount(self) -> None:
        try:
            for run in self._runs.live:
                self._runs.send_command(run.name, Command("stop"))
        except CharloomError as error:
            self.notify(str(error), severity="error")
            self.dismiss("")
            return
        self._runs.changed.subscribe(self, lambda _: self._update())
        self._update()

    def _update(self) -> None:
        if self._runs.live:
            message = safe_content(f"Stopping and saving {_run_names(self._runs)} …", "bold")
            self.query(Static).first().update(message)
        elif self.is_current:
            self.dismiss(SAVED)


def _run_names(runs: "RunManager") -> str:
    """Return the names of the live runs, or their number if there are more than two."""
    names = [run.name for run in runs.live]
    return " and ".join(names) if len(names) <= 2 else f"{len(names)} runs"
