"""A full-screen loss chart with a cursor."""

from collections.abc import Iterator
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Static

from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.services.app_services import AppServices
from charloom.tui.train import run_summary
from charloom.tui.train.run_view import chart_data
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.base_screen import BaseScreen


class ChartScreen(BaseScreen):
    """The loss curves of one run; they grow while it is trained."""

    TITLE = "Loss"
    CSS_PATH = "chart_screen.tcss"
    HELP = LossChart.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,v", "back", "Back", show=False, tooltip="Back to the run"),
    ]

    def __init__(self, services: AppServices, name: str) -> None:
        super().__init__(services)
        self._run_name = name

    def body(self) -> Iterator:  # type: ignore[type-arg]
        yield Static("", id="heading", markup=False)
        yield LossChart(cursor=True)
        yield ActionBar([("←→", "move cursor", ""), *key_hints(self)])

    def on_mount(self) -> None:
        self.query_one(LossChart).focus()

    def on_runs_changed(self) -> None:
        super().on_runs_changed()
        if run := self.services.runs.get(self._run_name):
            self.query_one("#heading", Static).update(run_summary.heading(run, ""), layout=False)
            self.query_one(LossChart).set_data(chart_data(run))
        else:
            self.query_one("#heading", Static).update("This run is no longer there.")

    def action_back(self) -> None:
        self.dismiss()
