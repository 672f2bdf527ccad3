"""The curves of a run as a chart needs them, and the ways to look at them."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from charloom.core.analysis.baselines import named
from charloom.core.runs.monitor import RunMonitor
from charloom.tui.charts.canvas import Axis, Floats, Polyline
from charloom.tui.formatting import run_status

NAT = math.log(2)  # nats / ln 2 = bits
Unit = Literal["steps", "minutes", "characters"]
UNITS: tuple[Unit, ...] = ("steps", "minutes", "characters")
SMOOTHING = ("not smoothed", "lightly smoothed", "strongly smoothed")
_SMOOTHED_SHARE = 0.05  # of the curve, over which strong smoothing averages
_MIN_LOGARITHM_OF = {"steps": 1.0, "minutes": 1 / 60, "characters": 1.0}


@dataclass(frozen=True)
class ChartData:
    """The curves of a run, as pairs of a step and a loss in nats per character.

    ``baselines`` are pairs of a name and a loss; ``total`` is the run's last step, if known;
    ``elapsed`` are pairs of a step and the seconds that had passed. ``slot`` chooses mark, colour
    and line style among other runs. The sequences must not be changed afterwards.
    """

    train: Sequence[tuple[float, float]] = ()
    validation: Sequence[tuple[float, float]] = ()
    best: tuple[float, float] | None = None
    baselines: Sequence[tuple[str, float]] = ()
    total: float | None = None
    name: str = ""
    elapsed: Sequence[tuple[float, float]] = ()
    chars_per_step: float = 0.0
    slot: int = 0

    @cached_property
    def train_line(self) -> Polyline:
        """The training losses in bits."""
        return Polyline.from_points(self.train, NAT)

    @cached_property
    def validation_line(self) -> Polyline:
        """The validation losses in bits."""
        return Polyline.from_points(self.validation, NAT)

    @property
    def marked_line(self) -> Polyline:
        """The validation losses, or else the training losses."""
        return self.validation_line if len(self.validation_line.x) else self.train_line

    @cached_property
    def _clock(self) -> Polyline:
        steps, minutes = Polyline.from_points([(0.0, 0.0), *self.elapsed], 60)
        return Polyline(steps, np.maximum.accumulate(minutes))

    def minutes(self, steps: Floats) -> Floats:
        """Return the minutes of training after each of ``steps``."""
        return np.interp(steps, *self._clock)


@dataclass(frozen=True)
class View:
    """A way to look at curves.

    ``smoothing`` is an index of ``SMOOTHING``; ``train`` shows the training losses of several runs
    instead of the validation losses; ``window`` is the visible part of the axis, None for all.
    """

    unit: Unit = "steps"
    log: bool = False
    smoothing: int = 1
    train: bool = False
    window: Axis | None = None

    def positions(self, data: ChartData, steps: Floats) -> Floats:
        """Return where on the axis ``steps`` are: in the unit, or its logarithm to base 10."""
        x = steps
        if self.unit == "minutes":
            x = data.minutes(steps)
        elif self.unit == "characters":
            x = steps * data.chars_per_step
        return np.log10(np.maximum(x, _MIN_LOGARITHM_OF[self.unit])) if self.log else x

    def value(self, position: float) -> float:
        """Return the steps, minutes or characters at a position on the axis."""
        return 10.0 ** min(position, 300.0) if self.log else position

    def placed(self, data: ChartData, line: Polyline) -> Polyline:
        """Return a line of ``data`` with positions on the axis instead of steps."""
        return Polyline(self.positions(data, line.x), line.y)

    def smoothed(self, line: Polyline, max_points: int) -> Polyline:
        """Return a line to draw: all points, or means of them."""
        if not self.smoothing:
            return line
        if self.smoothing == len(SMOOTHING) - 1 and len(line.x):
            line = line.averaged(_SMOOTHED_SHARE * float(line.x[-1] - line.x[0]))
        return line.thinned(max_points, 1.0 if self.unit == "steps" and not self.log else 0.0)

    def describe(self, losses: str, zoom: float) -> str:
        """Return the losses, units, smoothing and magnification in words."""
        axis = f"by {self.unit}{', logarithmic' if self.log else ''}"
        parts = [f"{losses} in bits/char {axis}", SMOOTHING[self.smoothing]]
        return " · ".join([*parts, f"zoom {zoom:,.1f}×"] if self.window else parts)


def chart_data(run: RunMonitor, slot: int = 0) -> ChartData:
    """Return the curves and baselines of a run."""
    started, progress = run.started, run.progress
    characters = started.train_characters * progress.epoch if started and progress else 0.0
    return ChartData(
        run.train.points(),
        run.validation.points(),
        run_status.best(run),
        named(started) if started else (),
        started.total_steps if started else None,
        run.name,
        run.elapsed.points(),
        characters / progress.step if progress and progress.step else 0.0,
        slot,
    )
