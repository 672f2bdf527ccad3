"""The training loop: repeat stage 9 until the run ends, and yield events.

Everything that shows or stores a run reads this one stream; the loop prints nothing and knows no
files.
"""

import math
import time
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

import torch

from charloom.core.errors import CharloomError, StorageError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import Losses
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.commands import Command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Evaluating,
    Event,
    Finished,
    Paused,
    Progress,
    RateChanged,
    RunWarning,
    ThreadsChanged,
    bits,
)
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.divergence import CHECK_STEPS, DivergenceDetector, Rollback
from charloom.core.training.ranks import ALONE, Ranks
from charloom.core.training.reporter import ProgressReporter, sample
from charloom.core.training.schedule import (
    RunBudget,
    Stopwatch,
    ThrottledTimer,
    learning_rate,
    rate_scale,
)
from charloom.core.training.step import Stepper, TrainState
from charloom.core.training.task import CheckpointSink, RunState, TrainingTask
from charloom.core.training.thread_tuner import ThreadTuner
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
        self._network = CharLSTM(task.model_config).to(compute.device)
        if task.start:
            self._network.load(task.start)
        self._stepper = Stepper(self._network, train_ids, config, compute.precision, ranks)
        self._budget = RunBudget(config, self._stepper.steps_per_epoch, clock)
        snapshot, self._state = resume or (self._stepper.capture(), RunState())
        self._stepper.restore(snapshot)  # on all ranks
        chance = task.baselines.uniform
        detector = self._state.detector or DivergenceDetector(chance, chance)
        self._rollback = Rollback(self._stepper, detector)
        self._validator = Validator(
            self._network, task.held_out_ids, compute, self._budget, self._state
        )
        self._reporter = ProgressReporter(task, compute, self._stepper, self._budget)
        self._started = self._reporter.started()
        self._validation_steps = self._budget.validation_steps(config.batch_size * config.window)
        self._stopping = False
        self._rate = 0.0  # of the last step
        speed = compute.chars_per_second
        self._threads = ThreadTuner(
            compute.threads,
            thread_counts if self._budget.total_steps is None else (),
            self._step_characters / speed if speed else 0.0,
        )

    def events(self) -> Iterator[Event]:
        yield self._started
        if self._task.start and self._validator.can_validate:
            yield self._validator.validate(0, self._fraction)  # training may never improve on it
            yield from self._save()
        elif self._stepper.step_count == 0:  # a kill before or in the first save loses no bit
            with suppress(StorageError), self._clock.stopped():  # a later one may succeed
                self._save_state()
        report = ThrottledTimer(self._clock, _REPORT_SECONDS)
        sampling = ThrottledTimer(self._clock, 2 * _REPORT_SECONDS, _SAMPLE_SHARE)
        validation = ThrottledTimer(self._clock, 2 * _REPORT_SECONDS, _VALIDATION_SHARE)
        checkpoint = ThrottledTimer(self._clock, self._config.checkpoint_seconds)
        while not (reason := (yield from self._between_steps())):
            if self._threads.time_step(self._step):
                speed = self._step_characters / self._threads.step_seconds
                yield ThreadsChanged(self._stepper.step_count, self._threads.threads, speed)
            step = self._stepper.step_count
            validating = self._validator.can_validate and (
                step % self._validation_steps == 0 if self._validation_steps else validation.due()
            )
            reporting = validating or report.due()
            if reporting or step % CHECK_STEPS == 0:
                yield from self._check()
            if not reporting or self._stepper.step_count < step:
                continue
            with report.running():
                yield self._progress()
            if sampling.due():
                with sampling.running():
                    yield sample(self._checkpoint())
            if validating:
                with validation.running():
                    validated = self._validator.validate(step, self._fraction)
                yield validated
                if validated.best_step == validated.step:
                    with checkpoint.running():
                        yield from self._save()
            if checkpoint.due():
                with checkpoint.running():
                    yield from self._save()
        yield from self._finish(reason)

    def _step(self) -> None:
        for _ in range(self._config.average_every):
            self._rate = self._state.rate_scale * learning_rate(self._config, self._fraction)
            self._rollback.add(self._stepper.step(self._rate))

    @property
    def _step_characters(self) -> int:
        return self._config.average_every * self._config.batch_size * self._config.window

    @property
    def _fraction(self) -> float:
        return self._budget.fraction(self._stepper.step_count)

    def _between_steps(self) -> Generator[Event, None, str]:
        """Execute pending commands and return the reason to end the run, or an empty string."""
        while not self._stopping and (command := self._next_command()):
            yield from self._execute(command)
        if self._fraction >= 1:
            return "completed"
        if self._stopping:
            return "stopped"
        if self._validator.stalled_fraction > self._config.patience:
            return "no longer improving"
        if self._state.rollbacks > _MAX_ROLLBACKS:
            return "failed"
        return ""

    def _execute(self, command: Command) -> Iterator[Event]:
        match command.kind:
            case "stop":
                self._stopping = True
            case "pause":
                yield from self._flush()
                yield from self._save()
                yield Paused(self._stepper.step_count)
                yield from self._wait(math.inf, "continue")
                if not self._stopping:
                    yield Continued(self._stepper.step_count)
            case "checkpoint":
                yield from self._flush()
                yield from self._save()
            case "set-lr" if command.value:
                self._state.rate_scale = rate_scale(self._config, self._fraction, command.value)
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

    def _flush(self) -> Iterator[Event]:
        """Check and report the steps since the last report."""
        yield from self._check()
        if self._rollback.losses:
            yield self._progress()

    def _check(self) -> Iterator[Event]:
        """Check the latest losses; after a rollback, halve the learning rate."""
        diverged_step = self._stepper.step_count
        if self._rollback.check():
            self._validator.validated = None
            self._state.rollbacks += 1
            self._state.rate_scale /= 2
            yield RunWarning(
                f"The loss diverged by step {diverged_step:,}: back to step "
                f"{self._stepper.step_count:,}, at half the learning rate."
            )

    def _progress(self) -> Progress:
        losses = self._rollback.losses
        report = self._reporter.progress(losses, self._rate)
        losses.clear()
        return report

    def _checkpoint(self) -> Checkpoint:
        step = self._stepper.step_count
        recent = self._rollback.detector.recent
        validated = self._validator.validated_at(step)
        return Checkpoint(
            model=self._task.model_config,
            vocab=self._task.vocab,
            tensors=self._network.tensors(),
            step=step,
            losses=Losses(
                train=math.fsum(recent) / len(recent) if recent else None,
                validation=validated.val_loss if validated else None,
                validation_characters=validated.counted_characters if validated else None,
                validation_standard_error=validated.standard_error if validated else None,
            ),
            corpus=self._task.corpus,
            training=self._config,
            base=self._task.base,
            words=self._task.words,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _save(self) -> Iterator[Event]:
        """Save a checkpoint of this step and, after it, the state to resume from."""

        def save() -> CheckpointSaved:
            checkpoint = self._checkpoint()
            file = self._sink.save(checkpoint)
            self._save_state()
            return CheckpointSaved(step=checkpoint.step, file=file)

        yield from self._retry(save)

    def _save_state(self) -> None:
        self._state.elapsed = self._budget.elapsed
        self._state.detector = replace(self._rollback.detector)
        self._sink.save_state(self._stepper.capture(), self._state)

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
        yield from self._flush()
        step, state, validator = self._stepper.step_count, self._state, self._validator
        if self._budget.leaves_time(step):
            yield RunWarning(_ENOUGH_EPOCHS.format(self._config.max_epochs))
        if step == 0 and reason != "stopped":
            yield Finished.failed(_DIVERGED if reason == "failed" else _NO_STEP)
            return
        # A run bounded by steps validates at fixed ones: stopping it must not add another.
        extra = reason == "stopped" and self._validation_steps is not None
        if validator.can_validate and validator.validated_at(step) is None and not extra:
            yield validator.validate(step, self._fraction)
        yield from self._save()
        yield sample(self._checkpoint())
        validated = math.isfinite(state.best_loss)
        best = self._checkpoint()
        if validated:
            try:
                best = self._sink.load(state.best_step)
            except CharloomError as error:
                yield RunWarning(f"The last checkpoint is measured instead of the best: {error}")
        if validator.can_validate:
            best = yield from self._evaluate(best)
            yield from self._retry(lambda: CheckpointSaved(best.step, self._sink.save(best)))
        carried = best.losses.carried
        yield Finished(
            step=step,
            reason=reason,
            val_loss=carried,
            val_bits_per_char=None if carried is None else bits(carried),
            val_windowed_256=best.losses.windowed_256,
            best_val_loss=state.best_loss if validated else None,
            best_step=best.step,
            elapsed_seconds=self._budget.elapsed,
            message=_DIVERGED if reason == "failed" else "",
            counted_characters=best.losses.carried_characters,
            standard_error=best.losses.carried_standard_error,
        )

    def _evaluate(self, best: Checkpoint) -> Generator[Event, None, Checkpoint]:
        """Measure ``best`` on the held-out text; a stop command ends this with what is counted."""
        stopped, self._stopping = self._stopping, False
        report, begin = ThrottledTimer(self._clock, _REPORT_SECONDS), self._clock.seconds
        left, reported = self._budget.evaluation_eta, False
        for losses, counted, needed, limit in self._validator.final_losses(best):
            best = replace(best, losses=losses)
            if report.due() or (left > _REPORT_SECONDS and not reported):
                reported = True
                with report.running():
                    if counted:
                        left = (self._clock.seconds - begin) * max(0.0, needed / counted - 1)
                    yield Evaluating(best.step, counted, limit, left)
            while not self._stopping and (command := self._next_command()):
                yield from self._execute(command)
            if self._stopping:
                break
        self._stopping |= stopped
        return best
