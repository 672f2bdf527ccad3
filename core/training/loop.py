"""The training loop (stage 9, again and again) as a stream of events.

Everything that shows or stores a run reads this one stream; the loop prints nothing and knows no
files. What it is given is told in :mod:`charloom.core.training.task`, whose names are here too.
"""

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import torch

from charloom.core.data.dataset import split
from charloom.core.errors import CharloomError, StorageError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import Losses
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.commands import Command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    Progress,
    RateChanged,
    RunWarning,
    bits,
)
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.divergence import READ_STEPS, DivergenceDetector, Rollback
from charloom.core.training.evaluation import Validator
from charloom.core.training.reporter import ProgressReporter, sample
from charloom.core.training.schedule import (
    RunBudget,
    Stopwatch,
    ThrottledTimer,
    learning_rate,
    rate_scale,
)
from charloom.core.training.step import TrainState, TrainStep
from charloom.core.training.task import CheckpointSink, RunState, TrainingTask

__all__ = ["CheckpointSink", "RunState", "TrainingTask", "train"]

_REPORT_SECONDS = 0.5
_PAUSE_SECONDS = 0.1  # between looks for the order to go on
_RETRY_SECONDS = 2.0  # between attempts to save what cannot be saved
_VALIDATION_SHARE = 0.015  # of the time, at most, goes into validation while training,
_SAMPLE_SHARE = 0.005  # and into samples
_MOST_ROLLBACKS = 20
_WAITS = "It cannot be saved ({}); once that is mended, it goes on by itself."
_UNSETTLED = "The loss jumped again and again, at ever smaller rates; start with a smaller --rate."


def train(
    lesson: TrainingTask,
    machine: ComputeConfig,
    keeper: CheckpointSink,
    *,
    orders: Callable[[], Command | None] = lambda: None,
    resume: tuple[TrainState, RunState] | None = None,
    spent: float = 0.0,
) -> Iterator[Event]:
    """Train until the lesson's bound, and yield what happens.

    Args:
        lesson: text, network and settings.
        machine: device, precision and threads to compute with.
        keeper: takes a checkpoint every ``checkpoint_seconds``, at every better validation, and at
            the end.
        orders: asked after every step for the next order; an order to stop saves and ends there.
        resume: what was kept with the checkpoint to go on from.
        spent: seconds of the run's minutes that are gone already.
    """
    torch.manual_seed(lesson.training.seed)
    torch.set_flush_denormal(True)
    torch.set_num_threads(machine.threads)
    yield from _TrainingLoop(lesson, machine, keeper, orders, resume, Stopwatch(spent)).events()


