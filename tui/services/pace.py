"""The pace of a generation: characters a second, a pause, and single characters in a pause."""

import threading
from collections import deque
from time import monotonic

PACES = (20, 60, 300, 0)
"""Characters a second; 0 is as many as possible."""

_MAX_WAKEUPS = 20  # a second: for each, the network is read from memory and a picture drawn
_MAX_AT_ONCE = 5  # characters; more would not fit into a slice of a large model
_MAX_DELAY_SECONDS = 0.25  # that is caught up with


class Pace:
    """Tells a generation thread when to write; the app sets it at any time.

    ``rate`` is one of :data:`PACES`, for each text.
    """

    def __init__(self, rate: int = 0) -> None:
        self._changed = threading.Condition()
        self._rate = rate
        self._paused = self._reached = self._stopped = False
        self._steps: deque[str] = deque()  # each a chosen character, or "" to draw one
        self._due = monotonic()

    @property
    def rate(self) -> int:
        """The characters a second; 0: as many as possible."""
        return self._rate

    @rate.setter
    def rate(self, rate: int) -> None:
        with self._changed:
            self._rate = rate
            self._changed.notify()

    @property
    def paused(self) -> bool:
        """True in a pause, in which :meth:`step` writes single characters."""
        return self._paused

    @paused.setter
    def paused(self, paused: bool) -> None:
        with self._changed:
            self._paused = paused
            self._reached = False
            self._steps.clear()
            self._changed.notify()

    @property
    def pause_reached(self) -> bool:
        """True in a pause, once the characters that were due before it are written."""
        return self._reached

    def step(self, choice: str = "") -> None:
        """In a pause, draw one character, or take ``choice``."""
        with self._changed:
            self._steps.append(choice)
            self._changed.notify()

    @property
    def stopped(self) -> bool:
        """True once :meth:`stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Write nothing more."""
        with self._changed:
            self._stopped = True
            self._changed.notify()

    def wait(self, most: int) -> tuple[int, str]:
        """Wait until characters are due; return their number, up to ``most``, and a choice.

        After a stop, the number is 0.
        """
        with self._changed:
            while not self._stopped:
                timeout = None
                if self._paused:
                    if self._steps:
                        return 1, self._steps.popleft()
                    self._reached = True
                elif not self._rate:
                    return most, ""
                else:
                    now = monotonic()
                    self._due = max(self._due, now - _MAX_DELAY_SECONDS)
                    timeout = self._due - now
                    if timeout <= 0:
                        count = min(most, _MAX_AT_ONCE, -(-self._rate // _MAX_WAKEUPS))
                        self._due += count / self._rate
                        return count, ""
                self._changed.wait(timeout)
        return 0, ""
