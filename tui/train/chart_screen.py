"""The curves of a run on a screen of their own, to be read step by step."""

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from charloom.tui.services.app_services import AppServices
from charloom.tui.train import run_summary
from charloom.tui.train.loss_chart import LossChart
from charloom.tui.train.run_view import curves
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen


class ChartScreen(BaseScreen):
    """The loss of one run; it goes on while that is trained."""

    TITLE = "Loss"
    CSS_PATH = "chart_screen.tcss"
    HELP = LossChart.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,v", "back", "Back", show=False, tooltip="Back to the run"),
    ]

    def __init__(self, services: AppServices, name: str) -> None:
        super().__init__(services)
        self._model = name

    def body(self) -> Iterator:  # type: ignore[type-arg]
        """Lay out a heading over the chart."""
        yield Static("", id="heading", markup=False)
        yield LossChart(cursor=True)
        yield ActionBar([("←→", "read", ""), ("esc", "back", "screen.back")])

    def on_mount(self) -> None:
        """Let the arrow keys move the cursor."""
        self.query_one(LossChart).focus()

    def on_runs_changed(self) -> None:
        """Draw what has come."""
        super().on_runs_changed()
        if run := self.services.runs.get(self._model):
            self.query_one("#heading", Static).update(run_summary.heading(run, ""), layout=False)
            self.query_one(LossChart).set_data(curves(run))

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()
