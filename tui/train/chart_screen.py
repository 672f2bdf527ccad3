"""A full-screen loss chart of one or several runs, with a cursor."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from textual import work
from textual.binding import BindingType
from textual.content import Content
from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.runs.events import bits
from charloom.core.runs.monitor import RunMonitor
from charloom.core.runs.run import read_run_config
from charloom.core.store.model_dir import ModelDir
from charloom.tui.charts.chart_picture import chart_picture, runs_picture
from charloom.tui.charts.curves import ChartData, chart_data
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.shell_commands import train_command
from charloom.tui.formatting.units import network_summary
from charloom.tui.services.app_services import AppServices
from charloom.tui.train import run_summary
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.keys import key_binding


class ChartScreen(BaseScreen):
    """The loss curves of runs; they grow while the runs are trained."""

    TITLE = "Loss"
    CSS_PATH = "chart_screen.tcss"
    HELP = LossChart.HELP
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding(
            "chart.axis", "Axis", "Count steps, minutes or characters on the x-axis", action="unit"
        ),
        key_binding("chart.log", "Log", "Make the x-axis logarithmic, or linear"),
        key_binding("chart.smooth", "Smooth", "Smooth the lines lightly, strongly or not at all"),
        key_binding(
            "chart.values", "Curve", "Compare validation or training losses", action="curve"
        ),
        key_binding("chart.export", "Export", "Save the chart as a picture"),
        key_binding("chart.back", "Back", "Back to the run", keys="escape"),
        key_binding("chart.loss", "Back", action="back"),
    ]

    def __init__(self, services: AppServices, slots: Mapping[str, int]) -> None:
        """Create the chart of the runs in ``slots``, which are their numbers on it."""
        super().__init__(services)
        self._slots = slots

    def body(self) -> Iterator:  # type: ignore[type-arg]
        yield Static("", id="heading", markup=False)
        yield Static("", id="view", markup=False)
        yield LossChart(cursor=True)
        yield ActionBar([("←→", "cursor", ""), ("↑↓", "zoom", ""), *key_hints(self)])

    def on_mount(self) -> None:
        self.query_one(LossChart).focus()

    def on_runs_changed(self) -> None:
        super().on_runs_changed()
        charts = self._charts()
        heading = Content("This run is no longer there.")
        run = self.services.runs.get(charts[0].name) if charts else None
        if run:
            heading = run_summary.heading(run, "")
            self.query_one(LossChart).set_data(*charts)
        if len(charts) > 1:
            heading = safe_content(f"{len(charts)} runs", "bold")
        self.query_one("#heading", Static).update(heading, layout=False)
        self.on_loss_chart_view_changed()

    def _charts(self) -> list[ChartData]:
        monitors = ((self.services.runs.get(name), slot) for name, slot in self._slots.items())
        return [chart_data(run, slot) for run, slot in monitors if run]

    def on_loss_chart_view_changed(self) -> None:
        chart = self.query_one(LossChart)
        self.query_one("#view", Static).update(safe_content(chart.describe_view(), "$text-muted"))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return action != "curve" or len(self._slots) > 1

    def action_unit(self) -> None:
        self.query_one(LossChart).action_unit()

    def action_log(self) -> None:
        self.query_one(LossChart).action_log()

    def action_smooth(self) -> None:
        self.query_one(LossChart).action_smooth()

    def action_curve(self) -> None:
        self.query_one(LossChart).action_curve()

    @work
    async def action_export(self) -> None:
        """Save a picture of the chart; that of one run has the command that trains such a run."""
        from charloom.tui.dialogs.share import save_picture

        if len(self._slots) > 1:
            svg = runs_picture(self._charts(), self.query_one(LossChart).view)
            await save_picture(self.app, "Save the chart to:", "chart-runs", svg)
            return
        run = self.services.runs.get(next(iter(self._slots)))
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
