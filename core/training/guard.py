"""Noticing that training has gone wrong: a loss that is no number, or one that suddenly rises."""

import math
from dataclasses import dataclass

RECENT_STEPS = 50
_RISE = 1.5  # nats: noise stays far below it, divergence goes far above
_SLOW, _FAST = 0.98, 0.8  # memory of the two running means: about 50 steps, about 5


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
