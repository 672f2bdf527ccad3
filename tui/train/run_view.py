"""One run: its state, loss chart, figures and latest sample."""

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.containers import Container, Vertical
from textual.content import Content
from textual.widgets import Static

from charloom.core.runs.monitor import RunMonitor
from charloom.tui.charts.curves import ChartData, chart_data
from charloom.tui.charts.loss_chart import LossChart
from charloom.tui.formatting.content import safe_content
from charloom.tui.train import run_summary


class RunView(Vertical):
    """Shows a run; repaints only the parts that have changed."""

    def __init__(self) -> None:
        super().__init__()
        self._run: RunMonitor | None = None

    def compose(self) -> ComposeResult:
        yield Static("", id="heading", markup=False)
        with Container(id="pace"):
            yield Static("", id="bar", markup=False)
            yield Static("", id="progress", markup=False)
        yield LossChart()
        yield Static("", id="figures", markup=False)
        yield Static("", id="notes", markup=False)
        yield Static("", id="sample-title", markup=False)
        yield Static("", id="sample", markup=False)

    def set_run(self, run: RunMonitor, pending: str, chart: Sequence[ChartData] = ()) -> None:
        """Show ``run``; ``pending`` names a command that it has not completed.

        ``chart`` has the runs on the chart, if it is not this one alone.
        """
        self._run = run
        self._set("heading", run_summary.heading(run, pending))
        self._set("progress", run_summary.progress(run))
        self._set_sizes(run)
        self._set("sample-title", run_summary.sample_title(run))
        self._set("sample", safe_content(run.sample.text.strip() if run.sample else ""))
        notes = run_summary.notes(run)
        self._set("notes", notes, layout=True)
        self.query_one("#notes").display = bool(notes)
        self.query_one(LossChart).set_data(*(chart or [chart_data(run)]))

    def on_resize(self) -> None:
        if self._run:
            self._set_sizes(self._run)

    def _set_sizes(self, run: RunMonitor) -> None:
        """Show what depends on the size of the screen."""
        self._set("bar", run_summary.bar(run, self.query_one("#bar").content_size.width))
        self._set("figures", run_summary.figures(run, brief=self.screen.has_class("-short")))

    def _set(self, part: str, content: Content, layout: bool = False) -> None:
        static = self.query_one(f"#{part}", Static)
        if static.content != content:
            static.update(content, layout=layout)
