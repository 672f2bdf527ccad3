"""The list of runs, a line each: mark, state, name, completed share, best loss, loss curve."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from charloom.core.runs.events import bits
from charloom.core.runs.monitor import RunMonitor
from charloom.tui.charts.overlay_plot import MARKS
from charloom.tui.charts.sparkline import sparkline
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import pad_line, safe_content
from charloom.tui.formatting.graphemes import cell_len
from charloom.tui.widgets.option_list import PlainOptionList

_OTHER_COLUMNS = 15  # mark, symbol, share and loss
_MIN_NAME = 12  # columns
_MIN_CURVE, _MAX_CURVE = 6, 16  # columns
MARK_COLOURS = ("$accent", "$secondary", "$success", "$error", "$warning", "$primary")
_NO_SLOTS: Mapping[str, int] = {}


class RunList(PlainOptionList):
    """Posts ``Chosen`` for the highlighted run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "screen.talk", "Talk", show=False, tooltip="Open its best checkpoint in Prompt"
        ),
    ]

    @dataclass
    class Chosen(Message):
        """The user highlighted another run."""

        name: str

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Content] = {}
        self._runs: Sequence[RunMonitor] = ()
        self._slots: Mapping[str, int] = {}

    def set_runs(
        self, runs: Sequence[RunMonitor], selected: str, slots: Mapping[str, int] = _NO_SLOTS
    ) -> None:
        """Show ``runs`` and highlight the one called ``selected``.

        ``slots`` are the numbers of the runs that are marked for the chart.
        """
        self._runs, self._slots = runs, slots
        room = max(_MIN_NAME, self.scrollable_content_region.width - _OTHER_COLUMNS)
        longest = max((cell_len(run.name) for run in runs), default=0)
        width = min(longest, max(_MIN_NAME, room - _MIN_CURVE - 2))
        curve = min(_MAX_CURVE, room - width - 2)
        rows = {run.name: _row(run, width, curve, slots.get(run.name)) for run in runs}
        with self.prevent(OptionList.OptionHighlighted):
            if list(rows) != list(self._rows):
                self.set_options(Option(row, id=name) for name, row in rows.items())
            else:
                for name, row in rows.items():
                    if row != self._rows[name]:
                        self.replace_option_prompt(name, row)
            self._rows = rows
            if selected in rows:
                self.highlighted = list(rows).index(selected)

    def on_resize(self) -> None:
        if self.highlighted_option:
            self.set_runs(self._runs, self.highlighted_option.id or "", self._slots)

    @on(OptionList.OptionHighlighted)
    def post_chosen(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id))


def _row(run: RunMonitor, name_width: int, curve_width: int, slot: int | None) -> Content:
    best = run_status.best(run)
    done = f"{run_status.fraction(run):.0%}" if run.progress else ""
    few = "~" if run_status.best_note(run) else ""  # there is no room for the number
    loss = f"{few}{bits(best[1]):.2f}" if best else ""
    mark = ("  ", "") if slot is None else _mark(slot)
    curve = ""
    if curve_width >= _MIN_CURVE:
        curve = "  " + sparkline(run.train.points() or run.validation.points(), curve_width)
    return Content.assemble(
        mark,
        (f"{run_status.symbol(run.status)} ", run_status.colour(run.status)),
        safe_content(pad_line(run.name, name_width)),
        f"{done:>5}{loss:>6}",
        (curve, "$text-muted"),
    )


def _mark(slot: int) -> tuple[str, str]:
    """Return the mark of a run in the chart, followed by a blank, and its colour."""
    return f"{MARKS[slot % len(MARKS)]} ", MARK_COLOURS[slot % len(MARKS)]
