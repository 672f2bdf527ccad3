"""A full-screen loss chart with a cursor."""

from collections.abc import Iterator
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.runs.events import bits
from charloom.core.runs.monitor import RunMonitor
from charloom.core.runs.run import read_run_config
from charloom.core.store.model_dir import ModelDir
from charloom.tui.charts.chart_picture import chart_picture
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.formatting import run_status
from charloom.tui.formatting.shell_commands import train_command
from charloom.tui.formatting.units import network_summary
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
        Binding("x", "export", "Export", show=False, tooltip="Save the chart as a picture"),
    ]

    def __init__(self, services: AppServices, name: str) -> None:
        super().__init__(services)
        self._run_name = name

    def body(self) -> Iterator:  # type: ignore[type-arg]
        yield Static("", id="heading", markup=False)
        yield LossChart(cursor=True)
        yield ActionBar([("←→", "move cursor", ""), *key_hints(self, export="")])

    def on_mount(self) -> None:
        self.query_one(LossChart).focus()

    def on_runs_changed(self) -> None:
        super().on_runs_changed()
        if run := self.services.runs.get(self._run_name):
            self.query_one("#heading", Static).update(run_summary.heading(run, ""), layout=False)
            self.query_one(LossChart).set_data(chart_data(run))
        else:
            self.query_one("#heading", Static).update("This run is no longer there.")

    @work
    async def action_export(self) -> None:
        """Save a picture of the chart, with how to train such a run."""
        from charloom.tui.dialogs.share import save_picture

        run = self.services.runs.get(self._run_name)
        if run is None:
            return
        try:
            command = train_command(read_run_config(ModelDir.named(run.name)))
        except CharloomError:  # the run is damaged
            command = ""
        svg = chart_picture(run.name, chart_data(run), list(_facts(run)), command)
        await save_picture(self.app, "Save the chart to:", f"chart-{run.name}", svg)

    def action_back(self) -> None:
        self.dismiss()


def _facts(run: RunMonitor) -> Iterator[str]:
    """Yield the network and the scores of a run, for its picture."""
    if run.started:
        yield network_summary(run.started.model)
        yield f"{run.started.parameters:,} parameters"
    if best := run_status.best(run):
        yield f"best {bits(best[1]):.2f} bits/char at step {best[0]:,}{run_status.best_note(run)}"
    if run.started and "seed" in run.started.training:
        yield f"seed {run.started.training['seed']}"
