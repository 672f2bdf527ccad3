"""Noticing that training has gone wrong: a loss that is no number, or one that suddenly rises."""

import math

_RISE = 1.5  # nats: noise stays far below it, divergence goes far above
_SLOW, _FAST = 0.98, 0.8  # memory of the two running means: about 50 steps, about 5


class Guard:
    """Compares the loss of late with what it was before; starts from chance, ``nats`` = ln V."""

    def __init__(self, nats: float) -> None:
        self._before = self._of_late = nats

    def sound(self, loss: float, gradient_norm: float) -> bool:
        """Take in one step's loss (nats per character); False if training must go back."""
        self._of_late = _FAST * self._of_late + (1 - _FAST) * loss
        if math.isfinite(gradient_norm) and self._of_late <= self._before + _RISE:
            self._before = _SLOW * self._before + (1 - _SLOW) * loss
            return True
        self._of_late = self._before
        return False
