"""Whether a network has begun to learn its text by heart.

Then it still gets better at what it reads, and ever worse at what it has not read. Both losses
tremble from point to point, so means over several are compared, and a difference between these
counts where chance would hardly make it.
"""

import math
from collections.abc import Iterable, Sequence
from itertools import accumulate
from statistics import fmean, median

from charloom.core.runs.curve import CurvePoint

_BESIDE = 2  # validations on either side of the best: with them, it is five that are compared with
_NEWEST = 5  # validations
_CLEARLY = 0.02  # nats: a rise worth a word
_SURELY = 4.0  # standard errors of a difference that chance would hardly make
_BEND = 1.652  # 0.6745 √6: the median of |a - 2b + c| for normal a, b, c of deviation 1


def overfit_step(train: Sequence[CurvePoint], validation: Sequence[CurvePoint]) -> float | None:
    """Return the step of the best validation if things have turned since then, else None.

    Both are curves of losses in nats by step, from the first step on.
    """
    best = min(range(len(validation)), key=lambda i: validation[i][1], default=0)
    around = validation[max(0, best - _BESIDE) : best + _BESIDE + 1]
    newest = validation[max(best + 1, len(validation) - _NEWEST) :]
    if best == 0 or len(newest) < _NEWEST:
        return None
    then = [point for point in train if around[0][0] <= point[0] <= around[-1][0]]
    now = [point for point in train if newest[0][0] <= point[0]]
    rises = _rise(validation, around, newest) > _CLEARLY
    return validation[best][0] if rises and then and now and _rise(train, then, now) < 0 else None


def _rise(
    curve: Sequence[CurvePoint], then: Sequence[CurvePoint], now: Sequence[CurvePoint]
) -> float:
    """Return by how much a curve has risen from some of its points to others; 0 if that is chance.

    The errors of both means are judged by that of the shorter part, before the turn (but for the
    first half of that, where a curve bends most) and after it: not across, where it bends, too.
    """
    rise = fmean(value for _, value in now) - fmean(value for _, value in then)
    turn = then[len(then) // 2][0]
    before = [value for step, value in curve if turn / 2 <= step <= turn]
    after = [value for step, value in curve if step >= turn]
    several = min(len(then), len(now))
    single, mean = (_noise_std((before, after), size) for size in (1, several))
    error = max(single / math.sqrt(several), mean)
    return rise if abs(rise) > _SURELY * math.sqrt(2) * error else 0.0


def _noise_std(parts: Iterable[Sequence[float]], several: int) -> float:
    """Return the standard deviation of the means over so many values from where they go.

    It is judged by how much they bend, which no slope adds to; where neighbours tremble together,
    that is more than a single value's would make one think. Of too few values it is 0.
    """
    bends = [0.0]
    for values in parts:
        sums = [0.0, *accumulate(values)]
        means = [(b - a) / several for a, b in zip(sums, sums[several:], strict=False)]
        triples = zip(means, means[several:], means[2 * several :], strict=False)
        bends += [abs(a - 2 * b + c) for a, b, c in triples]
    return median(bends[1:] or bends) / _BEND
