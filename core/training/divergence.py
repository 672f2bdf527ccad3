"""Detect a diverging loss, and roll the training back to before it."""

import math
from dataclasses import dataclass

import torch

from charloom.core.training.step import Stepper, StepResult

CHECK_STEPS = 10
"""Steps between two checks: reading losses makes a GPU wait, so several are read at once."""

RECENT_STEPS = 50
_SNAPSHOT_STEPS = 5 * CHECK_STEPS
_MAX_RISE = 1.5  # nats: noise stays far below it, divergence goes far above
_SLOW, _FAST = 0.98, 0.8  # decay of the two running means: over about 50 steps, about 5


@dataclass(slots=True)
class DivergenceDetector:
    """Compares a fast running mean of the loss with a slow one, in nats per character.

    For an untrained network both start at ln V.
    """

    slow: float
    fast: float
    recent: tuple[float, ...] = ()
    """The last accepted losses, :data:`RECENT_STEPS` at most."""

    def accept(self, loss: float, gradient_norm: float) -> bool:
        """Record the loss of one step; return False if the training has diverged."""
        self.fast = _FAST * self.fast + (1 - _FAST) * loss
        if math.isfinite(gradient_norm) and self.fast <= self.slow + _MAX_RISE:
            self.slow = _SLOW * self.slow + (1 - _SLOW) * loss
            self.recent = (*self.recent, loss)[-RECENT_STEPS:]
            return True
        self.fast = self.slow
        self.recent = ()
        return False


class Rollback:
    """Snapshots of ``stepper`` to return to when ``detector`` rejects a loss.

    It goes back by 50 to 100 steps, but not beyond the step at which it was created: a resumed run
    that diverges within its first 100 steps returns to where it was resumed.
    """

    def __init__(self, stepper: Stepper, detector: DivergenceDetector) -> None:
        self._stepper = stepper
        self.detector = detector
        self._good = self._newest = stepper.capture()
        self._unread: list[StepResult] = []  # still on the device
        self.losses: list[float] = []
        """Losses read since the last report, which clears them."""

    def add(self, result: StepResult) -> None:
        """Queue the result of the stepper's last step for the next check."""
        self._unread.append(result)

    def check(self) -> bool:
        """Read the queued losses; if one diverges, restore an earlier state and return True."""
        if not self._unread:
            return False
        results = torch.stack([torch.stack(result) for result in self._unread]).tolist()
        self._unread.clear()
        self.losses.extend(loss for loss, _ in results)
        if all(self.detector.accept(*result) for result in results):
            if self._stepper.step_count % _SNAPSHOT_STEPS == 0:
                # A loss about to jump still looks good: the newest snapshot is not yet proven.
                self._good, self._newest = self._newest, self._stepper.capture()
            return False
        self._stepper.restore(self._good)
        self._newest = self._good
        self.losses.clear()
        return True
