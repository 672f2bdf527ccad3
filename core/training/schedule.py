"""Time in a training run: how far it is, which learning rate is due, and what may interrupt it."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

from charloom.core.config import TrainConfig

_FINAL_SHARE = 0.06  # of a run bounded by minutes, at most, goes into the evaluation at its end
_SLOWER = 2.0  # the evaluation at the end is in float32, at half of bfloat16's speed or better
# Between validations of a run bounded by steps: looking at 24,000 characters takes as long as
# learning from about 16,000. Yet there are four at least, and a hundred at most.
_TRAINED_BETWEEN = 640_000
_LEAST_VALIDATIONS, _MOST_VALIDATIONS = 4, 100
_LEAST_RATE = 1e-12  # a cosine that ends at zero: what is next to nothing is not scaled up


def learning_rate(settings: TrainConfig, fraction: float) -> float:
    """Return the rate at ``fraction`` (0 to 1) of the run: linear warm-up, then a cosine."""
    if fraction < settings.warmup:
        return settings.rate * fraction / settings.warmup
    along = min(1.0, (fraction - settings.warmup) / (1 - settings.warmup))
    cosine = (1 + math.cos(math.pi * along)) / 2
    return settings.rate * (settings.final_rate + (1 - settings.final_rate) * cosine)


def rate_scale(settings: TrainConfig, fraction: float, rate: float) -> float:
    """Return what to multiply :func:`learning_rate` by so that it is ``rate`` at ``fraction``.

    During the warm-up, so that it climbs to ``rate``.
    """
    planned = learning_rate(settings, max(fraction, settings.warmup))
    return rate / max(planned, _LEAST_RATE)


class Stopwatch:
    """The time of a run, of which ``spent`` seconds are over: it stands still in a pause."""

    def __init__(self, spent: float = 0.0) -> None:
        self._began = time.perf_counter() - spent
        self._stopped: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the run began, pauses not counted."""
        now = time.perf_counter() if self._stopped is None else self._stopped
        return now - self._began

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Let what is done inside take no time; inside another such block it changes nothing."""
        if self._stopped is not None:
            yield
            return
        self._stopped = time.perf_counter()
        yield
        self._began += time.perf_counter() - self._stopped
        self._stopped = None


class RunBudget:
    """What a run may spend: steps, or minutes of which the end goes into a last evaluation."""

    def __init__(self, settings: TrainConfig, steps_per_epoch: int, watch: Stopwatch) -> None:
        self._watch = watch
        self._seconds = settings.minutes * 60 if settings.minutes else math.inf
        self.total_steps: int | None = settings.steps
        if settings.epochs:
            self.total_steps = max(1, round(settings.epochs * steps_per_epoch))
        self._evaluation = 0.0  # seconds that the last evaluation would take in full

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._watch.seconds

    def fraction(self, step: int) -> float:
        """Return how much of the run is done before ``step``: from 0 to 1, and beyond."""
        if self.total_steps is not None:
            return step / self.total_steps
        return self.elapsed / (self._seconds - self._reserve)

    def validation_steps(self, characters: int) -> int | None:
        """Return after how many steps of so many ``characters`` to validate.

        So a run bounded by steps is the same whenever it is run, its best checkpoint included.
        None where time bounds the run: then time decides that, too.
        """
        if self.total_steps is None:
            return None
        most = self.total_steps // _LEAST_VALIDATIONS
        least = self.total_steps // _MOST_VALIDATIONS
        return max(1, least, min(most, _TRAINED_BETWEEN // characters))

    def eta(self, fraction: float) -> float:
        """Return the seconds that are left at ``fraction`` of the run."""
        left = self.elapsed * (1 - fraction) / fraction if fraction else 0.0
        return left + self._reserve

    def plan_evaluation(self, seconds: float) -> None:
        """Plan the last evaluation: the ``seconds`` it would take at the speed of a validation."""
        self._evaluation = _SLOWER * seconds

    @property
    def _reserve(self) -> float:
        return min(self._evaluation, _FINAL_SHARE * self._seconds)

    def evaluated_share(self) -> float:
        """Return how much of the held-out text the last evaluation can afford, up to 1."""
        return min(1.0, self._reserve / self._evaluation) if self._evaluation else 1.0


class ThrottledTimer:
    """Something done every so many seconds, yet taking at most ``share`` of the time.

    Doing it inside ``with rhythm:`` measures how long it takes.
    """

    def __init__(self, watch: Stopwatch, seconds: float, share: float = 1.0) -> None:
        self._watch, self._seconds, self._share = watch, seconds, share
        self._begin = 0.0
        self._next = watch.seconds + seconds

    def due(self) -> bool:
        """Return whether it is time."""
        return self._watch.seconds >= self._next

    def __enter__(self) -> None:
        self._begin = self._watch.seconds

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now = self._watch.seconds
        self._next = now + max(self._seconds, (now - self._begin) / self._share)
