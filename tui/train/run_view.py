"""One run: how it stands, its curve, its figures, and what it writes."""

from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from charloom.core.analysis.baselines import named
from charloom.core.runs.monitor import RunMonitor
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import safe_content
from charloom.tui.train import run_summary
from charloom.tui.train.loss_chart import LossChart
from charloom.tui.train.loss_plot import ChartData


class RunView(Vertical):
    """Shows a run. Each part is repainted only when it has changed."""

    DEFAULT_CSS = """
    RunView {
        LossChart { margin: 1 0 0 0; }
        Static { height: 1; text-wrap: nowrap; text-overflow: ellipsis; }
        #figures { height: 3; }
        #notes { height: auto; max-height: 3; text-wrap: wrap; text-overflow: fold; }
        #sample-title { margin-top: 1; }
        #sample { height: 3; text-wrap: wrap; text-overflow: fold; text-style: italic; }
        #notes, #sample { max-width: 88; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: RunMonitor | None = None

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        yield Static("", id="heading", markup=False)
        yield Static("", id="place", markup=False)
        yield Static("", id="bar", markup=False)
        yield LossChart()
        yield Static("", id="figures", markup=False)
        yield Static("", id="notes", markup=False)
        yield Static("", id="sample-title", markup=False)
        yield Static("", id="sample", markup=False)

    def show(self, run: RunMonitor, asked: str) -> None:
        """Show how ``run`` stands, and what it was ``asked`` for that has not come to pass."""
        self._shown = run
        self._put("heading", run_summary.heading(run, asked))
        self._put("place", run_summary.place(run))
        self._put("bar", run_summary.bar(run, self.content_size.width))
        self._put("figures", run_summary.figures(run))
        self._put("sample-title", run_summary.sample_title(run))
        self._put("sample", safe_content(run.sample.text.strip() if run.sample else ""))
        notes = run_summary.notes(run)
        self._put("notes", notes, layout=True)
        self.query_one("#notes").display = bool(notes)
        self.query_one(LossChart).set_data(curves(run))

    def on_resize(self) -> None:
        """Fit the bar to the width."""
        if self._shown:
            self._put("bar", run_summary.bar(self._shown, self.content_size.width))

    def _put(self, part: str, content: Content, layout: bool = False) -> None:
        """Show ``content``, if it is new."""
        static = self.query_one(f"#{part}", Static)
        if static.content != content:
            static.update(content, layout=layout)


def curves(run: RunMonitor) -> ChartData:
    """Return what there is to draw of a run."""
    found = ChartData(run.train.points(), run.validation.points(), run_status.best(run))
    if not (started := run.started):
        return found
    return replace(found, baselines=named(started), total=started.total_steps)
