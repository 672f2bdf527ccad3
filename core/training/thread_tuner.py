"""Change the number of threads of a run when other work on the machine begins or ends.

Next to a process that burns a core, several threads wait for each other at every operation, and are
slower than one. The trials are real steps of the run, so that none is wasted.
"""

import time
from collections.abc import Callable, Collection

import torch

_WATCH = 1.0, 8  # the least seconds and steps that a speed is the mean of
_TRIAL = 0.2, 3  # the same in a trial of another number of threads
_CHANGE = 1.5  # a drop of the speed by a third, or the recovery from one
_GAIN = 1.1  # by which another number of threads must be faster
_RETRY_SECONDS = 20.0  # between trials of more threads, whose recovery fewer cannot notice
_MAX_TRIAL_SHARE = 0.04  # of the time that trials of more threads take


class ThreadTuner:
    """Times the steps of a run, and tries other numbers of threads when their speed changes.

    Args:
        threads: the number to begin with.
        counts: the numbers to choose from; with fewer than two, nothing is ever changed.
        step_seconds: the expected time of a step; 0 if unknown.
        clock: returns the time in seconds.
    """

    def __init__(
        self,
        threads: int,
        counts: Collection[int],
        step_seconds: float = 0.0,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.threads = threads
        self._counts, self._clock = {*counts, threads}, clock
        self._settled, self.step_seconds = threads, step_seconds
        self._timings: dict[int, float] = {}  # seconds of a step of each number tried so far
        self._retry_seconds = _RETRY_SECONDS
        self._last_trial = clock()
        self._steps, self._seconds = 0, 0.0  # since the last mean

    def time_step(self, step: Callable[[], None]) -> bool:
        """Call ``step``, and return whether the number of threads was changed for good."""
        if len(self._counts) < 2:
            step()
            return False
        begin = self._clock()
        step()
        self._seconds += self._clock() - begin
        self._steps += 1
        seconds, steps = _TRIAL if self._timings else _WATCH
        if self._seconds < seconds or self._steps < steps:
            return False
        mean, self._steps, self._seconds = self._seconds / self._steps, 0, 0.0
        if self._timings or self._has_changed(mean):
            return self._try_next(mean)
        self.step_seconds = min(self.step_seconds or mean, mean)
        return False

    def _has_changed(self, mean: float) -> bool:
        waited = self._clock() - self._last_trial
        if self.threads < max(self._counts) and waited > self._retry_seconds:
            return True
        slow, fast = self.step_seconds * _CHANGE, self.step_seconds / _CHANGE
        return self.step_seconds > 0 and not fast < mean < slow

    def _try_next(self, mean: float) -> bool:
        """Store the timing of the current number; go on with the next one, or with the fastest."""
        self._timings[self.threads] = mean
        untried = self._counts - self._timings.keys()
        if untried:
            self._use(max(untried))
            return False
        timings, self._timings = self._timings, {}
        self._last_trial = self._clock()
        best = min(timings, key=lambda count: timings[count])
        if timings[best] * _GAIN > timings[self._settled]:
            best = self._settled
        trial = sum(max(_TRIAL[0], _TRIAL[1] * seconds) for seconds in timings.values())
        self._retry_seconds = max(_RETRY_SECONDS, trial / _MAX_TRIAL_SHARE)
        changed, self._settled, self.step_seconds = best != self._settled, best, timings[best]
        self._use(best)
        return changed

    def _use(self, threads: int) -> None:
        self.threads = threads
        torch.set_num_threads(threads)
