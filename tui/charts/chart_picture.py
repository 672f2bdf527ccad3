"""The loss chart of one or several runs as a picture to share."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from charloom.core.sanitize import single_line
from charloom.tui.charts.axes import x_axis, x_ticks
from charloom.tui.charts.canvas import Axis, Floats, Polyline, format_decimal
from charloom.tui.charts.curves import ChartData, View
from charloom.tui.charts.overlay_plot import run_curves
from charloom.tui.formatting.picture import COLUMNS, MARGIN, MUTED, WIDTH, card, label
from charloom.tui.formatting.themes import DARK

_NAT = math.log(2)  # nats / ln 2 = bits
HEIGHT, _GUTTER, BELOW = 320, 56, 34  # pixels: of the curves, left of them and below them
_ABOVE, _LEGEND = -10, 110  # pixels: of the legend's baseline, and between its entries
_ROW, _SAMPLE, _DOT = 20, 40, 3  # pixels: of a run in the legend, of its line, of a dash's dot
_MAX_POINTS = 600  # of a curve
_GRID = "#2c2e33"
_COLORS = (  # of runs, as in the app
    *(DARK.accent, DARK.secondary, DARK.success),
    *(DARK.error, DARK.warning, DARK.primary),
)


def chart_picture(title: str, data: ChartData, facts: Sequence[str], command: str) -> str:
    """Return an SVG of the curves of a run, in bits per character over steps."""
    plot = Plot.of(data, HEIGHT)
    parts = [*plot.axes(), *plot.legend(), *plot.lines()] if plot else []
    return card(title, parts, HEIGHT + BELOW, facts, command)


def runs_picture(runs: Sequence[ChartData], view: View) -> str:
    """Return an SVG of one loss of each of ``runs``, with a legend of them below."""
    drawn = list(run_curves(runs, view, _MAX_POINTS))
    curves = [
        _Curve(run.name, _COLORS[run.data.slot % len(_COLORS)], run.drawn, run.dashes)
        for run in drawn
    ]
    plot = Plot.fit(curves, HEIGHT, view)
    parts = [*plot.axes(), *plot.lines()] if plot else []
    for number, (run, curve) in enumerate(zip(drawn, curves, strict=True)):
        y = HEIGHT + BELOW + _ROW * number + 16
        name = single_line(run.name, COLUMNS)
        parts.append(f'<path d="M{MARGIN} {y - 4}h{_SAMPLE}" {curve.stroke}/>')
        parts.append(label(MARGIN + _SAMPLE + 12, y, name, DARK.foreground or MUTED))
        best = f"best {run.recorded.y.min():.2f}"
        parts.append(label(WIDTH - MARGIN, y, best, MUTED, "end"))
    facts = [view.describe("training loss" if view.train else "validation loss", 1.0)]
    return card(f"{len(runs)} runs", parts, HEIGHT + BELOW + _ROW * len(curves), facts, "")


class _Curve(NamedTuple):
    name: str
    color: str | None
    line: Polyline  # at positions on the axis
    dashes: str = "1"  # as in a chart of characters

    @property
    def stroke(self) -> str:
        """The attributes of its line."""
        lengths = [str(_DOT * len(list(dots))) for _, dots in groupby(self.dashes)]
        dashes = f' stroke-dasharray="{" ".join(lengths)}"' if len(lengths) > 1 else ""
        return f'fill="none" stroke="{self.color}"{dashes} stroke-width="2"'


class Plot(NamedTuple):
    """Curves in bits, and the axes that show them in ``height`` pixels."""

    curves: Sequence[_Curve]
    x: Axis
    y: Axis
    height: int
    view: View = View()
    left: int = MARGIN + _GUTTER
    width: int = WIDTH - 2 * MARGIN - _GUTTER

    @classmethod
    def of(cls, data: ChartData, height: int) -> "Plot | None":
        """Return the plot of both losses of a run; None if it has none."""
        curves = [
            _Curve(name, color, line.thinned(_MAX_POINTS))
            for name, points, color in (
                ("train", data.train, DARK.secondary),
                ("validation", data.validation, DARK.accent),
            )
            if len((line := Polyline.from_points(points, _NAT)).x)
        ]
        return cls.fit(curves, height, View())

    @classmethod
    def fit(cls, curves: Sequence[_Curve], height: int, view: View) -> "Plot | None":
        """Return the plot of curves; None if there are none."""
        if not curves:
            return None
        x = np.unique(np.concatenate([curve.line.x for curve in curves]))
        axis = view.window or x_axis(x, view)
        curves = [curve._replace(line=curve.line.within(axis)) for curve in curves]
        y = np.concatenate([curve.line.y for curve in curves])
        low, high = np.quantile(y, (0, 0.97)) if len(y) else (0, 0)  # not the steep fall at first
        high = max(high, low + 0.1)
        losses = Axis(float(low - 0.05 * (high - low)), float(high))
        return cls(curves, axis, losses, height, view)

    def place(self, line: Polyline) -> tuple[Floats, Floats]:
        """Return the pixels of points, to the right and down."""
        right = self.left + self.x.positions(line.x, self.width)
        return right, self.height - self.y.positions(line.y, self.height)

    def axes(self) -> Iterator[str]:
        """Yield the elements of the axes, and the area that lines are clipped to."""
        area = f'x="{self.left}" y="-1" width="{self.width}" height="{self.height + 2}"'
        yield f'<clipPath id="plot"><rect {area}/></clipPath>'
        ticks, step = self.y.ticks(max(2, self.height // 53))
        for tick in ticks:
            at = self.height - self.y.positions(np.array([tick]), self.height)[0]
            path = f"M{self.left} {at:.1f}H{self.left + self.width}"
            yield f'<path d="{path}" stroke="{_GRID}"/>'
            text = format_decimal(tick, step, 6).strip()
            yield label(self.left - 10, at + 4, text, MUTED, "end")
        for position, text in x_ticks(self.x, COLUMNS, self.view):
            at = self.left + self.x.positions(np.array([position]), self.width)[0]
            yield label(at, self.height + 22, text, MUTED, "middle")
        yield label(MARGIN, self.height + 22, self.view.unit.removesuffix("s"), MUTED)
        yield label(self.left, _ABOVE, "bits/char", MUTED)

    def legend(self) -> Iterator[str]:
        """Yield the names of the curves, above them."""
        legend = self.left + self.width - _LEGEND * len(self.curves)
        for number, curve in enumerate(self.curves, 1):
            at = legend + _LEGEND * number
            yield label(at, _ABOVE, curve.name, curve.color or MUTED, "end")

    def lines(self) -> Iterator[str]:
        """Yield the elements of the curves."""
        for curve in self.curves:
            points = " ".join(
                f"{a:.1f},{b:.1f}" for a, b in zip(*self.place(curve.line), strict=True)
            )
            yield f'<polyline points="{points}" clip-path="url(#plot)" {curve.stroke}/>'
