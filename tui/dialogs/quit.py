"""Leaving while a run is trained: what is to become of it."""

from typing import TYPE_CHECKING

from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command
from charloom.tui.dialogs.basic import ChoiceDialog, DialogOption
from charloom.tui.formatting.content import safe_content

if TYPE_CHECKING:
    from charloom.tui.services.run_manager import RunManager

GO_ON, STOP = "go on", "stop"
SAVED = "saved"
_STAY = DialogOption("", "Stay", "c")


class QuitDialog(ChoiceDialog):
    """Ask whether the runs that are trained shall :data:`GO_ON` or :data:`STOP`; "" is to stay."""

    DEFAULT_CSS = "QuitDialog VerticalGroup { width: 74; }"

    def __init__(self, runs: "RunManager") -> None:
        one = len(runs.live) == 1
        super().__init__(
            f"{_listed(runs)} {'is' if one else 'are'} being trained.",
            (
                DialogOption(GO_ON, "Let it go on" if one else "Let them go on", "g", "primary"),
                DialogOption(STOP, "Stop and save", "s"),
                _STAY,
            ),
            "Training goes on without the app; open Charloom again to watch it.",
        )


class StopRunsDialog(ChoiceDialog):
    """Stop every trainer and answer :data:`SAVED` once all have; "" if the person would stay."""

    def __init__(self, runs: "RunManager") -> None:
        super().__init__("", (_STAY,), "Each saves where it is; it can be resumed from there.")
        self._runs = runs

    def on_mount(self) -> None:
        """Tell the trainers, and wait for them."""
        try:
            for run in self._runs.live:
                self._runs.send_command(run.name, Command("stop"))
        except CharloomError as error:
            self.notify(str(error), severity="error")
            self.dismiss("")
            return
        self._runs.changed.subscribe(self, lambda _: self._wait())
        self._wait()

    def _wait(self) -> None:
        if self._runs.live:
            told = safe_content(f"Stopping and saving {_listed(self._runs)} …", "bold")
            self.query(Static).first().update(told)
        elif self.is_current:
            self.dismiss(SAVED)


def _listed(runs: "RunManager") -> str:
    """Return the names of those that are trained, or how many they are."""
    names = [run.name for run in runs.live]
    return " and ".join(names) if len(names) <= 2 else f"{len(names)} runs"
