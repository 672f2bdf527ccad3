"""Plot lines and axes with characters, eight braille dots to a cell.

Cells and dots are counted from the top left. Each cell has an *ink*, a small number that the widget
maps to a colour.
"""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Dots = NDArray[np.bool_]  # [4 * cells down, 2 * cells across]

_MAX_ABS = 1e12  # larger values are clipped: sums stay finite, axes stay readable
_BARS = np.array([ord(c) for c in " ▁▂▃▄▅▆▇█"], np.uint32)
_BRAILLE = 0x2800  # U+2800 BRAILLE PATTERN BLANK; each dot of a cell adds its bit
_DOT_BITS = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]], np.uint32)


class Canvas:
    """A grid of at least one cell, initially blank and of ink 0."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._codes = np.full((height, width), ord(" "), np.dtype("<u4"))
        self._inks = np.zeros((height, width), np.uint8)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in cells."""
        return self.width, self.height

    def write(self, x: int, y: int, text: str, ink: int) -> None:
        """Write ``text`` over the cells; clip what lies outside."""
        text = text[max(0, -x) : max(0, self.width - x)]
        x = max(0, x)
        if text and 0 <= y < self.height:
            self._codes[y, x : x + len(text)] = [ord(c) for c in text]
            self._inks[y, x : x + len(text)] = ink

    def draw(self, x: int, y: int, dots: Dots, ink: int, *, under: bool = False) -> None:
        """Add dots; with ``under``, only in blank cells.

        A cell has one ink: where two curves share a row of cells, their inks alternate.
        """
        height, width = dots.shape[0] // 4, dots.shape[1] // 2
        cells = np.einsum("yixj,ij->yx", dots.reshape(height, 4, width, 2), _DOT_BITS)
        codes = self._codes[y : y + height, x : x + width]
        blank = codes == ord(" ")
        drawn = (cells > 0) & blank if under else cells > 0
        inked = drawn & (blank | (np.arange(width) % 2 == 0))
        codes[drawn] = (np.maximum(codes, _BRAILLE) | cells)[drawn]
        self._inks[y : y + height, x : x + width][inked] = ink

    def recolor(self, x: int, y: int, height: int, inks: Sequence[int], ink: int) -> None:
        """Give ``ink`` to cells of ``inks`` in ``height`` rows from ``y`` on, from column x on."""
        part = self._inks[y : y + height, x:]
        part[np.isin(part, inks)] = ink

    def bars(self, x: int, y: int, levels: Floats, rows: int, ink: int) -> None:
        """Draw a bar for each of ``levels``, from 0 (one eighth of a cell) to 1 (``rows`` high)."""
        eighths = 1 + np.rint(np.clip(levels, 0, 1) * (8 * rows - 1)).astype(int)
        below = 8 * np.arange(rows - 1, -1, -1)[:, None]
        self._codes[y : y + rows, x : x + len(levels)] = _BARS[np.clip(eighths - below, 0, 8)]
        self._inks[y : y + rows, x : x + len(levels)] = ink

    def line(self, y: int) -> str:
        """Return the text of a row."""
        return str(self._codes[y], "utf-32-le")

    def spans(self, y: int) -> list[tuple[str, int]]:
        """Return a row as ``(text, ink)`` spans."""
        text, inks = self.line(y), self._inks[y]
        cuts = [0, *(np.flatnonzero(inks[1:] != inks[:-1]) + 1).tolist(), len(text)]
        return [(text[start:end], int(inks[start])) for start, end in pairwise(cuts)]


