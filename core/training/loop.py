"""The training loop: repeat stage 9 until the run ends, and yield events.

Everything that shows or stores a run reads this one stream; the loop prints nothing and knows no
files.
"""

import math
import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import suppress

import torch

from charloom.core.errors import CharloomError, StorageError
from charloom.core.model.checkpoint import Checkpoint, Weights
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.commands import Command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    RateChanged,
    RunWarning,
)
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.averaging import SHARES, best_average
from charloom.core.training.divergence import CHECK_STEPS
from charloom.core.training.final_evaluation import evaluate_best, finished
from charloom.core.training.ranks import ALONE, Ranks
from charloom.core.training.reporter import sample
from charloom.core.training.saving import CheckpointSaver
from charloom.core.training.schedule import RunBudget, Stopwatch, ThrottledTimer, rate_scale
from charloom.core.training.step import Stepper, TrainState
from charloom.core.training.steps import Steps
from charloom.core.training.task import CheckpointSink, RunState, TrainingTask
from charloom.core.training.validation import Validator

_REPORT_SECONDS = 0.5
_POLL_SECONDS = 0.1  # between two looks for a command, during a pause
_RETRY_SECONDS = 2.0  # between two attempts to save
_VALIDATION_SHARE = 0.015  # of the time, at most, goes into validation during training,
_SAMPLE_SHARE = 0.005  # and into samples
_MAX_ROLLBACKS = 20
_CANNOT_SAVE = "Cannot save ({}). Training resumes automatically once this is fixed."
_NO_STEP = (
    "The time was over before a single step was done. Give the run more minutes, or a smaller "
    "text, network or learning rate."
)
_ENOUGH_EPOCHS = "Ended after {:g} passes over the text, with time left: more would memorize it."
_DIVERGED = "Training diverged repeatedly, even at lower rates; restart with a smaller one."


def train(
    task: TrainingTask,
    compute: ComputeConfig,
    sink: CheckpointSink,
    *,
    next_command: Callable[[], Command | None] = lambda: None,
    resume: tuple[TrainState, RunState] | None = None,
    elapsed: float = 0.0,
    ranks: Ranks = ALONE,
    thread_counts: Collection[int] = (),
) -> Iterator[Event]:
    """Train until the task's bound is reached, and yield the run's events.

    Args:
        task: ids, network and config.
        compute: device, precision and threads to compute with.
        sink: saves a checkpoint every ``checkpoint_seconds``, at every better validation, and at
            the end.
        next_command: called after every step; a stop command saves and ends there.
        resume: the state that was saved with the checkpoint to continue from.
        elapsed: seconds of the run's minutes that have passed already; the others begin with the
            first step.
        ranks: the other processes that train this run.
        thread_counts: numbers of threads that a run bounded by minutes may change to, when other
            work on the machine begins or ends.
    """
    torch.manual_seed(task.train_config.seed)
    torch.set_flush_denormal(True)
    torch.set_num_threads(compute.threads)
    clock = Stopwatch(elapsed)
    with clock.stopped():
        next_command = ranks.watch(next_command)
        loop = _TrainingLoop(task, compute, sink, next_command, resume, clock, ranks, thread_counts)
    yield from loop.events()


