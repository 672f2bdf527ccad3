"""The loss as it falls, drawn with characters: what the chart shows, before it has any colours.

The curves come in nats and are drawn in bits. Where there is room there are a legend, both axes
and, for a closer look, a cursor with a line that reads the curves; with less room there is less.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

import numpy as np

from charloom.tui.train.canvas import (
    Axis,
    Canvas,
    Floats,
    PlotArea,
    Polyline,
    count,
    decimal,
    nearest,
    settled,
)

EMPTY = "The loss appears here after the first steps."
_NAT = math.log(2)  # nats / ln 2 = bits
_GUTTER = 6  # columns left of the curves: five for a figure, one for the axis
_LEAST_BITS = 0.1  # on the scale of losses from end to end; less would be noise writ large
_MARKS_APART = 8  # columns from mark to mark on the validation curve, at least
_ROOM_FOR_THICK = 12  # rows; with fewer, a thick curve would cover the other
_NEARLY_DONE = 0.8  # of the run: from here on the axis of steps goes to its end and stands still


@dataclass(frozen=True)
class ChartData:
    """All there is to draw, as pairs of a step and a loss in nats per character.

    ``baselines`` are names and losses of simpler ways to predict; ``total`` is the run's last step,
    where that is known. It is a snapshot: sequences once given must not be changed.
    """

    train: Sequence[tuple[float, float]] = ()
    validation: Sequence[tuple[float, float]] = ()
    best: tuple[float, float] | None = None
    baselines: Sequence[tuple[str, float]] = ()
    total: float | None = None


class Ink(IntEnum):
    """What a cell is drawn for; each has a component class of its own."""

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
    """A chart drawn at one size, without colours; the frame is None where there is no loss yet."""

    canvas: Canvas
    steps: Floats  # at which there is a loss, from first to last
    frame: PlotArea | None = None


def draw(
    curves: ChartData,
    width: int,
    height: int,
    before: PlotArea | None = None,
    *,
    reads: bool = False,
    cursor: float | None = None,
) -> DrawnChart:
    """Draw ``curves`` on at least one cell; ``before`` is the frame they had until now.

    With ``reads`` there is a cursor, at the step nearest to ``cursor`` or else at the newest, and
    a line that says what the curves are there.
    """
    canvas = Canvas(width, height)
    train, validation = (
        Polyline.through(curves.train, _NAT),
        Polyline.through(curves.validation, _NAT),
    )
    steps = np.union1d(train.x, validation.x)
    if not len(steps):
        canvas.write(max(0, (width - len(EMPTY)) // 2), (height - 1) // 2, EMPTY, Ink.LABEL)
        return DrawnChart(canvas, steps)
    # One or two rows are bars, the third a legend; four are curves, six have steps below and a
    # readout above, twelve a ruled axis.
    reads = reads and height >= 6
    left = _GUTTER if width >= 20 else 0
    top = (height >= 3) + reads
    across, down = width - left, height - top - (height >= 6) - (height >= 12)
    seen, checked = train.thinned(2 * across), validation.thinned(2 * across)
    y = settled(before and before.y, *_worth_seeing(seen.y, checked.y), _LEAST_BITS)
    frame = PlotArea(left, top, across, down, _axis_of_steps(steps, curves.total), y)
    legend: list[Phrase] = [[("bits/char", Ink.LABEL)]]
    if height < 4:
        legend += _draw_bars(canvas, frame, seen, checked)
    else:
        _draw_axes(canvas, frame)
        best = Polyline.through([curves.best] if curves.best else [], _NAT)
        legend += _draw_curves(canvas, frame, seen, checked, best)
        legend += _draw_baselines(canvas, frame, curves.baselines)
    if reads:
        at = float(steps[-1 if cursor is None else nearest(steps, cursor)])
        canvas.draw(left, top, frame.upright(at), Ink.CURSOR, under=True)
        _write(canvas, 1, _readout(at, steps[-1], train, validation))
    if height >= 3:
        _write(canvas, 0, legend)
    return DrawnChart(canvas, steps, frame)


def _worth_seeing(train: Floats, validation: Floats) -> tuple[float, float]:
    """Return the losses between which the curves are drawn.

    The first losses, from ln V down, are many times as far from the lowest as all that comes
    later. So the picture ends at three times the distance of the upper quartile, or higher if that
    is needed for the newest tenth of a curve (all but its spikes).
    """
    both = np.concatenate((train, validation))
    low = both.min()
    usual = low + 3 * (np.quantile(train if len(train) else validation, 0.75) - low)
    newest = [np.quantile(y[-1 - len(y) // 10 :], 0.9) for y in (train, validation) if len(y)]
    return float(low), float(min(both.max(), max(usual, *newest)))


def _axis_of_steps(steps: Floats, total: float | None) -> Axis:
    """Return a scale that ends at the newest step or, late in a run, where the run does."""
    low, high = float(steps[0]), float(steps[-1])
    if total and _NEARLY_DONE * total <= high < total:
        high = total
    return Axis(min(low, high - 1), high)


def _draw_axes(canvas: Canvas, frame: PlotArea) -> None:
    bottom, axis = frame.top + frame.down, frame.left - 1
    for row in range(frame.top, bottom):
        canvas.write(axis, row, "│", Ink.AXIS)
    ticks, step = frame.y.ticks(min(5, max(2, frame.down // 2)))
    for tick in ticks if frame.left else ():
        canvas.write(axis, frame.row(tick), "┤", Ink.AXIS)
        canvas.write(0, frame.row(tick), decimal(tick, step, axis), Ink.LABEL)
    ruled = canvas.height - bottom == 2
    if ruled:
        canvas.write(axis, bottom, "└" + "─" * frame.across, Ink.AXIS)
    if canvas.height == bottom:
        return
    ticks, step = frame.x.ticks(max(1, frame.across // 12), 1)
    free = frame.left
    canvas.write(0, canvas.height - 1, "step"[:axis], Ink.LABEL)
    for tick in ticks:
        column, text = frame.column(tick), count(tick, step, ticks[-1])
        start = min(max(column - len(text) // 2, frame.left), canvas.width - len(text))
        if start >= free:
            canvas.write(start, canvas.height - 1, text, Ink.LABEL)
            free = start + len(text) + 2
            if ruled:
                canvas.write(column, bottom, "┬", Ink.AXIS)


def _draw_curves(
    canvas: Canvas, frame: PlotArea, train: Polyline, validation: Polyline, best: Polyline
) -> Iterator[Phrase]:
    """Draw the losses in training, over them the validation curve with marks at some points."""
    if len(train.x):
        canvas.draw(frame.left, frame.top, frame.trace(train), Ink.TRAIN)
        yield [("⠒⠒", Ink.TRAIN), (" train", Ink.LABEL)]
    if len(validation.x):
        trace = frame.trace(validation, thick=frame.down >= _ROOM_FOR_THICK)
        canvas.draw(frame.left, frame.top, trace, Ink.VALIDATION)
        for point in _marked(frame, validation):
            x, y = validation.x[point], validation.y[point]
            canvas.write(frame.column(x), frame.row(y), "●", Ink.VALIDATION)
        yield [("━●━", Ink.VALIDATION), (" validation", Ink.LABEL)]
    for x, y in zip(*best, strict=True):
        canvas.write(frame.column(x), frame.row(y), "◆", Ink.BEST)
        yield [("◆", Ink.BEST), (f" best {y:.2f} @ {x:,.0f}", Ink.LABEL)]


def _marked(frame: PlotArea, line: Polyline) -> Iterator[int]:
    """Return which points of ``line`` are marked: as many as there is room for, but no others.

    A mark stands in the middle of its cell, so of neighbours the one that does so, too, is taken.
    """
    columns = 1 + frame.column(line.x[-1]) - frame.column(line.x[0])
    every = 2 ** math.ceil(math.log2(max(1, _MARKS_APART * len(line.x) / columns)))
    aside = np.abs(np.rint(frame.y.along(line.y, 4 * frame.down)) % 4 - 1.5)
    for start in range(0, len(aside), every):
        point = start + int(aside[start : start + max(1, every // 2)].argmin())
        if frame.y.holds(line.y[point]):
            yield point


def _draw_baselines(
    canvas: Canvas, frame: PlotArea, baselines: Sequence[tuple[str, float]]
) -> Iterator[Phrase]:
    """Draw the baselines that are in sight with their names, and return the other names.

    The lowest is the first: the one that is beaten last.
    """
    levels = np.zeros((4 * frame.down, 2 * frame.across), np.bool_)
    names: dict[int, list[tuple[int, str]]] = {}  # by row, from right to left
    known = [(name, nats / _NAT) for name, nats in baselines if math.isfinite(nats)]
    for name, bits in sorted(known, key=lambda each: each[1]):
        text = f" {name} {bits:.2f} "
        if not frame.y.holds(bits):
            yield [(f"{'↑' if bits > frame.y.high else '↓'}{text.rstrip()}", Ink.BASELINE)]
            continue
        levels |= frame.level(bits)
        row = frame.row(bits)
        beside = names.setdefault(row, [])
        end = beside[-1][0] if beside else canvas.width
        free = canvas.line(row).rfind(" " * len(text), frame.left, end)
        if free < 0:
            yield [(text.strip(), Ink.BASELINE)]
        else:
            beside.append((free, text))
    canvas.draw(frame.left, frame.top, levels, Ink.BASELINE, under=True)
    for row, written in names.items():
        for x, text in written:
            canvas.write(x, row, text, Ink.BASELINE)


def _draw_bars(
    canvas: Canvas, frame: PlotArea, train: Polyline, validation: Polyline
) -> Iterator[Phrase]:
    """Draw one curve in the one or two rows there are, with the ends of the scale beside it."""
    line, name = (train, "train") if len(train.x) else (validation, "validation")
    axis, across = frame.left - 1, frame.across
    if frame.left:
        low, high = (decimal(end, 0.01, axis) for end in frame.y)
        canvas.write(0, frame.top, high, Ink.LABEL)
        if frame.down == 1:
            across -= frame.left
            canvas.write(canvas.width - axis, frame.top, low, Ink.LABEL)
        else:
            canvas.write(0, frame.top + 1, low, Ink.LABEL)
    x = np.rint(frame.x.along(line.x, across))
    columns = np.arange(x[0], x[-1] + 1)
    levels = np.interp(columns, x, frame.y.along(line.y, 2))
    canvas.bars(frame.left + int(x[0]), frame.top, levels, frame.down, Ink.TRAIN)
    yield [(name, Ink.LABEL)]


def _readout(at: float, last: float, train: Polyline, validation: Polyline) -> list[Phrase]:
    """Return what the curves are at the points nearest to step ``at``."""
    figures = len(f"{last:,.0f}")
    phrases: list[Phrase] = [[(f"step {at:{figures},.0f}", Ink.READOUT)]]
    for name, line in (("train", train), ("validation", validation)):
        if len(line.x):
            point = nearest(line.x, at)
            x, bits = line.x[point], line.y[point]
            text = f"{name} {bits:.2f} bits {bits * _NAT:.3f} nats"
            if x != at:
                text += f" @ {x:,.0f}"
            phrases.append([(text, Ink.READOUT)])
    return phrases


def _write(canvas: Canvas, row: int, phrases: Iterable[Phrase]) -> None:
    """Write as many whole phrases as there is room for."""
    x = 0
    for phrase in phrases:
        if x + sum(len(text) for text, _ in phrase) > canvas.width:
            break
        for text, ink in phrase:
            canvas.write(x, row, text, ink)
            x += len(text)
        x += 2
