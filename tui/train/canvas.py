"""Lines and scales drawn with characters, eight braille dots to a cell: arithmetic, no widgets.

Cells and dots are counted from the top left. What a cell is drawn for is its *ink*, a small number
that the widget turns into a colour.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Dots = NDArray[np.bool_]  # [4 * cells down, 2 * cells across]

_FAR = 1e12  # whatever lies beyond is drawn as if it lay here: sums stay finite, axes stay readable
_BARS = np.array([ord(c) for c in " ▁▂▃▄▅▆▇█"], np.uint32)
_BRAILLE = 0x2800  # U+2800 BRAILLE PATTERN BLANK; each dot of a cell adds its bit
_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)


class Canvas:
    """A sheet of cells, all blank at first and of ink 0. Both sides are at least one cell."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._codes = np.full((height, width), ord(" "), np.dtype("<u4"))
        self._inks = np.zeros((height, width), np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """Its width and height in cells."""
        return self.width, self.height

    def write(self, x: int, y: int, text: str, ink: int) -> None:
        """Write ``text`` over what is there; what lies outside the sheet is left out."""
        text = text[max(0, -x) : max(0, self.width - x)]
        x = max(0, x)
        if text and 0 <= y < self.height:
            self._codes[y, x : x + len(text)] = [ord(c) for c in text]
            self._inks[y, x : x + len(text)] = ink

    def draw(self, x: int, y: int, dots: Dots, ink: int, *, under: bool = False) -> None:
        """Add dots to those that are there; ``under`` others, only cells that are blank get any.

        A cell has one ink: where two curves share a row of cells, their inks take turns.
        """
        down, across = dots.shape[0] // 4, dots.shape[1] // 2
        cells = np.einsum("yixj,ij->yx", dots.reshape(down, 4, across, 2), _BITS)
        codes = self._codes[y : y + down, x : x + across]
        blank = codes == ord(" ")
        drawn = (cells > 0) & blank if under else cells > 0
        inked = drawn & (blank | (np.arange(across) % 2 == 0))
        codes[drawn] = (np.maximum(codes, _BRAILLE) | cells)[drawn]
        self._inks[y : y + down, x : x + across][inked] = ink

    def bars(self, x: int, y: int, levels: Floats, rows: int, ink: int) -> None:
        """Draw one bar for each of ``levels``, from 0 (the lowest bar) to 1, ``rows`` high."""
        eighths = 1 + np.rint(np.clip(levels, 0, 1) * (8 * rows - 1)).astype(int)
        below = 8 * np.arange(rows - 1, -1, -1)[:, None]
        self._codes[y : y + rows, x : x + len(levels)] = _BARS[np.clip(eighths - below, 0, 8)]
        self._inks[y : y + rows, x : x + len(levels)] = ink

    def line(self, y: int) -> str:
        """Return what stands in a row."""
        return str(self._codes[y], "utf-32-le")

    def runs(self, y: int) -> list[tuple[str, int]]:
        """Return a row as pieces of one ink each."""
        text, inks = self.line(y), self._inks[y]
        cuts = [0, *(np.flatnonzero(inks[1:] != inks[:-1]) + 1).tolist(), len(text)]
        return [(text[start:end], int(inks[start])) for start, end in pairwise(cuts)]


class Polyline(NamedTuple):
    """Points from left to right."""

    x: Floats
    y: Floats

    @classmethod
    def through(cls, points: Sequence[tuple[float, float]], unit: float = 1.0) -> "Polyline":
        """Return the points that are numbers, their y counted in ``unit``."""
        x, y = np.array(points, np.float64).reshape(-1, 2).T
        there = np.isfinite(x) & np.isfinite(y)
        x, y = np.clip(x[there], -_FAR, _FAR), np.clip(y[there], -_FAR, _FAR) / unit
        if (x[1:] < x[:-1]).any():  # a run that went back to an earlier checkpoint
            order = x.argsort(kind="stable")
            x, y = x[order], y[order]
        return cls(x, y)

    def thinned(self, most: int) -> "Polyline":
        """Return the means of neighbours, at most about ``most`` of them.

        Who is whose neighbour depends on x alone: as a line grows, what is drawn of its noise
        stays as it was, until there is so much that twice as many have to be neighbours.
        """
        if len(self.x) < 2:
            return self
        wide = 2.0 ** max(0, math.ceil(math.log2(max(1.0, self.x[-1] - self.x[0]) / most)))
        group = np.floor(self.x / wide)
        first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        count = np.diff(np.append(first, len(group)))
        return Polyline(
            np.add.reduceat(self.x, first) / count, np.add.reduceat(self.y, first) / count
        )


class Axis(NamedTuple):
    """The numbers from ``low`` to ``high`` (which is more), laid along an edge."""

    low: float
    high: float

    def along(self, values: Floats, size: int) -> Floats:
        """Return where values lie among ``size`` places: ``low`` on 0, ``high`` on the last."""
        return (values - self.low) / (self.high - self.low) * (size - 1)

    def place(self, value: float, size: int) -> int:
        """Return the nearest of ``size`` places; values outside are at one of the ends."""
        along = (value - self.low) / (self.high - self.low) * (size - 1)
        return round(min(max(along, 0), size - 1))

    def holds(self, value: float) -> bool:
        """Return whether ``value`` lies on the scale."""
        return self.low <= value <= self.high

    def ticks(self, most: int, least: float = 0.0) -> tuple[list[float], float]:
        """Return about ``most`` round numbers on the scale, and how far they are apart.

        That is 1, 2 or 5 times a power of ten, and not below ``least``. But for this bound there
        are at least two of them, whatever ``most`` says.
        """
        step = max(least, nice((self.high - self.low) / max(5, most)))
        ticks = self._multiples(step)
        while len(ticks) > most and len(fewer := self._multiples(nice(1.5 * step))) >= 2:
            ticks, step = fewer, nice(1.5 * step)
        return ticks, step

    def _multiples(self, step: float) -> list[float]:
        slack = 1e-9  # 0.30000000000000004 is a multiple of 0.1
        first, last = math.ceil(self.low / step - slack), math.floor(self.high / step + slack)
        return [n * step for n in range(first, last + 1)]


class PlotArea(NamedTuple):
    """The cells that curves are drawn in, and what their edges stand for."""

    left: int
    top: int
    across: int
    down: int
    x: Axis
    y: Axis

    def column(self, x: float) -> int:
        """Return the column of cells in which ``x`` lies."""
        return self.left + self.x.place(x, 2 * self.across) // 2

    def row(self, y: float) -> int:
        """Return the row of cells in which ``y`` lies."""
        return self.top + (4 * self.down - 1 - self.y.place(y, 4 * self.down)) // 4

    def x_at(self, column: int) -> float:
        """Return the x in the middle of a column of cells."""
        part = (2 * (column - self.left) + 0.5) / max(1, 2 * self.across - 1)
        return self.x.low + part * (self.x.high - self.x.low)

    def trace(self, line: Polyline, *, thick: bool = False) -> Dots:
        """Return the dots of the line through points, one dot wide, or two if ``thick``.

        Where it runs above or below the frame, every other dot of that edge is set: something is
        there, out of sight.
        """
        across, down = 2 * self.across, 4 * self.down
        x = np.rint(self.x.along(line.x, across))
        columns = np.arange(x[0], x[-1] + 1)
        y = np.interp(columns, x, down - 1 - self.y.along(line.y, down))
        between = (y[1:] + y[:-1]) / 2  # where a column's piece of the line meets its neighbour's
        left, right = np.append(y[0], between), np.append(between, y[-1])
        upper = np.rint(np.minimum(y, np.minimum(left, right))) - thick
        lower = np.rint(np.maximum(y, np.maximum(left, right)))
        row = np.arange(down)[:, None]
        at = columns.astype(int)
        dots = np.zeros((down, across), np.bool_)
        dots[:, at] = (row >= upper) & (row <= lower)
        dots[0, at] |= (lower < 0) & (at % 2 == 0)
        dots[-1, at] |= (upper >= down) & (at % 2 == 0)
        return dots

    def level(self, y: float) -> Dots:
        """Return the dots of a thin dotted line at ``y``."""
        dots = np.zeros((4 * self.down, 2 * self.across), np.bool_)
        dots[4 * self.down - 1 - self.y.place(y, 4 * self.down), ::2] = True
        return dots

    def upright(self, x: float) -> Dots:
        """Return the dots of a line from top to bottom at ``x``."""
        dots = np.zeros((4 * self.down, 2 * self.across), np.bool_)
        dots[:, self.x.place(x, 2 * self.across)] = True
        return dots


def nearest(ordered: Floats, value: float) -> int:
    """Return the place of the number nearest to ``value``; there must be one."""
    right = min(int(np.searchsorted(ordered, value)), len(ordered) - 1)
    left = max(0, right - 1)
    return left if value - ordered[left] <= ordered[right] - value else right


def nice(rough: float) -> float:
    """Return the least of 1, 2 and 5 × 10^k that is not below ``rough``, which is positive."""
    base = 10.0 ** math.floor(math.log10(rough))
    return next(m * base for m in (1, 2, 5, 10) if m * base >= rough * (1 - 1e-9))


def settled(before: Axis | None, low: float, high: float, least: float) -> Axis:
    """Return a scale for numbers from ``low`` to ``high``, in round numbers, ``least`` long.

    ``before`` stays as long as they fit it and fill most of it: a scale that followed every small
    change would make the whole picture tremble.
    """
    fits = before and before.holds(low) and before.holds(high)
    if before and fits and high - low > 0.6 * (before.high - before.low):
        return before
    more = max(0.0, least - (high - low)) / 2
    low, high = low - more, high + more
    unit = nice((high - low) / 20)
    return Axis(math.floor(low / unit) * unit, math.ceil(high / unit) * unit)


def decimal(value: float, step: float, width: int) -> str:
    """Return ``value`` right-aligned in ``width`` (≥ 5), with the decimals that ``step`` needs."""
    places = max(0, -math.floor(math.log10(step * 1.001)))
    texts = (f"{value + 0.0:.{places}f}", f"{value:.0f}", f"{value:.0e}".replace("e+", "e"))
    return next((text for text in texts if len(text) <= width), texts[-1]).rjust(width)


def count(value: float, step: float, largest: float) -> str:
    """Return a whole number on an axis as briefly as its neighbours allow: 1,200, 12k, 1.2M."""
    if largest >= 1e6 and step >= 1e4:
        return f"{value / 1e6:,.2f}".rstrip("0").rstrip(".") + "M"
    if largest >= 1e4 and step >= 100:
        return f"{value / 1e3:,.1f}".removesuffix(".0") + "k"
    return f"{value:,.0f}"
