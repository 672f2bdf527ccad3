"""Plot one loss of several runs, each in its own colour, line style and mark."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from charloom.tui.charts.axes import (
    MIN_BITS,
    Ink,
    draw_axes,
    format_x,
    loss_range,
    plot_area,
    x_axis,
)
from charloom.tui.charts.canvas import Canvas, PlotArea, Polyline, nearest_index, stable_axis
from charloom.tui.charts.curves import ChartData, View
from charloom.tui.charts.loss_plot import (
    DrawnChart,
    Phrase,
    draw,
    draw_marks,
    empty_chart,
    write_phrases,
)

MARKS = "△□◇○▽☆"
# Line styles in dots. They differ in the first four, which the legend shows.
DASHES = ("1", "111000", "100", "101111110", "1100", "10000")
_MAX_NAME = 24  # characters
_MISSING = "–"  # a run that is not as long


class RunCurve(NamedTuple):
    """A run with its chosen loss: the recorded points, and the points to draw."""

    data: ChartData
    name: str
    recorded: Polyline
    drawn: Polyline

    @property
    def ink(self) -> Ink:
        return Ink(Ink.RUN1 + self.data.slot % len(MARKS))

    @property
    def mark(self) -> str:
        return MARKS[self.data.slot % len(MARKS)]

    @property
    def dashes(self) -> str:
        """The line style; runs of equal colour and mark have different ones."""
        slot = self.data.slot
        return DASHES[(slot + slot // len(MARKS)) % len(DASHES)]


def draw_runs(
    runs: Sequence[ChartData],
    width: int,
    height: int,
    before: PlotArea | None = None,
    *,
    view: View = View(),  # noqa: B008 - immutable
    readout: bool = False,
    cursor: float | None = None,
) -> DrawnChart:
    """Draw one run with all its losses, or several with one loss each; see :func:`draw`."""
    if len(runs) <= 1:
        data = runs[0] if runs else ChartData()
        return draw(data, width, height, before, view=view, readout=readout, cursor=cursor)
    canvas = Canvas(width, height)
    curves = list(run_curves(runs, view, 2 * width))
    if not curves:
        return empty_chart(canvas)
    x = np.unique(np.concatenate([curve.recorded.x for curve in curves]))
    whole = x_axis(x, view)
    at = float(x[-1 if cursor is None else nearest_index(x, cursor)]) if readout else None
    legend = _legend_rows(_legend(curves, view, at, float(x[-1])), width, max(1, height // 4))
    area = plot_area(canvas, len(legend) if height >= 3 else 0)._replace(x=view.window or whole)
    visible = [curve.drawn.within(area.x, margin=1).y for curve in curves]
    ranges = [loss_range(y, y[:0], zoomed=view.window is not None) for y in visible if len(y)]
    low = min((low for low, _ in ranges), default=0.0)
    high = max((high for _, high in ranges), default=low)
    area = area._replace(y=stable_axis(before and before.y, low, high, MIN_BITS))
    draw_axes(canvas, area, view)
    for curve in curves:
        dots = area.line_dots(curve.drawn, dashes=curve.dashes)
        canvas.draw(area.left, area.top, dots, curve.ink)
    for curve in curves:  # over all lines
        draw_marks(canvas, area, curve.drawn, curve.mark, curve.ink, 2 * (curve.data.slot % 4))
    if at is not None:
        canvas.draw(area.left, area.top, area.vertical_dots(at), Ink.CURSOR, under=True)
    for row, phrases in enumerate(legend if height >= 3 else ()):
        write_phrases(canvas, row, phrases)
    return DrawnChart(canvas, x, area, whole)


def run_curves(runs: Sequence[ChartData], view: View, max_points: int) -> Iterator[RunCurve]:
    """Yield the runs that have losses; one without the chosen loss has its other one."""
    for data in runs:
        lines = [("", data.validation_line), (" (train)", data.train_line)]
        note, line = next(
            ((note, line) for note, line in lines[view.train :] + lines if len(line.x)), lines[0]
        )
        if len(line.x):
            recorded = view.placed(data, line)
            name = data.name
            name = name if len(name) <= _MAX_NAME else name[: _MAX_NAME - 1] + "…"
            drawn = view.smoothed(recorded, max_points)
            yield RunCurve(data, name + note * (not view.train), recorded, drawn)


def _legend(curves: Sequence[RunCurve], view: View, at: float | None, last: float) -> list[Phrase]:
    """Return mark, name and loss of each run: the loss at the cursor, or else the lowest."""
    first, value = f"best {'train' if view.train else 'validation'}", Ink.LABEL
    if at is not None:
        first, value = format_x(view.value(at), view, view.value(last)), Ink.READOUT
    phrases: list[Phrase] = [[(first, value)]]
    for curve in curves:
        line = line_sample(curve.dashes)
        loss = f" {curve.recorded.y.min():.2f}" if at is None else f" {_loss(curve, at):>5}"
        sample = f"{line[0]}{curve.mark}{line[1]}", curve.ink
        phrases.append([sample, (f" {curve.name}", Ink.LABEL), (loss, value)])
    return phrases


def _loss(curve: RunCurve, at: float) -> str:
    """Return the recorded loss nearest to the position ``at``, if the run was trained so far."""
    x, y = curve.recorded
    point = nearest_index(x, at)
    gap = (x[-1] - x[0]) / max(1, len(x) - 1)  # between two losses
    return f"{y[point]:.3f}" if x[0] - gap <= at <= x[-1] + gap else _MISSING


def line_sample(dashes: str) -> str:
    """Return two cells of a line with ``dashes``."""
    dots = [int(dash) for dash in (dashes * 4)[:4]]
    return "".join(chr(0x2800 + 2 * dots[cell] + 16 * dots[cell + 1]) for cell in (0, 2))


def _legend_rows(phrases: Sequence[Phrase], width: int, max_rows: int) -> list[list[Phrase]]:
    """Return the phrases in rows; those that do not fit are left out."""
    rows: list[list[Phrase]] = [[]]
    for phrase in phrases:
        row = [*rows[-1], phrase]
        if rows[-1] and sum(len(text) for part in row for text, _ in part) + 2 * len(row) > width:
            rows.append([])
        rows[-1].append(phrase)
    return rows[:max_rows]
