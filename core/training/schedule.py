"""Learning rate, budget and clock of a training run, and timers for what interrupts it."""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

from charloom.core.config import TrainConfig

_MAX_EVALUATION_SHARE = 0.06  # of the minutes of a run: for the evaluation at its end
SLOWDOWN = {"float32": 1.0, "bfloat16": 2.0}
"""The time of the evaluation at the end, which is in float32, in that of a precision, at most."""

# Characters trained on between validations of a run bounded by steps: validating 24,000 takes as
# long as training on about 16,000.
_VALIDATION_INTERVAL = 640_000
_MIN_VALIDATIONS, _MAX_VALIDATIONS = 4, 100
_MIN_RATE = 1e-12  # a cosine may end at zero, which no factor scales up


def learning_rate(config: TrainConfig, fraction: float) -> float:
    """Return the learning rate at ``fraction`` (0 to 1) of the run: linear warm-up, then cosine."""
    if fraction < config.warmup:
        return config.learning_rate * fraction / config.warmup
    progress = min(1.0, (fraction - config.warmup) / (1 - config.warmup))
    cosine = (1 + math.cos(math.pi * progress)) / 2
    return config.learning_rate * (config.final_rate + (1 - config.final_rate) * cosine)


def rate_scale(config: TrainConfig, fraction: float, rate: float) -> float:
    """Return the factor that makes :func:`learning_rate` equal ``rate`` at ``fraction``.

    During the warm-up, the factor that makes it climb to ``rate``.
    """
    planned = learning_rate(config, max(fraction, config.warmup))
    return rate / max(planned, _MIN_RATE)


class Stopwatch:
    """The time of a run, which starts at ``elapsed`` seconds and can be stopped."""

    def __init__(self, elapsed: float = 0.0) -> None:
        self._began = time.perf_counter() - elapsed
        self._stopped: float | None = None

    @property
    def seconds(self) -> float:
        """Seconds since the run began, pauses not counted."""
        now = time.perf_counter() if self._stopped is None else self._stopped
        return now - self._began

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """Stop the time inside the block; nested blocks change nothing."""
        if self._stopped is not None:
            yield
            return
        self._stopped = time.perf_counter()
        yield
        self._began += time.perf_counter() - self._stopped
        self._stopped = None


class RunBudget:
    """The bound of a run: steps, or minutes that include the evaluation at the end."""

    def __init__(self, config: TrainConfig, steps_per_epoch: int, clock: Stopwatch) -> None:
        self._clock = clock
        self._seconds = config.minutes * 60 if config.minutes else math.inf
        self.total_steps: int | None = config.steps
        if config.epochs:
            self.total_steps = max(1, round(config.epochs * steps_per_epoch))
        self._max_steps = math.inf
        if config.max_epochs:
            self._max_steps = max(1, round(config.max_epochs * steps_per_epoch))
            if self.total_steps is not None:
                self.total_steps = int(min(self.total_steps, self._max_steps))
        self._multiple = config.average_every  # of which both numbers of steps are multiples
        if self.total_steps:
            self.total_steps = self._round_up(self.total_steps)
        self._evaluation = 0.0  # seconds for evaluating held-out text at the end
        self._least_evaluation = 0.0  # for as much of it as is always evaluated
        self._expected_evaluation = 0.0  # for as much as will make the loss certain

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return self._clock.seconds

    def fraction(self, step: int) -> float:
        """Return the share of the run that is done before ``step``: from 0 to 1, and beyond."""
        if self.total_steps is not None:
            return step / self.total_steps
        return max(step / self._max_steps, self.elapsed / (self._seconds - self._reserve))

    def leaves_time(self, step: int) -> bool:
        """Return whether ``max_epochs`` ends the run at ``step``, before its minutes do."""
        return self.total_steps is None and step >= self._max_steps

    def validation_steps(self, characters: int) -> int | None:
        """Return the steps between validations, given the ``characters`` per step.

        Fixed steps make a run that is bounded by steps reproducible, its best checkpoint included.
        None when the run is bounded by time, which then also decides when to validate.
        """
        if self.total_steps is None:
            return None
        longest = self.total_steps // _MIN_VALIDATIONS
        shortest = self.total_steps // _MAX_VALIDATIONS
        return self._round_up(max(1, shortest, min(longest, _VALIDATION_INTERVAL // characters)))

    def _round_up(self, steps: int) -> int:
        return -(-steps // self._multiple) * self._multiple

    def eta(self, fraction: float) -> float:
        """Return the seconds that remain at ``fraction`` of the run."""
        left = self.elapsed * (1 - fraction) / fraction if fraction else 0.0
        return left + self.evaluation_eta

    @property
    def evaluation_eta(self) -> float:
        """The seconds that the final evaluation will take; 0.0 if that is unknown."""
        return min(self._reserve, self._expected_evaluation)

    def plan_evaluation(
        self, seconds: float, least: float = 0.0, expected: float = math.inf
    ) -> None:
        """Reserve time for the final evaluation: ``seconds`` for as much as it reads at most.

        If that is too long, at least ``least``, for as much as is always evaluated. Both are at the
        speed of a validation. It is ``expected`` to take so many seconds.
        """
        self._expected_evaluation = expected
        self._evaluation = SLOWDOWN["bfloat16"] * seconds
        self._least_evaluation = SLOWDOWN["bfloat16"] * least

    @property
    def _reserve(self) -> float:
        least = min(self._least_evaluation, self._seconds / 2)
        return min(self._evaluation, max(least, _MAX_EVALUATION_SHARE * self._seconds))

    def evaluated_share(self) -> float:
        """Return the share of what the final evaluation reads at most that it has time for."""
        return min(1.0, self._reserve / self._evaluation) if self._evaluation else 1.0


class ThrottledTimer:
    """A timer for a task done every ``seconds``, limited to ``share`` of the total time.

    Doing the task inside ``with timer.running():`` measures how long it takes.
    """

    def __init__(self, clock: Stopwatch, seconds: float, share: float = 1.0) -> None:
        self._clock, self._seconds, self._share = clock, seconds, share
        self._next = clock.seconds + seconds

    def due(self) -> bool:
        """Return whether to do the task now."""
        return self._clock.seconds >= self._next

    @contextmanager
    def running(self) -> Iterator[None]:
        """Do the task in the block, and plan the next time from how long it takes."""
        begin = self._clock.seconds
        yield
        now = self._clock.seconds
        self._next = now + max(self._seconds, (now - begin) / self._share)
