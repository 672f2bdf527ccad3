"""The loss chart of a run as a picture to share."""

import math
from collections.abc import Iterator, Sequence

import numpy as np

from charloom.tui.charts.canvas import Axis, Polyline, format_count, format_decimal
from charloom.tui.charts.curves import ChartData
from charloom.tui.formatting.picture import MARGIN, MUTED, WIDTH, card, label
from charloom.tui.formatting.themes import DARK

_NAT = math.log(2)  # nats / ln 2 = bits
_HEIGHT, _GUTTER, _BELOW = 320, 56, 34  # pixels: of the curves, left of them and below them
_ABOVE, _LEGEND = -10, 110  # pixels: of the legend's baseline, and between its entries
_MAX_POINTS = 600  # of a curve
_GRID = "#2c2e33"


def chart_picture(title: str, data: ChartData, facts: Sequence[str], command: str) -> str:
    """Return an SVG of the curves of a run, in bits per character over steps."""
    return card(title, list(_parts(data)), _HEIGHT + _BELOW, facts, command)


def _parts(data: ChartData) -> Iterator[str]:
    curves = [
        (name, color, line.thinned(_MAX_POINTS))
        for name, points, color in (
            ("train", data.train, DARK.secondary),
            ("validation", data.validation, DARK.accent),
        )
        if len((line := Polyline.from_points(points, _NAT)).x)
    ]
    if not curves:
        return
    left, width = MARGIN + _GUTTER, WIDTH - 2 * MARGIN - _GUTTER
    all_x = np.concatenate([line.x for _, _, line in curves])
    all_y = np.concatenate([line.y for _, _, line in curves])
    low = float(all_y.min())
    high = float(max(np.quantile(all_y, 0.97), low + 0.1))  # not the steep fall of the first steps
    pad = 0.05 * (high - low)
    x = Axis(float(min(all_x.min(), all_x.max() - 1)), float(all_x.max()))
    y = Axis(low - pad, high)
    ticks, step = y.ticks(6)
    for tick in ticks:
        at = _HEIGHT - y.positions(np.array([tick]), _HEIGHT)[0]
        yield f'<path d="M{left} {at:.1f}H{left + width}" stroke="{_GRID}"/>'
        yield label(left - 10, at + 4, format_decimal(tick, step, 6).strip(), MUTED, "end")
    ticks, step = x.ticks(6, 1)
    for tick in ticks:
        at = left + x.positions(np.array([tick]), width)[0]
        yield label(at, _HEIGHT + 22, format_count(tick, step, ticks[-1]), MUTED, "middle")
    yield label(MARGIN, _HEIGHT + 22, "step", MUTED)
    legend = left + width - _LEGEND * len(curves)
    for name, color, line in curves:
        right = left + x.positions(line.x, width)
        up = np.clip(_HEIGHT - y.positions(line.y, _HEIGHT), 0, _HEIGHT)
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(right, up, strict=True))
        yield f'<polyline points="{points}" fill="none" stroke="{color}" stroke-width="2"/>'
        legend += _LEGEND
        yield label(legend, _ABOVE, name, color or MUTED, "end")
    yield label(left, _ABOVE, "bits/char", MUTED)
