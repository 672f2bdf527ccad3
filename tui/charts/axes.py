"""The axes of a loss chart: their ranges, ticks and labels."""

import math
from enum import IntEnum

import numpy as np

from charloom.tui.charts.canvas import (
    Axis,
    Canvas,
    Floats,
    PlotArea,
    format_count,
    format_decimal,
)
from charloom.tui.charts.curves import ChartData, View

MIN_BITS = 0.1  # shortest axis of losses: a shorter one would magnify noise
_GUTTER = 6  # columns left of the curves: five for a label, one for the axis
_MIN_ROWS_FOR_RULE = 14  # with fewer rows, the x-axis has labels only
_NEARLY_DONE = 0.8  # of the run: from here on the axis of steps extends to its end
_UNIT_LABELS = {"steps": "step", "minutes": "min", "characters": "chars"}


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
    RUN1 = 9
    RUN2 = 10
    RUN3 = 11
    RUN4 = 12
    RUN5 = 13
    RUN6 = 14
    MARK = 15


def plot_area(canvas: Canvas, top: int) -> PlotArea:
    """Return the cells for curves below ``top`` rows of text, with axes from 0 to 1."""
    left = _GUTTER if canvas.width >= 20 else 0
    height = canvas.height - top - (canvas.height >= 6) - (canvas.height >= _MIN_ROWS_FOR_RULE)
    return PlotArea(left, top, canvas.width - left, height, Axis(0, 1), Axis(0, 1))


def loss_range(train: Floats, validation: Floats, *, zoomed: bool = False) -> tuple[float, float]:
    """Return the range of losses to show.

    The first losses, from ln V down, are many times as far from the lowest as all later ones. So
    the range ends at three times the distance of the upper quartile from the lowest, or higher if
    the newest tenth of a curve (all but its spikes) needs it. ``zoomed`` shows all losses.
    """
    both = np.concatenate((train, validation))
    if zoomed or not len(both):
        return (float(both.min()), float(both.max())) if len(both) else (0.0, 0.0)
    low = both.min()
    usual = low + 3 * (np.quantile(train if len(train) else validation, 0.75) - low)
    newest = [np.quantile(y[-1 - len(y) // 10 :], 0.9) for y in (train, validation) if len(y)]
    return float(low), float(min(both.max(), max(usual, *newest)))


def x_axis(x: Floats, view: View, data: ChartData | None = None) -> Axis:
    """Return an axis that ends at the newest step or, late in a run, at its last step."""
    low, high = float(x[0]), float(x[-1])
    if data and view.unit == "steps" and data.total:
        newest = view.value(high)
        if _NEARLY_DONE * data.total <= newest < data.total:
            high = float(view.positions(data, np.array([data.total]))[0])
    return Axis(min(low, high - (0.01 if view.log or view.unit == "minutes" else 1)), high)


def x_ticks(axis: Axis, width: int, view: View) -> list[tuple[float, str]]:
    """Return positions on the x-axis and their labels, about one for 12 of ``width`` cells."""
    max_ticks = max(1, width // 12)
    low, high = view.value(axis.low), view.value(axis.high)
    if view.log and axis.high - axis.low > 1:
        decades = range(math.floor(axis.low), math.ceil(axis.high) + 1)
        for digits in ((1, 2, 5), (1, 3), (1,)):
            values = [digit * 10.0**decade for decade in decades for digit in digits]
            values = [value for value in values if low * 0.999 <= value <= high * 1.001]
            if len(values) <= max(2, max_ticks):
                break
        return [(math.log10(value), _x_label(value, value, value)) for value in values]
    ticks, step = Axis(low, high).ticks(max_ticks, 0.0 if view.unit == "minutes" else 1.0)
    positions = [math.log10(max(tick, 1e-300)) for tick in ticks] if view.log else ticks
    labels = [_x_label(tick, step, ticks[-1]) for tick in ticks]
    return list(zip(positions, labels, strict=True))


def _x_label(value: float, step: float, largest: float) -> str:
    if step < 1:  # minutes
        return f"{value:.{-math.floor(math.log10(step * 1.001))}f}"
    return format_count(value, step, largest)


def format_x(value: float, view: View, last: float) -> str:
    """Return a value of the x-axis with its unit, as wide as the ``last`` one."""
    digits = ",.2f" if view.unit == "minutes" else ",.0f"
    unit = {"steps": "step", "minutes": "minute", "characters": "character"}[view.unit]
    return f"{unit} {value:>{len(format(last, digits))}{digits}}"


def draw_axes(canvas: Canvas, area: PlotArea, view: View) -> None:
    """Draw the axes with their labels around ``area``."""
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
    free = area.left
    canvas.write(0, canvas.height - 1, _UNIT_LABELS[view.unit][: max(0, axis)], Ink.LABEL)
    for position, text in x_ticks(area.x, area.width, view):
        column = area.column(position)
        start = min(max(column - len(text) // 2, area.left), canvas.width - len(text))
        if start >= free:
            canvas.write(start, canvas.height - 1, text, Ink.LABEL)
            free = start + len(text) + 2
            if ruled:
                canvas.write(column, bottom, "┬", Ink.AXIS)
