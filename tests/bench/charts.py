"""The chart of several runs: CPU time of a redraw.

Alone: ``python -m tests.bench.charts``.
"""

import math
import time
from dataclasses import replace

from charloom.tui.charts.curves import ChartData, View
from charloom.tui.charts.overlay_plot import draw_runs
from tests.bench.harness import Row, median, print_rows, spread

_RUNS, _POINTS, _TIMES = 5, 10_000, 40
_SIZE = (160, 44)


def rows() -> list[Row]:
    """Measure a redraw after the curves have grown, and one after the view was moved."""
    grown, moved = [], []
    runs = [_run(slot) for slot in range(_RUNS)]
    view = View(unit="minutes", log=True, smoothing=2)
    for _ in range(_TIMES):
        runs = [replace(run) for run in runs]  # without the arrays that a run caches
        grown.append(_milliseconds(runs, view))
        moved.append(_milliseconds(runs, view))
    return [
        Row(
            f"chart of {_RUNS} runs × {_POINTS:,} points, CPU ms of a redraw after new losses",
            spread(grown, "{:.1f}"),
            f"after a key {spread(moved, '{:.1f}')}",
            f"{median(grown) / median(moved):.1f} ×",
            "reported",
        )
    ]


def _milliseconds(runs: list[ChartData], view: View) -> float:
    start = time.process_time()
    draw_runs(runs, *_SIZE, view=view, readout=True)
    return 1000 * (time.process_time() - start)


def _run(slot: int) -> ChartData:
    steps = range(100, 100 * (_POINTS + 1), 100)
    losses = [(step, 1.2 + slot / 20 + 3 * math.exp(-step / 100_000)) for step in steps]
    elapsed = [(step, step / 30) for step in steps]
    return ChartData(losses, losses, name=f"run {slot}", elapsed=elapsed, slot=slot)


if __name__ == "__main__":
    print_rows(rows())
