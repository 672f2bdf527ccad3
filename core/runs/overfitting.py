"""Detect overfitting: the training loss still falls while the held-out loss rises.

Both losses are noisy, so means over several points are compared, and a difference between means
counts only if it is significant.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from statistics import fmean, median

from charloom.core.runs.curve import CurvePoint

_NEIGHBORS = 2  # validations on either side of the best, averaged with it
_NEWEST = 5  # validations
_MIN_RISE = 0.02  # nats
_MIN_ERRORS = 4.0  # standard errors of a significant difference
_MEDIAN_BEND = 1.652  # 0.6745 √6: the median of |a - 2b + c| for standard normal a, b, c


def overfit_step(train: Sequence[CurvePoint], validation: Sequence[CurvePoint]) -> float | None:
    """Return the step of the best validation if the network has overfitted since, else None.

    Both curves are losses in nats by step, from the first step on.
    """
    best = min(range(len(validation)), key=lambda i: validation[i][1], default=0)
    around = validation[max(0, best - _NEIGHBORS) : best + _NEIGHBORS + 1]
    newest = validation[max(best + 1, len(validation) - _NEWEST) :]
    if best == 0 or len(newest) < _NEWEST:
        return None
    then = [point for point in train if around[0][0] <= point[0] <= around[-1][0]]
    now = [point for point in train if newest[0][0] <= point[0]]
    rises = _rise(validation, around, newest) > _MIN_RISE
    return validation[best][0] if rises and then and now and _rise(train, then, now) < 0 else None


def _rise(
    curve: Sequence[CurvePoint], then: Sequence[CurvePoint], now: Sequence[CurvePoint]
) -> float:
    """Return the rise of the mean from the points ``then`` to ``now``; 0 if it is not significant.

    The noise is estimated before the middle of ``then`` (except in the first half, where a curve
    bends most) and after it, but not across, where a curve bends too.
    """
    rise = fmean(value for _, value in now) - fmean(value for _, value in then)
    middle = then[len(then) // 2][0]
    before = [value for step, value in curve if middle / 2 <= step <= middle]
    after = [value for step, value in curve if step >= middle]
    size = min(len(then), len(now))
    error = max(_noise_std((before, after), 1) / math.sqrt(size), _noise_std((before, after), size))
    return rise if abs(rise) > _MIN_ERRORS * math.sqrt(2) * error else 0.0


def _noise_std(parts: Iterable[Sequence[float]], size: int) -> float:
    """Return the standard deviation of means over ``size`` values around the trend of the curve.

    It is estimated from second differences, which no slope adds to. For correlated neighbors it is
    larger than that of a single value suggests. With too few values it is 0.
    """
    bends = [0.0]
    for values in parts:
        sums = [0.0, *accumulate(values)]
        means = [(b - a) / size for a, b in zip(sums, sums[size:], strict=False)]
        triples = zip(means, means[size:], means[2 * size :], strict=False)
        bends += [abs(a - 2 * b + c) for a, b, c in triples]
    return median(bends[1:] or bends) / _MEDIAN_BEND
