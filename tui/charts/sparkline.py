"""A loss curve in one row of text."""

from collections.abc import Sequence

import numpy as np

from charloom.tui.charts.axes import MIN_BITS, loss_range
from charloom.tui.charts.canvas import Canvas, Polyline, stable_axis
from charloom.tui.charts.curves import NAT


def sparkline(losses: Sequence[tuple[float, float]], width: int) -> str:
    """Return a curve of losses by step in ``width`` cells of bars; blank if there is no loss."""
    line = Polyline.from_points(losses, NAT)
    canvas = Canvas(max(1, width), 1)
    if len(line.x):
        axis = stable_axis(None, *loss_range(line.y, line.y[:0]), MIN_BITS)
        at = np.linspace(line.x[0], line.x[-1], canvas.width)
        y = np.interp(at, *line.thinned(canvas.width))
        canvas.bars(0, 0, axis.positions(y, 2), 1, 0)
    return canvas.line(0)[:width]
