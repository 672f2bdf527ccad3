"""Reading the losses of the steps, and going back to before one that is wrong."""

import math
from dataclasses import dataclass

import torch

from charloom.core.training.step import StepResult, TrainStep

READ_STEPS = 10
"""After how many steps to read: it makes a GPU wait, so it is done for several steps at once."""

_SNAPSHOT_STEPS = 5 * READ_STEPS


@dataclass(slots=True)
class DivergenceDetector:
    """Compares the loss of late with what it was before, in nats per character."""

    before: float
    of_late: float
    recent: tuple[float, ...] = ()
    """The losses of the last sound steps, :data:`RECENT_STEPS` at most."""

    @classmethod
    def from_chance(cls, nats: float) -> "DivergenceDetector":
        """Return the guard of a network that has learned nothing: ``nats`` is ln V."""
        return cls(nats, nats)

    def sound(self, loss: float, gradient_norm: float) -> bool:
        """Take in one step's loss; False if training must go back."""
        self.of_late = _FAST * self.of_late + (1 - _FAST) * loss
        if math.isfinite(gradient_norm) and self.of_late <= self.before + _RISE:
            self.before = _SLOW * self.before + (1 - _SLOW) * loss
            self.recent = (*self.recent, loss)[-RECENT_STEPS:]
            return True
        self.of_late = self.before
        self.recent = ()
        return False


class Rollback:
    """Looks after ``learner``; ``guard`` knows its losses so far.

    It goes back by 50 to 100 steps, though not to before the step at which it was made: a run that
    is resumed, and jumps within its next 100 steps, goes back to where it was resumed.
    """

    def __init__(self, learner: TrainStep, guard: DivergenceDetector) -> None:
        self._learner = learner
        self.guard = guard
        self._good = self._newest = learner.capture()
        self._unread: list[StepResult] = []  # still on the device
        self.losses: list[float] = []
        """What was read, for a report to take away."""

    def add(self, outcome: StepResult) -> None:
        """Take what the learner's last step came to."""
        self._unread.append(outcome)

    def went_back(self) -> bool:
        """Read the last steps' losses; if one is wrong, put the learner back to before it."""
        if not self._unread:
            return False
        outcomes = torch.stack([torch.stack(outcome) for outcome in self._unread]).tolist()
        self._unread.clear()
        self.losses.extend(loss for loss, _ in outcomes)
        if all(self.guard.sound(*outcome) for outcome in outcomes):
            if self._learner.step_count % _SNAPSHOT_STEPS == 0:
                # A loss that is about to jump still looks sound: the newest is not yet proven good.
                self._good, self._newest = self._newest, self._learner.capture()
            return False
        self._learner.restore(self._good)
        self._newest = self._good
        self.losses.clear()
        return True


RECENT_STEPS = 50
_RISE = 1.5  # nats: noise stays far below it, divergence goes far above
_SLOW, _FAST = 0.98, 0.8  # memory of the two running means: about 50 steps, about 5
