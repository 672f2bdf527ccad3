"""The steps of a run: each is timed and checked for divergence, and several are reported at once.

The times choose the number of threads.
"""

from collections.abc import Collection, Iterator

from charloom.core.runs.events import Event, Progress, RunWarning, Started, ThreadsChanged
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.divergence import DivergenceDetector, Rollback
from charloom.core.training.reporter import ProgressReporter
from charloom.core.training.schedule import RunBudget, learning_rate
from charloom.core.training.step import Stepper
from charloom.core.training.task import RunState, TrainingTask
from charloom.core.training.thread_tuner import ThreadTuner
from charloom.core.training.validation import Validator


class Steps:
    """Does the steps of ``task`` with ``stepper``, and goes back when the loss diverges."""

    def __init__(
        self,
        task: TrainingTask,
        compute: ComputeConfig,
        stepper: Stepper,
        budget: RunBudget,
        validator: Validator,
        state: RunState,
        thread_counts: Collection[int],
    ) -> None:
        self._config, self._stepper, self._budget = task.train_config, stepper, budget
        self._validator, self._state = validator, state
        chance = task.baselines.uniform
        self.rollback = Rollback(stepper, state.detector or DivergenceDetector(chance, chance))
        self._reporter = ProgressReporter(task, compute, stepper, budget)
        speed = compute.chars_per_second
        self._threads = ThreadTuner(
            compute.threads,
            thread_counts if budget.total_steps is None else (),
            self._characters / speed if speed else 0.0,
        )
        self._rate = 0.0  # of the last step

    @property
    def _characters(self) -> int:
        """Characters between two updates of the weights."""
        return self._config.average_every * self._config.batch_size * self._config.window

    @property
    def fraction(self) -> float:
        """The share of the run that is done."""
        return self._budget.fraction(self._stepper.step_count)

    def started(self) -> Started:
        """Return the first event of the run."""
        return self._reporter.started()

    def advance(self) -> Iterator[Event]:
        """Update the weights once, and report a change of the number of threads."""
        if self._threads.time_step(self._step):
            speed = self._characters / self._threads.step_seconds
            yield ThreadsChanged(self._stepper.step_count, self._threads.threads, speed)

    def _step(self) -> None:
        for _ in range(self._config.average_every):
            self._rate = self._state.rate_scale * learning_rate(self._config, self.fraction)
            self.rollback.add(self._stepper.step(self._rate))

    def flush(self) -> Iterator[Event]:
        """Check and report the steps since the last report."""
        yield from self.check()
        if self.rollback.losses:
            yield self.progress()

    def check(self) -> Iterator[Event]:
        """Check the latest losses; after a rollback, halve the learning rate."""
        diverged_step = self._stepper.step_count
        if self.rollback.check():
            self._validator.validated = None
            self._state.rollbacks += 1
            self._state.rate_scale /= 2
            yield RunWarning(
                f"The loss diverged by step {diverged_step:,}: back to step "
                f"{self._stepper.step_count:,}, at half the learning rate."
            )

    def progress(self) -> Progress:
        """Report the steps since the last report."""
        losses = self.rollback.losses
        report = self._reporter.progress(losses, self._rate)
        losses.clear()
        return report
