"""Plot the loss curves of a run with characters, without colours.

The curves are given in nats and drawn in bits. Depending on the room there are a legend, axes and
a cursor with a readout.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
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
from charloom.tui.charts.canvas import (
    Axis,
    Canvas,
    Floats,
    PlotArea,
    Polyline,
    format_decimal,
    nearest_index,
    stable_axis,
)
from charloom.tui.charts.curves import NAT, ChartData, View

EMPTY = "The loss appears here after the first steps."
_MIN_MARK_DISTANCE = 8  # columns between the marks of the validation curve
_MIN_ROWS_FOR_THICK = 12  # with fewer rows, a thick curve would cover the other one


Phrase = Sequence[tuple[str, Ink]]


class DrawnChart(NamedTuple):
    """A chart drawn at one size, without colours; ``area`` is None if there is no loss yet."""

    canvas: Canvas
    x: Floats  # the positions on the axis that have a loss, sorted
    area: PlotArea | None = None
    whole: Axis | None = None  # the x-axis without zoom


def draw(
    data: ChartData,
    width: int,
    height: int,
    before: PlotArea | None = None,
    *,
    view: View = View(),  # noqa: B008 - immutable
    readout: bool = False,
    cursor: float | None = None,
    mark: float | None = None,
) -> DrawnChart:
    """Draw ``data`` on at least one cell; ``before`` is the area of the previous drawing.

    With ``readout`` there is a cursor, at the loss nearest to ``cursor`` on the x-axis (by default
    the newest), and a line with the losses there. With ``mark``, the curve has a mark at this step,
    and what follows is faint.
    """
    canvas = Canvas(width, height)
    train = view.placed(data, data.train_line)
    validation = view.placed(data, data.validation_line)
    x = np.union1d(train.x, validation.x)
    if not len(x):
        return empty_chart(canvas)
    # From 1 row bars, from 3 a legend, from 4 curves, from 6 step labels and the readout, from 14
    # a line for the x-axis.
    readout = readout and height >= 6
    area = plot_area(canvas, (height >= 3) + readout)
    whole = x_axis(x, view, data)
    area = area._replace(x=view.window or whole)
    drawn_train, drawn_validation = (
        view.smoothed(line, 2 * area.width).within(area.x, margin=1) for line in (train, validation)
    )
    losses = loss_range(drawn_train.y, drawn_validation.y, zoomed=view.window is not None)
    area = area._replace(y=stable_axis(before and before.y, *losses, MIN_BITS))
    legend: list[Phrase] = [[("bits/char", Ink.LABEL)]]
    if height < 4:
        legend += _draw_bars(canvas, area, drawn_train, drawn_validation)
    else:
        draw_axes(canvas, area, view)
        best = Polyline.from_points([data.best] if data.best else [], NAT)
        legend += _draw_curves(canvas, area, drawn_train, drawn_validation)
        legend += _draw_best(canvas, area, view.placed(data, best), best)
        legend += _draw_baselines(canvas, area, data.baselines)
        if mark is not None:
            curve = view.placed(data, data.marked_line)
            _draw_mark(canvas, area, curve, float(view.positions(data, np.array([mark]))[0]))
    if readout:
        at = x[-1 if cursor is None else nearest_index(x, cursor)]
        canvas.draw(area.left, area.top, area.vertical_dots(float(at)), Ink.CURSOR, under=True)
        write_phrases(canvas, 1, _readout(data, view, float(at)))
    if height >= 3:
        write_phrases(canvas, 0, legend)
    return DrawnChart(canvas, x, area, whole)


def empty_chart(canvas: Canvas) -> DrawnChart:
    """Return a chart that says that there is no loss yet."""
    x = max(0, (canvas.width - len(EMPTY)) // 2)
    canvas.write(x, (canvas.height - 1) // 2, EMPTY, Ink.LABEL)
    return DrawnChart(canvas, np.empty(0))


def _draw_curves(
    canvas: Canvas, area: PlotArea, train: Polyline, validation: Polyline
) -> Iterator[Phrase]:
    """Draw the training curve, over it the validation curve with marks; yield the legend."""
    if len(train.x):
        canvas.draw(area.left, area.top, area.line_dots(train), Ink.TRAIN)
        yield [("⠒⠒", Ink.TRAIN), (" train", Ink.LABEL)]
    if len(validation.x):
        dots = area.line_dots(validation, thick=area.height >= _MIN_ROWS_FOR_THICK)
        canvas.draw(area.left, area.top, dots, Ink.VALIDATION)
        draw_marks(canvas, area, validation, "●", Ink.VALIDATION)
        yield [("━●━", Ink.VALIDATION), (" validation", Ink.LABEL)]


def _draw_best(
    canvas: Canvas, area: PlotArea, placed: Polyline, best: Polyline
) -> Iterator[Phrase]:
    """Mark the best validation, ``placed`` on the x-axis; yield its loss and step."""
    for x, y, step in zip(*placed, best.x, strict=True):
        if area.x.contains(x):
            canvas.write(area.column(x), area.row(y), "◆", Ink.BEST)
        yield [("◆", Ink.BEST), (f" best {y:.2f} @ {step:,.0f}", Ink.LABEL)]


def _draw_mark(canvas: Canvas, area: PlotArea, curve: Polyline, at: float) -> None:
    column = area.column(at)
    faint = (Ink.TRAIN, Ink.VALIDATION, Ink.BEST)
    canvas.recolor(column + 1, area.top, area.height, faint, Ink.AXIS)
    canvas.draw(area.left, area.top, area.vertical_dots(at), Ink.AXIS, under=True)
    canvas.write(column, area.row(float(np.interp(at, *curve))), "◉", Ink.MARK)


def draw_marks(
    canvas: Canvas, area: PlotArea, line: Polyline, mark: str, ink: Ink, shift: int = 0
) -> None:
    """Write ``mark`` on some of the points of a line that are in the area.

    Marks of lines with different ``shift`` (columns) are at different places.
    """
    line = line.within(area.x)
    for point in _marked_points(area, line, shift) if len(line.x) else ():
        canvas.write(area.column(line.x[point]), area.row(line.y[point]), mark, ink)


def _marked_points(area: PlotArea, line: Polyline, shift: int) -> Iterator[int]:
    """Yield the indices of the points of ``line`` to mark, as many as there is room for.

    A mark is in the middle of its cell, so of neighbours the most centred one is chosen.
    """
    columns = 1 + area.column(line.x[-1]) - area.column(line.x[0])
    every = 2 ** math.ceil(math.log2(max(1, _MIN_MARK_DISTANCE * len(line.x) / columns)))
    offset = np.abs(np.rint(area.y.positions(line.y, 4 * area.height)) % 4 - 1.5)
    first = min(len(offset) - 1, shift * len(offset) // columns)
    for start in range(first, len(offset), every):
        point = start + int(offset[start : start + max(1, every // 2)].argmin())
        if area.y.contains(line.y[point]):
            yield point


def _draw_baselines(
    canvas: Canvas, area: PlotArea, baselines: Sequence[tuple[str, float]]
) -> Iterator[Phrase]:
    """Draw the visible baselines with their names; yield the names that did not fit.

    The lowest comes first: it is beaten last.
    """
    levels = np.zeros((4 * area.height, 2 * area.width), np.bool_)
    names: dict[int, list[tuple[int, str]]] = {}  # by row, from right to left
    finite = [(name, nats / NAT) for name, nats in baselines if math.isfinite(nats)]
    for name, bits in sorted(finite, key=lambda item: item[1]):
        text = f" {name} {bits:.2f} "
        if not area.y.contains(bits):
            yield [(f"{'↑' if bits > area.y.high else '↓'}{text.rstrip()}", Ink.BASELINE)]
            continue
        levels |= area.horizontal_dots(bits)
        row = area.row(bits)
        in_row = names.setdefault(row, [])
        end = in_row[-1][0] if in_row else canvas.width
        free = canvas.line(row).rfind(" " * len(text), area.left, end)
        if free < 0:
            yield [(text.strip(), Ink.BASELINE)]
        else:
            in_row.append((free, text))
    canvas.draw(area.left, area.top, levels, Ink.BASELINE, under=True)
    for row, written in names.items():
        for x, text in written:
            canvas.write(x, row, text, Ink.BASELINE)


def _draw_bars(
    canvas: Canvas, area: PlotArea, train: Polyline, validation: Polyline
) -> Iterator[Phrase]:
    """Draw one curve in one or two rows, with the ends of the axis next to it."""
    line, name = (train, "train") if len(train.x) else (validation, "validation")
    line = line.within(area.x)
    axis, bar_count = area.left - 1, area.width
    if area.left:
        low, high = (format_decimal(end, 0.01, axis) for end in area.y)
        canvas.write(0, area.top, high, Ink.LABEL)
        if area.height == 1:
            bar_count -= area.left
            canvas.write(canvas.width - axis, area.top, low, Ink.LABEL)
        else:
            canvas.write(0, area.top + 1, low, Ink.LABEL)
    yield [(name, Ink.LABEL)]
    if not len(line.x):
        return
    x = np.rint(area.x.positions(line.x, bar_count))
    columns = np.arange(x[0], x[-1] + 1)
    levels = np.interp(columns, x, area.y.positions(line.y, 2))
    canvas.bars(area.left + int(x[0]), area.top, levels, area.height, Ink.TRAIN)


def _readout(data: ChartData, view: View, at: float) -> list[Phrase]:
    """Return the recorded losses nearest to the position ``at``."""
    lines = {"train": data.train_line, "validation": data.validation_line}
    placed = {name: view.positions(data, line.x) for name, line in lines.items() if len(line.x)}
    last = max(view.value(float(x[-1])) for x in placed.values())
    phrases: list[Phrase] = [[(format_x(view.value(at), view, last), Ink.READOUT)]]
    for name, x in placed.items():
        point = nearest_index(x, at)
        step, bits = lines[name].x[point], lines[name].y[point]
        text = f"{name} {bits:.2f} bits {bits * NAT:.3f} nats"
        if x[point] != at:
            text += f" @ {step:,.0f}"
        phrases.append([(text, Ink.READOUT)])
    return phrases


def write_phrases(canvas: Canvas, row: int, phrases: Iterable[Phrase]) -> None:
    """Write as many whole phrases as fit."""
    x = 0
    for phrase in phrases:
        if x + sum(len(text) for text, _ in phrase) > canvas.width:
            break
        for text, ink in phrase:
            canvas.write(x, row, text, ink)
            x += len(text)
        x += 2