class _TrainingLoop:
    def __init__(
        self,
        task: TrainingTask,
        compute: ComputeConfig,
        sink: CheckpointSink,
        next_command: Callable[[], Command | None],
        resume: tuple[TrainState, RunState] | None,
        clock: Stopwatch,
        ranks: Ranks,
        thread_counts: Collection[int],
    ) -> None:
        config = task.train_config
        self._task, self._config = task, config
        self._sink, self._next_command, self._clock = sink, next_command, clock
        train_ids = torch.from_numpy(task.train_ids).to(compute.device)
        network = CharLSTM(task.model_config).to(compute.device)
        if task.start:
            network.load(task.start)
        self._stepper = Stepper(network, train_ids, config, compute.precision, ranks)
        self._budget = RunBudget(config, self._stepper.steps_per_epoch, clock)
        snapshot, self._state = resume or (self._stepper.capture(), RunState())
        self._stepper.restore(snapshot)  # on all ranks
        averages = len(SHARES) if task.start else 0
        self._validator = Validator(
            network, task.held_out_ids, compute, self._budget, self._state, averages
        )
        self._steps = Steps(
            task,
            compute,
            self._stepper,
            self._budget,
            self._validator,
            self._state,
            thread_counts,
        )
        self._saver = CheckpointSaver(
            task,
            network,
            self._stepper,
            self._steps.rollback,
            self._validator,
            self._budget,
            self._state,
            sink,
        )
        self._validation_steps = self._budget.validation_steps(config.batch_size * config.window)
        self._stopping = False

    def events(self) -> Iterator[Event]:
        yield self._steps.started()
        fresh = self._stepper.step_count == 0
        if fresh and self._task.start and self._validator.can_validate:
            # Training may never improve on the start.
            yield self._validator.validate(0, self._steps.fraction)
            yield from self._save()
        elif fresh:  # a kill before or in the first save loses no bit
            with suppress(StorageError), self._clock.stopped():  # a later one may succeed
                self._saver.save_state()
        report = ThrottledTimer(self._clock, _REPORT_SECONDS)
        sampling = ThrottledTimer(self._clock, 2 * _REPORT_SECONDS, _SAMPLE_SHARE)
        validation = ThrottledTimer(self._clock, 2 * _REPORT_SECONDS, _VALIDATION_SHARE)
        checkpoint = ThrottledTimer(self._clock, self._config.checkpoint_seconds)
        while not (reason := (yield from self._between_steps())):
            yield from self._steps.advance()
            step = self._stepper.step_count
            validating = self._validator.can_validate and (
                step % self._validation_steps == 0 if self._validation_steps else validation.due()
            )
            reporting = validating or report.due()
            if reporting or step % CHECK_STEPS == 0:
                yield from self._steps.check()
            if not reporting or self._stepper.step_count < step:
                continue
            with report.running():
                yield self._steps.progress()
            if sampling.due():
                with sampling.running():
                    yield sample(self._saver.checkpoint())
            if validating:
                with validation.running():
                    validated = self._validator.validate(step, self._steps.fraction)
                yield validated
                if validated.best_step == validated.step:
                    with checkpoint.running():
                        yield from self._save()
            if checkpoint.due():
                with checkpoint.running():
                    yield from self._save()
        yield from self._finish(reason)

    def _between_steps(self) -> Generator[Event, None, str]:
        """Execute pending commands and return the reason to end the run, or an empty string."""
        yield from self._execute_pending()
        if self._steps.fraction >= 1:
            return "completed"
        if self._stopping:
            return "stopped"
        if self._validator.stalled_fraction > self._config.patience:
            return "no longer improving"
        if self._state.rollbacks > _MAX_ROLLBACKS:
            return "failed"
        return ""

    def _execute_pending(self) -> Generator[Event, None, bool]:
        """Execute pending commands, and return whether one was to stop."""
        while not self._stopping and (command := self._next_command()):
            yield from self._execute(command)
        return self._stopping

    def _execute(self, command: Command) -> Iterator[Event]:
        match command.kind:
            case "stop":
                self._stopping = True
            case "pause":
                yield from self._steps.flush()
                yield from self._save()
                yield Paused(self._stepper.step_count)
                yield from self._wait(math.inf, "continue")
                if not self._stopping:
                    yield Continued(self._stepper.step_count)
            case "checkpoint":
                yield from self._steps.flush()
                yield from self._save()
            case "set-lr" if command.value:
                self._state.rate_scale = rate_scale(
                    self._config, self._steps.fraction, command.value
                )
                yield RateChanged(self._stepper.step_count, float(command.value))

    def _wait(self, seconds: float, *wake: str) -> Iterator[Event]:
        """Execute commands, with the clock stopped, until a stop, one in ``wake``, or a timeout."""
        with self._clock.stopped():
            until = time.perf_counter() + seconds
            while not self._stopping and time.perf_counter() < until:
                command = self._next_command()
                if command is None:
                    time.sleep(_POLL_SECONDS)
                elif command.kind in wake:
                    return
                elif command.kind != "pause":  # it is paused already
                    yield from self._execute(command)

    def _save(self) -> Iterator[Event]:
        yield from self._retry(self._saver.save)

    def _retry(self, save: Callable[[], CheckpointSaved]) -> Iterator[Event]:
        """Call ``save`` until it succeeds, pausing in between; after a stop it is not retried."""
        paused = False
        while True:
            try:
                saved = save()
                break
            except StorageError as error:
                if self._stopping:
                    raise
                if not paused:
                    reason = getattr(error.__cause__, "strerror", None) or "no room"
                    yield Paused(self._stepper.step_count, _CANNOT_SAVE.format(reason))
                paused = True
                yield from self._wait(_RETRY_SECONDS, "continue", "checkpoint")
        if paused:
            yield Continued(self._stepper.step_count)
        yield saved

    def _finish(self, reason: str) -> Iterator[Event]:
        """Save the last step, then measure the best checkpoint on the held-out text."""
        yield from self._steps.flush()
        step, state, validator = self._stepper.step_count, self._state, self._validator
        if self._budget.leaves_time(step):
            yield RunWarning(_ENOUGH_EPOCHS.format(self._config.max_epochs))
        if step == 0 and reason != "stopped":
            yield Finished.failed(_DIVERGED if reason == "failed" else _NO_STEP)
            return
        # A run bounded by steps validates at fixed ones: stopping it must not add another, nor
        # replace the best weights, so that it can be resumed.
        extra = reason == "stopped" and self._validation_steps is not None
        if validator.can_validate and validator.validated_at(step) is None and not extra:
            yield validator.validate(step, self._steps.fraction)
        yield from self._save()
        yield sample(self._saver.checkpoint())
        best = self._saver.checkpoint()
        if math.isfinite(state.best_loss):
            try:
                best = self._sink.load(state.best_step)
            except CharloomError as error:
                yield RunWarning(f"The last checkpoint is measured instead of the best: {error}")
        if validator.can_validate:
            best = yield from self._evaluate(best, None if extra else self._task.start)
            yield from self._retry(lambda: CheckpointSaved(best.step, self._sink.save(best)))
        message = _DIVERGED if reason == "failed" else ""
        yield finished(step, reason, best, state, self._budget.elapsed, message)

    def _evaluate(
        self, best: Checkpoint, start: Weights | None
    ) -> Generator[Event, None, Checkpoint]:
        """Measure ``best`` on the held-out text, or its average with ``start`` if that is better.

        A stop command ends this with what is counted.
        """
        validator, commands = self._validator, self._execute_pending
        stopped, self._stopping = self._stopping, False
        if start:
            best = yield from best_average(best, start, validator, commands)
        best = yield from evaluate_best(
            best, validator, self._budget, self._clock, _REPORT_SECONDS, commands
        )
        self._stopping |= stopped
        return best
