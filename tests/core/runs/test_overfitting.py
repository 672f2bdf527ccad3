"""When overfitting is reported, and above all when it is not."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from charloom.core.runs.curve import CurvePoint
from charloom.core.runs.overfitting import overfit_step

Curve = Callable[[float], float]
VALIDATIONS, REPORTS = 60, 4  # reports to each validation
BEST = 0.3  # of the run


def falls(x: float) -> float:
    return 1.4 + 1.5 * math.exp(-15 * x)


def falls_on(x: float) -> float:
    return falls(x) - 0.3 * x


def turns(x: float) -> float:
    return falls(min(x, BEST)) + 0.4 * max(0.0, x - BEST)


def observed(curve: Curve, count: int, noise: float, seed: int) -> list[CurvePoint]:
    """Return points on a curve over a run of 6,000 steps, with noise."""
    random = np.random.default_rng(seed)
    return [(6000 * n / count, curve(n / count) + random.normal(0, noise)) for n in range(1, count)]


def losses(
    train: Curve, validation: Curve, noise: float, seed: int
) -> tuple[list[CurvePoint], ...]:
    read = observed(train, REPORTS * VALIDATIONS, 3 * noise, seed)
    return read, observed(validation, VALIDATIONS, noise, seed + 1)


def reported(train: list[CurvePoint], validation: list[CurvePoint]) -> list[float]:
    """Return the steps reported after each validation, as a run continues."""
    parts = [validation[:n] for n in range(len(validation) + 1)]
    steps = (overfit_step([p for p in train if not v or p[0] <= v[-1][0]], v) for v in parts)
    return [step for step in steps if step is not None]


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.01])
@pytest.mark.parametrize("seed", range(3))
def test_overfitting_is_reported_at_the_best_step(noise: float, seed: int) -> None:
    steps = reported(*losses(falls_on, turns, noise, seed))
    assert len(steps) > VALIDATIONS / 4  # well before the end
    assert steps[-1] == pytest.approx(6000 * BEST, abs=800 if noise else 100)


@pytest.mark.parametrize("noise", [0.0, 0.002, 0.01, 0.05])
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    ("train", "validation"),
    [
        (falls_on, falls_on),
        (falls_on, falls),  # it no longer improves, but gets no worse
        (falls, falls),
        (turns, turns),  # both get worse: something else is wrong
    ],
)
def test_nothing_else_is_taken_for_it(
    train: Curve, validation: Curve, noise: float, seed: int
) -> None:
    assert not reported(*losses(train, validation, noise, seed))


def test_a_bad_moment_is_not_taken_for_it() -> None:
    read, checked = losses(falls_on, falls_on, 0.0, 0)
    for first, size in ((30, 1), (30, 3), (20, 4)):
        spiked = [(s, v + 0.5 * (first <= n < first + size)) for n, (s, v) in enumerate(checked)]
        assert not reported(read, spiked)


def test_of_little_there_is_nothing_to_say() -> None:
    assert overfit_step([], []) is None
    rising = [(float(step), 1.0 + step) for step in range(20)]
    assert overfit_step([], rising) is None  # from the first validation on: it was never any good
    assert overfit_step([], [(-1.0, 2.0), *rising]) is None  # no training loss is known