class Polyline(NamedTuple):
    """Points, sorted by x."""

    x: Floats
    y: Floats

    @classmethod
    def from_points(cls, points: Sequence[tuple[float, float]], unit: float = 1.0) -> "Polyline":
        """Return the finite points, with y divided by ``unit``."""
        x, y = np.array(points, np.float64).reshape(-1, 2).T
        finite = np.isfinite(x) & np.isfinite(y)
        x, y = (
            np.clip(x[finite], -_MAX_ABS, _MAX_ABS),
            np.clip(y[finite], -_MAX_ABS, _MAX_ABS) / unit,
        )
        if (x[1:] < x[:-1]).any():  # the run was resumed from an earlier checkpoint
            order = x.argsort(kind="stable")
            x, y = x[order], y[order]
        return cls(x, y)

    def thinned(self, max_points: int, min_width: float = 1.0) -> "Polyline":
        """Return the means of groups of neighbours, at most about ``max_points`` of them.

        The groups depend on x only, and their width in x is a power of two, at least
        ``min_width``: as a line grows, its noise stays where it was drawn until the groups double.
        """
        if len(self.x) < 2 or not (length := max(min_width, self.x[-1] - self.x[0])):
            return self
        group_width = max(min_width, 2.0 ** math.ceil(math.log2(length / max_points)))
        group = np.floor(self.x / group_width)
        first = np.flatnonzero(np.append(True, group[1:] != group[:-1]))
        count = np.diff(np.append(first, len(group)))
        return Polyline(
            np.add.reduceat(self.x, first) / count, np.add.reduceat(self.y, first) / count
        )

    def averaged(self, width: float) -> "Polyline":
        """Return each point with the mean of all y within ``width`` / 2 of its x."""
        total = np.append(0.0, np.cumsum(self.y))
        first = np.searchsorted(self.x, self.x - width / 2)
        end = np.searchsorted(self.x, self.x + width / 2, "right")
        return Polyline(self.x, (total[end] - total[first]) / (end - first))

    def within(self, axis: "Axis", margin: int = 0) -> "Polyline":
        """Return the points on ``axis``, and up to ``margin`` more before and after them."""
        first = max(0, int(np.searchsorted(self.x, axis.low)) - margin)
        end = int(np.searchsorted(self.x, axis.high, "right")) + margin
        return Polyline(self.x[first:end], self.y[first:end])


class Axis(NamedTuple):
    """The range from ``low`` to ``high`` > ``low`` along an edge."""

    low: float
    high: float

    def positions(self, values: Floats, size: int) -> Floats:
        """Map values to positions: ``low`` to 0, ``high`` to ``size`` - 1."""
        return (values - self.low) / (self.high - self.low) * (size - 1)

    def position(self, value: float, size: int) -> int:
        """Return the nearest of ``size`` positions; values outside are clipped."""
        position = (value - self.low) / (self.high - self.low) * (size - 1)
        return round(min(max(position, 0), size - 1))

    def contains(self, value: float) -> bool:
        """Return whether ``value`` is in the range."""
        return self.low <= value <= self.high

    def ticks(self, max_ticks: int, min_step: float = 0.0) -> tuple[list[float], float]:
        """Return about ``max_ticks`` round numbers of the range, and their distance.

        The distance is 1, 2 or 5 times a power of ten, at least ``least``. There are at least two
        ticks, unless ``min_step`` is too large for that.
        """
        step = max(min_step, round_up((self.high - self.low) / max(5, max_ticks)))
        ticks = self._multiples(step)
        while len(ticks) > max_ticks and len(fewer := self._multiples(round_up(1.5 * step))) >= 2:
            ticks, step = fewer, round_up(1.5 * step)
        return ticks, step

    def _multiples(self, step: float) -> list[float]:
        slack = 1e-9  # 0.30000000000000004 is a multiple of 0.1
        first, last = math.ceil(self.low / step - slack), math.floor(self.high / step + slack)
        return [n * step for n in range(first, last + 1)]


