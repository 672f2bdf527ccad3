"""Plot the loss curves of a run with characters, without colours.

The curves are given in nats and drawn in bits. Depending on the room there are a legend, axes and
a cursor with a readout.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from charloom.tui.charts.canvas import (
    Axis,
    Canvas,
    Floats,
    PlotArea,
    Polyline,
    format_count,
    format_decimal,
    nearest_index,
    stable_axis,
)

EMPTY = "The loss appears here after the first steps."
_NAT = math.log(2)  # nats / ln 2 = bits
_GUTTER = 6  # columns left of the curves: five for a label, one for the axis
_MIN_BITS = 0.1  # shortest axis of losses: a shorter one would magnify noise
_MIN_MARK_DISTANCE = 8  # columns between the marks of the validation curve
_MIN_ROWS_FOR_THICK = 12  # with fewer rows, a thick curve would cover the other one
_NEARLY_DONE = 0.8  # of the run: from here on the axis of steps extends to its end


@dataclass(frozen=True)
class ChartData:
    """The curves, as pairs of a step and a loss in nats per character.

    ``baselines`` are pairs of a name and a loss; ``total`` is the run's last step, if known. The
    sequences must not be changed afterwards.
    """

    train: Sequence[tuple[float, float]] = ()
    validation: Sequence[tuple[float, float]] = ()
    best: tuple[float, float] | None = None
    baselines: Sequence[tuple[str, float]] = ()
    total: float | None = None


class Ink(IntEnum):
    """The roles of cells; each has a component class of its own."""

    PAPER = 0
    LABEL = 1
    AXIS = 2
    BASELINE = 3
    TRAIN = 4
    VALIDATION = 5
    BEST = 6
    CURSOR = 7
    READOUT = 8


Phrase = Sequence[tuple[str, Ink]]


class DrawnChart(NamedTuple):
    """A chart drawn at one size, without colours; ``area`` is None if there is no loss yet."""

    canvas: Canvas
    steps: Floats  # that have a loss, sorted
    area: PlotArea | None = None


def draw(
    data: ChartData,
    width: int,
    height: int,
    before: PlotArea | None = None,
    *,
    readout: bool = False,
    cursor: float | None = None,
) -> DrawnChart:
    """Draw ``data`` on at least one cell; ``before`` is the area of the previous drawing.

    With ``readout`` there is a cursor, at the step nearest to ``cursor`` (by default the newest),
    and a line with the losses there.
    """
    canvas = Canvas(width, height)
    train = Polyline.from_points(data.train, _NAT)
    validation = Polyline.from_points(data.validation, _NAT)
    steps = np.union1d(train.x, validation.x)
    if not len(steps):
        canvas.write(max(0, (width - len(EMPTY)) // 2), (height - 1) // 2, EMPTY, Ink.LABEL)
        return DrawnChart(canvas, steps)
    # From 1 row bars, from 3 a legend, from 4 curves, from 6 step labels and the readout, from 12
    # a line for the axis of steps.
    readout = readout and height >= 6
    left = _GUTTER if width >= 20 else 0
    top = (height >= 3) + readout
    plot_width = width - left
    plot_height = height - top - (height >= 6) - (height >= 12)
    thin_train = train.thinned(2 * plot_width)
    thin_validation = validation.thinned(2 * plot_width)
    y = stable_axis(before and before.y, *_loss_range(thin_train.y, thin_validation.y), _MIN_BITS)
    area = PlotArea(left, top, plot_width, plot_height, _step_axis(steps, data.total), y)
    legend: list[Phrase] = [[("bits/char", Ink.LABEL)]]
    if height < 4:
        legend += _draw_bars(canvas, area, thin_train, thin_validation)
    else:
        _draw_axes(canvas, area)
        best = Polyline.from_points([data.best] if data.best else [], _NAT)
        legend += _draw_curves(canvas, area, thin_train, thin_validation, best)
        legend += _draw_baselines(canvas, area, data.baselines)
    if readout:
        at = float(steps[-1 if cursor is None else nearest_index(steps, cursor)])
        canvas.draw(left, top, area.vertical_dots(at), Ink.CURSOR, under=True)
        _write(canvas, 1, _readout(at, steps[-1], train, validation))
    if height >= 3:
        _write(canvas, 0, legend)
    return DrawnChart(canvas, steps, area)


def _loss_range(train: Floats, validation: Floats) -> tuple[float, float]:
    """Return the range of losses to show.

    The first losses, from ln V down, are many times as far from the lowest as all later ones. So
    the range ends at three times the distance of the upper quartile from the lowest, or higher if
    the newest tenth of a curve (all but its spikes) needs it.
    """
    both = np.concatenate((train, validation))
    low = both.min()
    usual = low + 3 * (np.quantile(train if len(train) else validation, 0.75) - low)
    newest = [np.quantile(y[-1 - len(y) // 10 :], 0.9) for y in (train, validation) if len(y)]
    return float(low), float(min(both.max(), max(usual, *newest)))


def _step_axis(steps: Floats, total: float | None) -> Axis:
    """Return an axis that ends at the newest step or, late in a run, at its last step."""
    low, high = float(steps[0]), float(steps[-1])
    if total and _NEARLY_DONE * total <= high < total:
        high = total
    return Axis(min(low, high - 1), high)


def _draw_axes(canvas: Canvas, area: PlotArea) -> None:
    bottom, axis = area.top + area.height, area.left - 1
    for row in range(area.top, bottom):
        canvas.write(axis, row, "│", Ink.AXIS)
    ticks, step = area.y.ticks(min(5, max(2, area.height // 2)))
    for tick in ticks if area.left else ():
        canvas.write(axis, area.row(tick), "┤", Ink.AXIS)
        canvas.write(0, area.row(tick), format_decimal(tick, step, axis), Ink.LABEL)
    ruled = canvas.height - bottom == 2
    if ruled:
        canvas.write(axis, bottom, "└" + "─" * area.width, Ink.AXIS)
    if canvas.height == bottom:
        return
    ticks, step = area.x.ticks(max(1, area.width // 12), 1)
    free = area.left
    canvas.write(0, canvas.height - 1, "step"[:axis], Ink.LABEL)
    for tick in ticks:
        column, text = area.column(tick), format_count(tick, step, ticks[-1])
        start = min(max(column - len(text) // 2, area.left), canvas.width - len(text))
        if start >= free:
            canvas.write(start, canvas.height - 1, text, Ink.LABEL)
            free = start + len(text) + 2
            if ruled:
                canvas.write(column, bottom, "┬", Ink.AXIS)


def _draw_curves(
    canvas: Canvas, area: PlotArea, train: Polyline, validation: Polyline, best: Polyline
) -> Iterator[Phrase]:
    """Draw the training curve, over it the validation curve with marks; yield the legend."""
    if len(train.x):
        canvas.draw(area.left, area.top, area.line_dots(train), Ink.TRAIN)
        yield [("⠒⠒", Ink.TRAIN), (" train", Ink.LABEL)]
    if len(validation.x):
        dots = area.line_dots(validation, thick=area.height >= _MIN_ROWS_FOR_THICK)
        canvas.draw(area.left, area.top, dots, Ink.VALIDATION)
        for point in _marked_points(area, validation):
            x, y = validation.x[point], validation.y[point]
            canvas.write(area.column(x), area.row(y), "●", Ink.VALIDATION)
        yield [("━●━", Ink.VALIDATION), (" validation", Ink.LABEL)]
    for x, y in zip(*best, strict=True):
        canvas.write(area.column(x), area.row(y), "◆", Ink.BEST)
        yield [("◆", Ink.BEST), (f" best {y:.2f} @ {x:,.0f}", Ink.LABEL)]


def _marked_points(area: PlotArea, line: Polyline) -> Iterator[int]:
    """Yield the indices of the points of ``line`` to mark, as many as there is room for.

    A mark is in the middle of its cell, so of neighbours the most centred one is chosen.
    """
    columns = 1 + area.column(line.x[-1]) - area.column(line.x[0])
    every = 2 ** math.ceil(math.log2(max(1, _MIN_MARK_DISTANCE * len(line.x) / columns)))
    offset = np.abs(np.rint(area.y.positions(line.y, 4 * area.height)) % 4 - 1.5)
    for start in range(0, len(offset), every):
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
    finite = [(name, nats / _NAT) for name, nats in baselines if math.isfinite(nats)]
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
    axis, bar_count = area.left - 1, area.width
    if area.left:
        low, high = (format_decimal(end, 0.01, axis) for end in area.y)
        canvas.write(0, area.top, high, Ink.LABEL)
        if area.height == 1:
            bar_count -= area.left
            canvas.write(canvas.width - axis, area.top, low, Ink.LABEL)
        else:
            canvas.write(0, area.top + 1, low, Ink.LABEL)
    x = np.rint(area.x.positions(line.x, bar_count))
    columns = np.arange(x[0], x[-1] + 1)
    levels = np.interp(columns, x, area.y.positions(line.y, 2))
    canvas.bars(area.left + int(x[0]), area.top, levels, area.height, Ink.TRAIN)
    yield [(name, Ink.LABEL)]


def _readout(at: float, last: float, train: Polyline, validation: Polyline) -> list[Phrase]:
    """Return the losses nearest to step ``at``."""
    digits = len(f"{last:,.0f}")
    phrases: list[Phrase] = [[(f"step {at:{digits},.0f}", Ink.READOUT)]]
    for name, line in (("train", train), ("validation", validation)):
        if len(line.x):
            point = nearest_index(line.x, at)
            x, bits = line.x[point], line.y[point]
            text = f"{name} {bits:.2f} bits {bits * _NAT:.3f} nats"
            if x != at:
                text += f" @ {x:,.0f}"
            phrases.append([(text, Ink.READOUT)])
    return phrases


def _write(canvas: Canvas, row: int, phrases: Iterable[Phrase]) -> None:
    """Write as many whole phrases as fit."""
    x = 0
    for phrase in phrases:
        if x + sum(len(text) for text, _ in phrase) > canvas.width:
            break
        for text, ink in phrase:
            canvas.write(x, row, text, ink)
            x += len(text)
        x += 2
