"""The training loop (stage 9, again and again) as a stream of events.

Everything that shows or stores a run reads this one stream; the loop prints nothing and knows no
files. What it is given is told in :mod:`core.lesson`, whose names are here too.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import torch

from core import baselines, evaluation
from core.calibration import Machine
from core.card import Losses
from core.checkpoint import Checkpoint
from core.draft import Draft
from core.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    Progress,
    RateChanged,
    Sample,
    Started,
    Validated,
    Warned,
    bits,
)
from core.learner import Learner, Snapshot, autocast
from core.lesson import Keeper, Lesson, Standing
from core.lstm import LSTM
from core.model import CharLSTM
from core.orders import Order
from core.recovery import READ_STEPS, Recovery
from core.sampling import Settings
from core.schedule import Budget, Rhythm, Stopwatch, learning_rate, rate_scale
from core.windows import split

__all__ = ["Keeper", "Lesson", "Standing", "train"]

SAMPLE_CHARACTERS = 200
VALIDATION_CHARACTERS = 24_000
"""How much of the held-out text is looked at while training; at the end it is all of it."""

_REPORT_SECONDS = 0.5
_SPEED_REPORTS = 10  # the speed is a mean over so many, which evens out validation and samples
_PAUSE_SECONDS = 0.1  # between looks for the order to go on
_VALIDATION_SHARE = 0.02  # of the time, at most, goes into validation while training,
_SAMPLE_SHARE = 0.01  # and into samples
_MOST_ROLLBACKS = 20
_UNSETTLED = "The loss jumped again and again, at ever smaller rates; start with a smaller --rate."


def train(
    lesson: Lesson,
    machine: Machine,
    keeper: Keeper,
    *,
    orders: Callable[[], Order | None] = lambda: None,
    resume: tuple[Snapshot, Standing] | None = None,
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
    yield from _Run(lesson, machine, keeper, orders, resume, Stopwatch(spent)).events()


class _Run:
    def __init__(
        self,
        lesson: Lesson,
        machine: Machine,
        keeper: Keeper,
        orders: Callable[[], Order | None],
        resume: tuple[Snapshot, Standing] | None,
        watch: Stopwatch,
    ) -> None:
        settings = lesson.training
        self._lesson, self._settings, self._machine = lesson, settings, machine
        self._keeper, self._orders, self._watch = keeper, orders, watch
        train_ids, held_out = split(lesson.vocab.encode(lesson.text), settings.held_out)
        self._train_ids = train_ids.to(machine.device)
        self._held_out = held_out.to(machine.device)
        self._can_validate = len(held_out) > 1
        self._model = CharLSTM(lesson.model).to(machine.device)
        self._learner = Learner(self._model, self._train_ids, settings, machine.precision)
        self._budget = Budget(settings, self._learner.steps_per_epoch, watch)
        self._standing = Standing()
        if resume:
            snapshot, self._standing = resume
            self._learner.restore(snapshot)
        chance = baselines.uniform(len(lesson.vocab))
        self._recovery = Recovery(self._learner, chance)
        self._stopping = False
        self._validated: Validated | None = None  # last, unless what it measured was given up
        self._in_vain = 0.0  # share of the run since the best validation, when last validated
        self._rate = 0.0  # of the last step
        self._train_loss = chance  # until the first report
        here = (self._learner.step_count, watch.seconds)
        self._reports = deque([here], _SPEED_REPORTS)  # step and moment

    def events(self) -> Iterator[Event]:
        yield self._started()
        report = Rhythm(self._watch, _REPORT_SECONDS)
        sample = Rhythm(self._watch, 2 * _REPORT_SECONDS, _SAMPLE_SHARE)
        validation = Rhythm(self._watch, 2 * _REPORT_SECONDS, _VALIDATION_SHARE)
        checkpoint = Rhythm(self._watch, self._settings.checkpoint_seconds)
        while not (reason := (yield from self._between_steps())):
            self._rate = self._standing.rate_scale * learning_rate(self._settings, self._fraction)
            self._recovery.add(self._learner.step(self._rate))
            if self._learner.step_count % READ_STEPS == 0:
                yield from self._check()
            if not report.due():
                continue
            yield from self._check()
            with report:
                yield self._progress()
            if sample.due():
                with sample:
                    yield self._sample()
            if self._can_validate and validation.due():
                with validation:
                    validated = self._validate()
                yield validated
                if validated.best_step == validated.step:
                    with checkpoint:
                        yield self._save()
            if checkpoint.due():
                with checkpoint:
                    yield self._save()
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
        if self._in_vain > self._settings.patience:
            return "no longer improving"
        if self._standing.rollbacks > _MOST_ROLLBACKS:
            return "failed"
        return ""

    def _pause(self) -> Iterator[Event]:
        """Stand still, with everything saved, until the order comes to go on, or to stop."""
        yield from self._settle()
        yield self._save()
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

    def _obey(self, order: Order) -> Iterator[Event]:
        if order.kind == "stop":
            self._stopping = True
        elif order.kind == "checkpoint":
            yield from self._settle()
            yield self._save()
        elif order.kind == "set-lr" and order.value:
            scale = rate_scale(self._settings, self._fraction, order.value)
            self._standing.rate_scale = scale
            yield RateChanged(self._learner.step_count, float(order.value))

    def _settle(self) -> Iterator[Event]:
        """Read and report what has not been."""
        yield from self._check()
        if self._recovery.losses:
            yield self._progress()

    def _started(self) -> Started:
        size = len(self._lesson.vocab)
        train_ids, held_out = (ids.cpu().numpy() for ids in (self._train_ids, self._held_out))
        return Started(
            step=self._learner.step_count,
            device=self._machine.device.type,
            precision=self._machine.precision,
            threads=self._machine.threads,
            parameters=self._lesson.model.parameters,
            train_characters=len(self._train_ids),
            held_out_characters=len(self._held_out),
            total_steps=self._budget.total_steps,
            uniform=baselines.uniform(size),
            bigram=baselines.bigram(train_ids, held_out, size) if self._can_validate else None,
            model=self._lesson.model.to_json(),
            training=self._settings.to_json(),
        )

    def _check(self) -> Iterator[Event]:
        """Read the last steps' losses; if that leads back to an earlier one, halve the rate."""
        wrong_step = self._learner.step_count
        if self._recovery.went_back():
            self._validated = None
            self._standing.rollbacks += 1
            self._standing.rate_scale /= 2
            yield Warned(
                f"The loss jumped or was no number by step {wrong_step:,}: back to step "
                f"{self._learner.step_count:,}, and on at half the learning rate."
            )

    def _progress(self) -> Progress:
        if losses := self._recovery.losses:
            self._train_loss = math.fsum(losses) / len(losses)
            losses.clear()
        step, now = self._learner.step_count, self._watch.seconds
        before, then = self._reports[0]
        characters = max(0, step - before) * self._settings.batch * self._settings.window
        self._reports.append((step, now))
        fraction = min(1.0, self._fraction)
        return Progress(
            step=step,
            epoch=self._learner.epoch,
            loss=self._train_loss,
            bits_per_char=bits(self._train_loss),
            lr=self._rate,
            chars_per_second=characters / (now - then),
            elapsed_seconds=self._budget.elapsed,
            eta_seconds=self._budget.eta(fraction),
            fraction=fraction,
        )

    def _validate(self) -> Validated:
        begin = time.perf_counter()
        with autocast(self._machine.device, self._machine.precision):
            loss = evaluation.carried(self._model, self._held_out, VALIDATION_CHARACTERS)
        seconds = time.perf_counter() - begin
        self._budget.plan_evaluation(len(self._held_out), loss.counted, seconds)
        standing, step = self._standing, self._learner.step_count
        if loss.nats < standing.best_loss:
            standing.best_loss, standing.best_step = loss.nats, step
            standing.best_fraction = self._fraction
        self._in_vain = self._fraction - standing.best_fraction
        self._validated = Validated(
            step=step,
            val_loss=loss.nats,
            val_bits_per_char=bits(loss.nats),
            best_val_loss=standing.best_loss,
            best_step=standing.best_step,
            counted=loss.counted,
            seconds=seconds,
        )
        return self._validated

    def _checkpoint(self) -> Checkpoint:
        step, validated = self._learner.step_count, self._validated
        validation = validated.val_loss if validated and validated.step == step else None
        return Checkpoint(
            model=self._lesson.model,
            vocab=self._lesson.vocab,
            tensors=self._model.tensors(),
            step=step,
            losses=Losses(train=self._train_loss, validation=validation),
            corpus=self._lesson.corpus,
            training=self._settings,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _save(self) -> CheckpointSaved:
        checkpoint = self._checkpoint()
        file = self._keeper.save(checkpoint)
        self._standing.elapsed = self._budget.elapsed
        self._keeper.save_state(self._learner.capture(), self._standing)
        return CheckpointSaved(step=checkpoint.step, file=file)

    def _sample(self) -> Sample:
        model = LSTM(self._checkpoint())
        draft = Draft(model, "", Settings(), 0, SAMPLE_CHARACTERS)
        return Sample(self._learner.step_count, "".join(drawn.character for drawn in draft))

    def _finish(self, reason: str) -> Iterator[Event]:
        """Save where the run ended, then measure its best checkpoint on all held-out text."""
        yield from self._settle()
        last = self._validate() if self._can_validate else None
        if last:
            yield last
        yield self._save()
        yield self._sample()
        best = self._keeper.load(last.best_step if last else self._learner.step_count)
        if last:
            best = replace(best, losses=self._measured(best))
            yield CheckpointSaved(best.step, self._keeper.save(best))
        carried = best.losses.carried
        yield Finished(
            step=self._learner.step_count,
            reason=reason,
            val_loss=carried,
            val_bits_per_char=None if carried is None else bits(carried),
            val_windowed_256=best.losses.windowed_256,
            best_val_loss=last.best_val_loss if last else None,
            best_step=best.step,
            elapsed_seconds=self._budget.elapsed,
            message=_UNSETTLED if reason == "failed" else "",
        )

    def _measured(self, best: Checkpoint) -> Losses:
        self._model.load(best.tensors)
        limit = math.ceil(self._budget.evaluated_share() * len(self._held_out))
        return replace(
            best.losses,
            carried=evaluation.carried(self._model, self._held_out, limit).nats,
            windowed_256=evaluation.windowed(self._model, self._held_out, 256, limit).nats,
        )