class PlotArea(NamedTuple):
    """The cells of the curves, and their axes."""

    left: int
    top: int
    width: int
    height: int
    x: Axis
    y: Axis

    def column(self, x: float) -> int:
        """Return the column of cells that contains ``x``."""
        return self.left + self.x.position(x, 2 * self.width) // 2

    def row(self, y: float) -> int:
        """Return the row of cells that contains ``y``."""
        return self.top + (4 * self.height - 1 - self.y.position(y, 4 * self.height)) // 4

    def x_at(self, column: int) -> float:
        """Return the x in the middle of a column of cells."""
        fraction = (2 * (column - self.left) + 0.5) / max(1, 2 * self.width - 1)
        return self.x.low + fraction * (self.x.high - self.x.low)

    def line_dots(self, line: Polyline, *, thick: bool = False, dashes: str = "1") -> Dots:
        """Return the dots of a line, one dot wide, or two if ``thick``.

        Every point has its dot, so that of many in a column the lowest and the highest are seen
        (the idea of M4: Jugel et al., 2014). ``dashes`` repeats along the line; its zeros are
        gaps. Where the line runs above or below the area, every other dot of that edge is set.
        """
        width, height = 2 * self.width, 4 * self.height
        dots = np.zeros((height, width), np.bool_)
        line = line.within(self.x, margin=1)
        if not len(line.x):
            return dots
        x = np.rint(self.x.positions(line.x, width))
        if x[-1] < 0 or x[0] > width - 1:
            return dots
        y = height - 1 - self.y.positions(line.y, height)
        first = np.flatnonzero(np.append(True, x[1:] != x[:-1]))  # of each occupied column
        last = np.append(first[1:], len(x)) - 1
        through = np.repeat(x[first], 2), np.stack((y[first], y[last]), 1).ravel()
        columns = np.arange(max(0, x[0]), min(width - 1, x[-1]) + 1)
        left, right = (
            np.interp(np.clip(columns + half, x[0], x[-1]), *through) for half in (-0.5, 0.5)
        )
        upper, lower = np.minimum(left, right), np.maximum(left, right)
        visible = (x[first] >= 0) & (x[first] < width)
        at = (x[first][visible] - columns[0]).astype(int)
        upper[at] = np.minimum(upper[at], np.minimum.reduceat(y, first)[visible])
        lower[at] = np.maximum(lower[at], np.maximum.reduceat(y, first)[visible])
        upper, lower = np.rint(upper) - thick, np.rint(lower)
        pattern = np.array([dash == "1" for dash in dashes])
        inked = pattern[columns.astype(int) % len(pattern)]
        columns, upper, lower = columns[inked], upper[inked], lower[inked]
        row = np.arange(height)[:, None]
        at = columns.astype(int)
        dots[:, at] = (row >= upper) & (row <= lower)
        dots[0, at] |= (lower < 0) & (at % 2 == 0)
        dots[-1, at] |= (upper >= height) & (at % 2 == 0)
        return dots

    def horizontal_dots(self, y: float) -> Dots:
        """Return the dots of a dotted horizontal line at ``y``."""
        dots = np.zeros((4 * self.height, 2 * self.width), np.bool_)
        dots[4 * self.height - 1 - self.y.position(y, 4 * self.height), ::2] = True
        return dots

    def vertical_dots(self, x: float) -> Dots:
        """Return the dots of a vertical line at ``x``."""
        dots = np.zeros((4 * self.height, 2 * self.width), np.bool_)
        dots[:, self.x.position(x, 2 * self.width)] = True
        return dots


def nearest_index(ordered: Floats, value: float) -> int:
    """Return the index of the number in ``ordered`` (not empty) that is nearest to ``value``."""
    right = min(int(np.searchsorted(ordered, value)), len(ordered) - 1)
    left = max(0, right - 1)
    return left if value - ordered[left] <= ordered[right] - value else right


def round_up(rough: float) -> float:
    """Return the smallest of 1, 2 and 5 × 10^k that is at least ``rough`` > 0."""
    base = 10.0 ** math.floor(math.log10(rough))
    return next(m * base for m in (1, 2, 5, 10) if m * base >= rough * (1 - 1e-9))


def stable_axis(before: Axis | None, low: float, high: float, min_length: float) -> Axis:
    """Return an axis from ``low`` to ``high``, rounded outwards and at least ``min_length`` long.

    ``before`` is kept while the range fits it and fills most of it: an axis that followed every
    small change would make the chart jitter.
    """
    fits = before and before.contains(low) and before.contains(high)
    if before and fits and high - low > 0.6 * (before.high - before.low):
        return before
    margin = max(0.0, min_length - (high - low)) / 2
    low, high = low - margin, high + margin
    unit = round_up((high - low) / 20)
    return Axis(math.floor(low / unit) * unit, math.ceil(high / unit) * unit)


def format_decimal(value: float, step: float, width: int) -> str:
    """Return ``value`` right-aligned in ``width`` (≥ 5), with the decimals of ``step``."""
    decimals = max(0, -math.floor(math.log10(step * 1.001)))
    texts = (f"{value + 0.0:.{decimals}f}", f"{value:.0f}", f"{value:.0e}".replace("e+", "e"))
    return next((text for text in texts if len(text) <= width), texts[-1]).rjust(width)


def format_count(value: float, step: float, largest: float) -> str:
    """Return a tick label of an axis of whole numbers: 1,200, 12k, 1.2M."""
    if largest >= 1e6 and step >= 1e4:
        return f"{value / 1e6:,.2f}".rstrip("0").rstrip(".") + "M"
    if largest >= 1e4 and step >= 100:
        return f"{value / 1e3:,.1f}".removesuffix(".0") + "k"
    return f"{value:,.0f}"