class _TrainingLoop:
    def __init__(
        self,
        lesson: TrainingTask,
        machine: ComputeConfig,
        keeper: CheckpointSink,
        orders: Callable[[], Command | None],
        resume: tuple[TrainState, RunState] | None,
        watch: Stopwatch,
    ) -> None:
        settings = lesson.training
        self._lesson, self._settings = lesson, settings
        self._keeper, self._orders, self._watch = keeper, orders, watch
        train_ids, held_out = split(lesson.vocab.encode(lesson.text), settings.held_out)
        train_ids, held_out = train_ids.to(machine.device), held_out.to(machine.device)
        self._model = CharLSTM(lesson.model).to(machine.device)
        self._learner = TrainStep(self._model, train_ids, settings, machine.precision)
        self._budget = RunBudget(settings, self._learner.steps_per_epoch, watch)
        self._standing = RunState()
        if resume:
            snapshot, self._standing = resume
            self._learner.restore(snapshot)
        guard = self._standing.guard or DivergenceDetector.from_chance(lesson.baselines.uniform)
        self._recovery = Rollback(self._learner, guard)
        self._exam = Validator(self._model, held_out, machine, self._budget, self._standing)
        self._reporter = ProgressReporter(lesson, machine, self._learner, self._budget, train_ids)
        self._started = self._reporter.started(held_out)
        self._validation_steps = self._budget.validation_steps(settings.batch * settings.window)
        self._stopping = False
        self._rate = 0.0  # of the last step

    def events(self) -> Iterator[Event]:
        yield self._started
        report = ThrottledTimer(self._watch, _REPORT_SECONDS)
        sampling = ThrottledTimer(self._watch, 2 * _REPORT_SECONDS, _SAMPLE_SHARE)
        validation = ThrottledTimer(self._watch, 2 * _REPORT_SECONDS, _VALIDATION_SHARE)
        checkpoint = ThrottledTimer(self._watch, self._settings.checkpoint_seconds)
        while not (reason := (yield from self._between_steps())):
            self._rate = self._standing.rate_scale * learning_rate(self._settings, self._fraction)
            self._recovery.add(self._learner.step(self._rate))
            step = self._learner.step_count
            validating = self._exam.possible and (
                step % self._validation_steps == 0 if self._validation_steps else validation.due()
            )
            telling = validating or report.due()
            if telling or step % READ_STEPS == 0:
                yield from self._check()
            if not telling or self._learner.step_count < step:
                continue
            with report:
                yield self._progress()
            if sampling.due():
                with sampling:
                    yield sample(self._checkpoint())
            if validating:
                with validation:
                    validated = self._exam.validate(step, self._fraction)
                yield validated
                if validated.best_step == validated.step:
                    with checkpoint:
                        yield from self._save()
            if checkpoint.due():
                with checkpoint:
                    yield from self._save()
        yield from self._finish(reason)

    @property
    def _fraction(self) -> float:
        return self._budget.fraction(self._learner.step_count)

    def _between_steps(self) -> Generator[Event, None, str]:
        """Do what was ordered and return the reason to end here, if there is one."""
        while not self._stopping and (order := self._orders()):
            if order.kind == "pause":
                yield from self._pause()
            else:
                yield from self._obey(order)
        if self._fraction >= 1:
            return "completed"
        if self._stopping:
            return "stopped"
        if self._exam.in_vain > self._settings.patience:
            return "no longer improving"
        if self._standing.rollbacks > _MOST_ROLLBACKS:
            return "failed"
        return ""

    def _pause(self) -> Iterator[Event]:
        """Stand still, with everything saved, until the order comes to go on, or to stop."""
        yield from self._settle()
        yield from self._save()
        yield Paused(self._learner.step_count)
        with self._watch.stopped():
            while not self._stopping:
                order = self._orders()
                if order is None:
                    time.sleep(_PAUSE_SECONDS)
                elif order.kind == "continue":
                    break
                else:
                    yield from self._obey(order)
        if not self._stopping:
            yield Continued(self._learner.step_count)

    def _obey(self, order: Command) -> Iterator[Event]:
        if order.kind == "stop":
            self._stopping = True
        elif order.kind == "checkpoint":
            yield from self._settle()
            yield from self._save()
        elif order.kind == "set-lr" and order.value:
            scale = rate_scale(self._settings, self._fraction, order.value)
            self._standing.rate_scale = scale
            yield RateChanged(self._learner.step_count, float(order.value))

    def _settle(self) -> Iterator[Event]:
        """Read and report what has not been."""
        yield from self._check()
        if self._recovery.losses:
            yield self._progress()

    def _check(self) -> Iterator[Event]:
        """Read the last steps' losses; if that leads back to an earlier one, halve the rate."""
        wrong_step = self._learner.step_count
        if self._recovery.went_back():
            self._exam.validated = None
            self._standing.rollbacks += 1
            self._standing.rate_scale /= 2
            yield RunWarning(
                f"The loss jumped or was no number by step {wrong_step:,}: back to step "
                f"{self._learner.step_count:,}, and on at half the learning rate."
            )

    def _progress(self) -> Progress:
        losses = self._recovery.losses
        report = self._reporter.progress(losses, self._rate)
        losses.clear()
        return report

    def _checkpoint(self) -> Checkpoint:
        step = self._learner.step_count
        recent = self._recovery.guard.recent
        return Checkpoint(
            model=self._lesson.model,
            vocab=self._lesson.vocab,
            tensors=self._model.tensors(),
            step=step,
            losses=Losses(
                train=math.fsum(recent) / len(recent) if recent else None,
                validation=self._exam.loss_at(step),
            ),
            corpus=self._lesson.corpus,
            training=self._settings,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _save(self) -> Iterator[Event]:
        """Keep a checkpoint of this step and, after it, what it takes to go on from there."""

        def save() -> CheckpointSaved:
            checkpoint = self._checkpoint()
            file = self._keeper.save(checkpoint)
            self._standing.elapsed = self._budget.elapsed
            self._standing.guard = replace(self._recovery.guard)
            self._keeper.save_state(self._learner.capture(), self._standing)
            return CheckpointSaved(step=checkpoint.step, file=file)

        yield from self._persist(save)

    def _persist(self, save: Callable[[], CheckpointSaved]) -> Iterator[Event]:
        """Save; where that cannot be, stand still until it can, or until there is word to stop."""
        paused = False
        while True:
            try:
                saved = save()
                break
            except StorageError as error:
                if self._stopping:
                    raise
                if not paused:
                    why = getattr(error.__cause__, "strerror", None) or "no room"
                    yield Paused(self._learner.step_count, _WAITS.format(why))
                paused = True
                yield from self._wait(_RETRY_SECONDS)
        if paused:
            yield Continued(self._learner.step_count)
        yield saved

    def _wait(self, seconds: float) -> Iterator[Event]:
        """Let time pass that does not count, until there is an order to do something."""
        with self._watch.stopped():
            until = time.perf_counter() + seconds
            while time.perf_counter() < until:
                order = self._orders()
                if order is None:
                    time.sleep(_PAUSE_SECONDS)
                elif order.kind in ("stop", "set-lr"):
                    yield from self._obey(order)
                if self._stopping or (order and order.kind in ("continue", "checkpoint")):
                    return

    def _finish(self, reason: str) -> Iterator[Event]:
        """Save where the run ended, then measure its best checkpoint on all held-out text."""
        yield from self._settle()
        step, standing = self._learner.step_count, self._standing
        # A run that is the same whenever it is run does not become another by being stopped.
        extra = reason == "stopped" and self._validation_steps is not None
        if self._exam.possible and self._exam.loss_at(step) is None and not extra:
            yield self._exam.validate(step, self._fraction)
        yield from self._save()
        yield sample(self._checkpoint())
        validated = math.isfinite(standing.best_loss)
        best = self._checkpoint()
        if validated:
            try:
                best = self._keeper.load(standing.best_step)
            except CharloomError as error:
                yield RunWarning(f"The last checkpoint is measured instead of the best: {error}")
        if self._exam.possible:
            best = replace(best, losses=self._exam.final(best))
            yield from self._persist(lambda: CheckpointSaved(best.step, self._keeper.save(best)))
        carried = best.losses.carried
        yield Finished(
            step=step,
            reason=reason,
            val_loss=carried,
            val_bits_per_char=None if carried is None else bits(carried),
            val_windowed_256=best.losses.windowed_256,
            best_val_loss=standing.best_loss if validated else None,
            best_step=best.step,
            elapsed_seconds=self._budget.elapsed,
            message=_UNSETTLED if reason == "failed" else "",
            counted=self._exam.counted,
        )
