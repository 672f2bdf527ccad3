"""A curve in bounded memory, however long it grows."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from charloom.core.runs.events import Event, Progress, Started, Validated

CurvePoint = tuple[float, float]  # a step and a value


class _Bucket(NamedTuple):
    """The mean of ``size`` neighbouring points, and the lowest one of them."""

    size: int
    step: float
    value: float
    lowest: CurvePoint


class DownsampledCurve:
    """Values by step, reduced to at most ``capacity`` points (two or more).

    When it is full, neighbouring points are merged in pairs into their means, and later values are
    averaged over as many: the points stay evenly spread over what was appended.
    """

    def __init__(self, capacity: int = 2048) -> None:
        self._capacity = capacity
        self._stride = 1  # appended values per point
        self._means: list[_Bucket] = []
        self._open: _Bucket | None = None  # the newest one, which may not be full yet
        self.last: CurvePoint | None = None
        """The point appended last."""
        self.lowest: CurvePoint | None = None
        """The first point of the lowest value, as it was appended.

        After :meth:`truncate` it is exact except for points that were merged across the cut.
        """

    def __len__(self) -> int:
        return len(self._means) + (self._open is not None)

    def append(self, step: float, value: float) -> None:
        """Add a point, dropping those beyond its step; NaN and infinity are ignored."""
        if not (math.isfinite(step) and math.isfinite(value)):
            return
        if self.last and step < self.last[0]:
            self.truncate(step)
        self.last = point = (step, value)
        if self.lowest is None or value < self.lowest[1]:
            self.lowest = point
        new = _Bucket(1, step, value, point)
        self._open = _merged(self._open, new) if self._open else new
        if self._open.size >= self._stride:
            self._means.append(self._open)
            self._open = None
        if len(self) >= self._capacity:
            self._halve()

    def points(self) -> Sequence[CurvePoint]:
        """Return the curve by step."""
        means = [*self._means, self._open] if self._open else self._means
        return [(mean.step, mean.value) for mean in means]

    def truncate(self, step: float) -> None:
        """Drop the points beyond ``step``, from which a run continues."""
        if self.last is None or self.last[0] <= step:
            return
        if self._open and self._open.step > step:
            self._open = None
        while self._means and self._means[-1].step > step:
            self._means.pop()
        left = [*self._means, self._open] if self._open else self._means
        self.last = left[-1][1:3] if left else None
        lowest = [m.lowest if m.lowest[0] <= step else (m.step, m.value) for m in left]
        self.lowest = min(lowest, key=lambda point: point[1], default=None)

    def _halve(self) -> None:
        self._stride *= 2
        odd = self._means.pop() if len(self._means) % 2 else None
        pairs = zip(self._means[::2], self._means[1::2], strict=True)
        self._means = [_merged(*pair) for pair in pairs]
        if odd:
            self._open = _merged(odd, self._open) if self._open else odd


class LossCurves:
    """The training and validation losses of a run by step, in nats per character.

    ``elapsed`` has the seconds of training by step.
    """

    def __init__(self) -> None:
        self.train, self.validation = DownsampledCurve(), DownsampledCurve()
        self.elapsed = DownsampledCurve()

    def add(self, event: Event) -> None:
        """Add the loss in ``event``, if any; a start discards the losses of later steps."""
        match event:
            case Started():
                for curve in (self.train, self.validation, self.elapsed):
                    curve.truncate(event.step)
            case Progress():
                self.train.append(event.step, event.loss)
                self.elapsed.append(event.step, event.elapsed_seconds)
            case Validated():
                self.validation.append(event.step, event.val_loss)


def _merged(left: _Bucket, right: _Bucket) -> _Bucket:
    size = left.size + right.size
    a, b = left.size / size, right.size / size
    return _Bucket(
        size,
        a * left.step + b * right.step,
        a * left.value + b * right.value,
        right.lowest if right.lowest[1] < left.lowest[1] else left.lowest,
    )
