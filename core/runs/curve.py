"""A curve in bounded memory, however long it grows."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from charloom.core.runs.events import Event, Progress, Started, Validated

CurvePoint = tuple[float, float]  # a step and a value


class _Bucket(NamedTuple):
    """The mean of ``size`` neighbouring points, and the lowest of them."""

    size: int
    step: float
    value: float
    least: CurvePoint


class DownsampledCurve:
    """Values over the steps of a run, at most ``capacity`` points (two or more) that stand for all.

    Once it is full, neighbours are merged in pairs into their means, and what comes later is
    averaged over as many: the points stay evenly spread over what was appended.
    """

    def __init__(self, capacity: int = 2048) -> None:
        self._capacity = capacity
        self._stride = 1  # appended values per point
        self._means: list[_Bucket] = []
        self._open: _Bucket | None = None  # the newest, which may not have all its values yet
        self.last: CurvePoint | None = None
        """The point appended last."""
        self.least: CurvePoint | None = None
        """The point of the lowest value (the first of such), as it was appended.

        After :meth:`truncate` it is known exactly but for what had been merged across the cut.
        """

    def __len__(self) -> int:
        return len(self._means) + (self._open is not None)

    def append(self, step: float, value: float) -> None:
        """Add a point. One at an earlier step replaces what was beyond; NaN and infinity do not."""
        if not (math.isfinite(step) and math.isfinite(value)):
            return
        if self.last and step < self.last[0]:
            self.truncate(step)
        self.last = point = (step, value)
        if self.least is None or value < self.least[1]:
            self.least = point
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
        """Drop what is beyond ``step``: a run that goes on from there will write it anew."""
        if self.last is None or self.last[0] <= step:
            return
        if self._open and self._open.step > step:
            self._open = None
        while self._means and self._means[-1].step > step:
            self._means.pop()
        left = [*self._means, self._open] if self._open else self._means
        self.last = left[-1][1:3] if left else None
        lowest = [m.least if m.least[0] <= step else (m.step, m.value) for m in left]
        self.least = min(lowest, key=lambda point: point[1], default=None)

    def _halve(self) -> None:
        self._stride *= 2
        odd = self._means.pop() if len(self._means) % 2 else None
        pairs = zip(self._means[::2], self._means[1::2], strict=True)
        self._means = [_merged(*pair) for pair in pairs]
        if odd:
            self._open = _merged(odd, self._open) if self._open else odd


class LossCurves:
    """The training and validation losses of a run by step, in nats per character."""

    def __init__(self) -> None:
        self.train, self.validation = DownsampledCurve(), DownsampledCurve()

    def add(self, event: Event) -> None:
        """Add the loss in ``event``, if any; a start discards the losses of later steps."""
        match event:
            case Started():
                self.train.truncate(event.step)
                self.validation.truncate(event.step)
            case Progress():
                self.train.append(event.step, event.loss)
            case Validated():
                self.validation.append(event.step, event.val_loss)


def _merged(one: _Bucket, other: _Bucket) -> _Bucket:
    size = one.size + other.size
    mine, its = one.size / size, other.size / size
    return _Bucket(
        size,
        mine * one.step + its * other.step,
        mine * one.value + its * other.value,
        other.least if other.least[1] < one.least[1] else one.least,
    )
