"""Time in a training run: how far it is, which learning rate is due, and what may interrupt it."""

import math
import time
from types import TracebackType

from core.settings import TrainSettings

_FINAL_SHARE = 0.06  # of a run bounded by minutes, at most, goes into the evaluation at its end
_REPEATED = 1.2  # the carried measure reads some characters twice
_SLOWER = 2.0  # the evaluation at the end is in float32, at half of bfloat16's speed or better


def learning_rate(settings: TrainSettings, fraction: float) -> float:
    """Return the rate at ``fraction`` (0 to 1) of the run: linear warm-up, then a cosine."""
    if fraction < settings.warmup:
        return settings.rate * fraction / settings.warmup
    along = min(1.0, (fraction - settings.warmup) / (1 - settings.warmup))
    cosine = (1 + math.cos(math.pi * along)) / 2
    return settings.rate * (settings.final_rate + (1 - settings.final_rate) * cosine)


def steps_per_epoch(characters: int, settings: TrainSettings) -> int:
    """Return how many batches ``[B, T]`` one epoch over ``characters`` characters has."""
    windows = characters - settings.window
    if settings.order == "shuffled":
        return windows // settings.batch
    return (windows + settings.window - 1) // (settings.batch * settings.window)


class Budget:
    """What a run may spend: steps, or minutes of which the end goes into a last evaluation."""

    def __init__(self, settings: TrainSettings, steps_per_epoch: int, spent: float) -> None:
        self._began = time.perf_counter() - spent
        self._seconds = settings.minutes * 60 if settings.minutes else math.inf
        self.total_steps: int | None = settings.steps
        if settings.epochs:
            self.total_steps = max(1, round(settings.epochs * steps_per_epoch))
        self._evaluation = 0.0  # seconds that the last evaluation would take in full

    @property
    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self._began

    def fraction(self, step: int) -> float:
        """Return how much of the run is done before ``step``: from 0 to 1, and beyond."""
        if self.total_steps is not None:
            return step / self.total_steps
        return self.elapsed / (self._seconds - self._reserve)

    def eta(self, fraction: float) -> float:
        """Return the seconds that are left at ``fraction`` of the run."""
        left = self.elapsed * (1 - fraction) / fraction if fraction else 0.0
        return left + self._reserve

    def plan_evaluation(self, held_out: int, counted: int, seconds: float) -> None:
        """Plan the last evaluation of ``held_out`` characters from one of ``counted``."""
        per_character = _SLOWER * seconds / counted
        self._evaluation = per_character * held_out * (_REPEATED + 1)  # both measures

    @property
    def _reserve(self) -> float:
        return min(self._evaluation, _FINAL_SHARE * self._seconds)

    def evaluated_share(self) -> float:
        """Return how much of the held-out text the last evaluation can afford, up to 1."""
        return min(1.0, self._reserve / self._evaluation) if self._evaluation else 1.0


class Rhythm:
    """Something done every so many seconds, yet taking at most ``share`` of the time.

    Doing it inside ``with rhythm:`` measures how long it takes.
    """

    def __init__(self, seconds: float, share: float = 1.0) -> None:
        self._seconds, self._share = seconds, share
        self._begin = 0.0
        self._next = time.perf_counter() + seconds

    def due(self) -> bool:
        """Return whether it is time."""
        return time.perf_counter() >= self._next

    def __enter__(self) -> None:
        self._begin = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        now = time.perf_counter()
        self._next = now + max(self._seconds, (now - self._begin) / self._share)
