"""One run: its state, loss chart, figures and latest sample."""

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from charloom.core.analysis.baselines import named
from charloom.core.runs.monitor import RunMonitor
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.charts.loss_plot import ChartData
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import safe_content
from charloom.tui.train import run_summary


class RunView(Vertical):
    """Shows a run; repaints only the parts that have changed."""

    def __init__(self) -> None:
        super().__init__()
        self._run: RunMonitor | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="heading", markup=False)
        yield Static("", id="progress", markup=False)
        yield Static("", id="bar", markup=False)
        yield LossChart()
        yield Static("", id="figures", markup=False)
        yield Static("", id="notes", markup=False)
        yield Static("", id="sample-title", markup=False)
        yield Static("", id="sample", markup=False)

    def set_run(self, run: RunMonitor, pending: str) -> None:
        """Show ``run``; ``pending`` names a command that it has not completed."""
        self._run = run
        self._set("heading", run_summary.heading(run, pending))
        self._set("progress", run_summary.progress(run))
        self._set("bar", run_summary.bar(run, self.content_size.width))
        self._set("figures", run_summary.figures(run))
        self._set("sample-title", run_summary.sample_title(run))
        self._set("sample", safe_content(run.sample.text.strip() if run.sample else ""))
        notes = run_summary.notes(run)
        self._set("notes", notes, layout=True)
        self.query_one("#notes").display = bool(notes)
        self.query_one(LossChart).set_data(chart_data(run))

    def on_resize(self) -> None:
        if self._run:
            self._set("bar", run_summary.bar(self._run, self.content_size.width))

    def _set(self, part: str, content: Content, layout: bool = False) -> None:
        static = self.query_one(f"#{part}", Static)
        if static.content != content:
            static.update(content, layout=layout)


def chart_data(run: RunMonitor) -> ChartData:
    """Return the curves and baselines of a run."""
    data = ChartData(run.train.points(), run.validation.points(), run_status.best(run))
    if not (started := run.started):
        return data
    return replace(data, baselines=named(started), total=started.total_steps)
