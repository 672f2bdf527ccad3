"""The loss chart of a run as a picture to share."""

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from charloom.tui.charts.canvas import Axis, Floats, Polyline, format_count, format_decimal
from charloom.tui.charts.curves import ChartData
from charloom.tui.formatting.picture import MARGIN, MUTED, WIDTH, card, label
from charloom.tui.formatting.themes import DARK

_NAT = math.log(2)  # nats / ln 2 = bits
HEIGHT, _GUTTER, BELOW = 320, 56, 34  # pixels: of the curves, left of them and below them
_ABOVE, _LEGEND = -10, 110  # pixels: of the legend's baseline, and between its entries
_MAX_POINTS = 600  # of a curve
_GRID = "#2c2e33"


def chart_picture(title: str, data: ChartData, facts: Sequence[str], command: str) -> str:
    """Return an SVG of the curves of a run, in bits per character over steps."""
    plot = Plot.of(data, HEIGHT)
    parts = [*plot.axes(), *plot.lines()] if plot else []
    return card(title, parts, HEIGHT + BELOW, facts, command)


class _Curve(NamedTuple):
    name: str
    color: str | None
    line: Polyline


class Plot(NamedTuple):
    """Curves in bits, and the axes that show them in ``height`` pixels."""

    curves: Sequence[_Curve]
    x: Axis
    y: Axis
    height: int
    left: int = MARGIN + _GUTTER
    width: int = WIDTH - 2 * MARGIN - _GUTTER

    @classmethod
    def of(cls, data: ChartData, height: int) -> "Plot | None":
        """Return the plot of a run; None if it has no losses."""
        curves = [
            _Curve(name, color, line.thinned(_MAX_POINTS))
            for name, points, color in (
                ("train", data.train, DARK.secondary),
                ("validation", data.validation, DARK.accent),
            )
            if len((line := Polyline.from_points(points, _NAT)).x)
        ]
        if not curves:
            return None
        x = np.concatenate([curve.line.x for curve in curves])
        y = np.concatenate([curve.line.y for curve in curves])
        low = float(y.min())
        high = float(max(np.quantile(y, 0.97), low + 0.1))  # not the steep fall of the first steps
        steps = Axis(float(min(x.min(), x.max() - 1)), float(x.max()))
        return cls(curves, steps, Axis(low - 0.05 * (high - low), high), height)

    def place(self, line: Polyline) -> tuple[Floats, Floats]:
        """Return the pixels of points, to the right and down."""
        right = self.left + self.x.positions(line.x, self.width)
        return right, np.clip(self.height - self.y.positions(line.y, self.height), 0, self.height)

    def axes(self) -> Iterator[str]:
        """Yield the elements of the axes and the legend."""
        ticks, step = self.y.ticks(max(2, self.height // 53))
        for tick in ticks:
            at = self.height - self.y.positions(np.array([tick]), self.height)[0]
            path = f"M{self.left} {at:.1f}H{self.left + self.width}"
            yield f'<path d="{path}" stroke="{_GRID}"/>'
            text = format_decimal(tick, step, 6).strip()
            yield label(self.left - 10, at + 4, text, MUTED, "end")
        ticks, step = self.x.ticks(6, 1)
        for tick in ticks:
            at = self.left + self.x.positions(np.array([tick]), self.width)[0]
            text = format_count(tick, step, ticks[-1])
            yield label(at, self.height + 22, text, MUTED, "middle")
        yield label(MARGIN, self.height + 22, "step", MUTED)
        legend = self.left + self.width - _LEGEND * len(self.curves)
        for number, curve in enumerate(self.curves, 1):
            at = legend + _LEGEND * number
            yield label(at, _ABOVE, curve.name, curve.color or MUTED, "end")
        yield label(self.left, _ABOVE, "bits/char", MUTED)

    def lines(self) -> Iterator[str]:
        """Yield the elements of the curves."""
        for curve in self.curves:
            points = " ".join(
                f"{a:.1f},{b:.1f}" for a, b in zip(*self.place(curve.line), strict=True)
            )
            yield (
                f'<polyline points="{points}" fill="none" stroke="{curve.color}" stroke-width="2"/>'
            )
