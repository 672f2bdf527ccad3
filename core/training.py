"""The training loop (stage 9, again and again) as a stream of events.

Everything that shows or stores a run reads this one stream; the loop prints nothing and knows no
files. What it asks of its caller is a :class:`Keeper` of checkpoints.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

import torch

from core import evaluation, sampling
from core.calibration import Machine
from core.card import CorpusCard, Losses
from core.checkpoint import Checkpoint
from core.events import (
    CheckpointSaved,
    Event,
    Finished,
    Progress,
    Sample,
    Started,
    Validated,
    Warned,
    bits,
)
from core.guard import Guard
from core.learner import Learner, Outcome, Snapshot, autocast
from core.lstm import LSTM
from core.model import CharLSTM
from core.schedule import Budget, Rhythm, learning_rate
from core.settings import ModelSettings, TrainSettings
from core.vocab import Vocab
from core.windows import split

SAMPLE_CHARACTERS = 200
VALIDATION_CHARACTERS = 24_000
"""How much of the held-out text is looked at while training; at the end it is all of it."""

_REPORT_SECONDS = 0.5
_SPEED_REPORTS = 10  # the speed is a mean over so many, which evens out validation and samples
_CHECK_STEPS = 10  # reading the loss makes a GPU wait, so it is done for several steps at once
_VALIDATION_SHARE = 0.02  # of the time, at most, goes into validation while training,
_SAMPLE_SHARE = 0.01  # and into samples
_SNAPSHOT_STEPS = 5 * _CHECK_STEPS
_MOST_ROLLBACKS = 20
_UNSETTLED = "The loss jumped again and again, at ever smaller rates; start with a smaller --rate."


@dataclass(frozen=True, slots=True)
class Lesson:
    """What is to be learned and how; ``training`` is bounded by minutes, epochs or steps."""

    text: str
    vocab: Vocab
    corpus: CorpusCard
    model: ModelSettings
    training: TrainSettings


@dataclass(slots=True)
class Standing:
    """How a run fares, besides its :class:`Snapshot`; with both it can go on."""

    elapsed: float = 0.0  # seconds
    rate_scale: float = 1.0  # halved at every rollback
    rollbacks: int = 0
    best_step: int = 0
    best_loss: float = math.inf  # as validated while training
    best_fraction: float = 0.0  # of the run


class Keeper(Protocol):
    """Where a run's checkpoints go."""

    def save(self, checkpoint: Checkpoint) -> str:
        """Keep ``checkpoint`` and return its file's name."""

    def load(self, step: int) -> Checkpoint:
        """Return the checkpoint that was saved at ``step``."""

    def save_state(self, snapshot: Snapshot, standing: Standing) -> None:
        """Keep what it takes to go on from the newest checkpoint, in place of what was kept."""


def train(
    lesson: Lesson,
    machine: Machine,
    keeper: Keeper,
    *,
    interrupted: Callable[[], bool] = lambda: False,
    resume: tuple[Snapshot, Standing] | None = None,
    spent: float = 0.0,
) -> Iterator[Event]:
    """Train until the lesson's bound, and yield what happens.

    Args:
        lesson: text, network and settings.
        machine: device, precision and threads to compute with.
        keeper: takes a checkpoint every ``checkpoint_seconds``, at every better validation, and at
            the end.
        interrupted: asked after every step; once true, the run saves and ends there.
        resume: what was kept with the checkpoint to go on from.
        spent: seconds of the run's minutes that are gone already.
    """
    torch.manual_seed(lesson.training.seed)
    torch.set_flush_denormal(True)
    torch.set_num_threads(machine.threads)
    run = _Run(lesson, machine, keeper, interrupted, spent)
    if resume:
        run.resume(*resume)
    yield from run.events()


class _Run:
    def __init__(
        self,
        lesson: Lesson,
        machine: Machine,
        keeper: Keeper,
        interrupted: Callable[[], bool],
        spent: float,
    ) -> None:
        settings = lesson.training
        self._lesson, self._settings, self._machine = lesson, settings, machine
        self._keeper, self._interrupted = keeper, interrupted
        train_ids, held_out = split(lesson.vocab.encode(lesson.text), settings.held_out)
        self._train_ids = train_ids.to(machine.device)
        self._held_out = held_out.to(machine.device)
        self._can_validate = len(held_out) > 1
        self._model = CharLSTM(lesson.model).to(machine.device)
        self._learner = Learner(self._model, self._train_ids, settings, machine.precision)
        self._budget = Budget(settings, self._learner.steps_per_epoch, spent)
        self._guard = Guard(math.log(len(lesson.vocab)))
        self._standing = Standing()
        self._in_vain = 0.0  # share of the run since the best validation, when last validated
        self._rate = 0.0  # of the last step
        self._good = self._newest = self._learner.capture()
        self._unread: list[Outcome] = []  # still on the device
        self._unreported: list[float] = []  # losses
        self._train_loss = math.log(len(lesson.vocab))  # until the first report: chance
        self._reports = deque([(0, time.perf_counter())], _SPEED_REPORTS)  # step and moment

    def resume(self, snapshot: Snapshot, standing: Standing) -> None:
        self._learner.restore(snapshot)
        self._good = self._newest = snapshot
        self._standing = standing
        self._reports.clear()
        self._reports.append((snapshot.step, time.perf_counter()))

    def events(self) -> Iterator[Event]:
        yield self._started()
        report = Rhythm(_REPORT_SECONDS)
        sample = Rhythm(2 * _REPORT_SECONDS, _SAMPLE_SHARE)
        validation = Rhythm(2 * _REPORT_SECONDS, _VALIDATION_SHARE)
        checkpoint = Rhythm(self._settings.checkpoint_seconds)
        while not (reason := self._reason_to_end()):
            fraction = self._budget.fraction(self._learner.step_count)
            self._rate = self._standing.rate_scale * learning_rate(self._settings, fraction)
            self._unread.append(self._learner.step(self._rate))
            if self._learner.step_count % _CHECK_STEPS == 0:
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
                        yield self._save(validated.val_loss)
            if checkpoint.due():
                with checkpoint:
                    yield self._save(None)
        yield from self._finish(reason)

    def _reason_to_end(self) -> str:
        if self._budget.fraction(self._learner.step_count) >= 1:
            return "completed"
        if self._interrupted():
            return "stopped"
        if self._in_vain > self._settings.patience:
            return "no longer improving"
        if self._standing.rollbacks > _MOST_ROLLBACKS:
            return "failed"
        return ""

    def _started(self) -> Started:
        return Started(
            step=self._learner.step_count,
            device=self._machine.device.type,
            precision=self._machine.precision,
            threads=self._machine.threads,
            parameters=self._lesson.model.parameters,
            train_characters=len(self._train_ids),
            held_out_characters=len(self._held_out),
            total_steps=self._budget.total_steps,
            model=self._lesson.model.to_json(),
            training=self._settings.to_json(),
        )

    def _check(self) -> Iterator[Event]:
        """Read the last steps' losses; if one is wrong, go back to before it at half the rate."""
        if not self._unread:
            return
        outcomes = torch.stack([torch.stack(outcome) for outcome in self._unread]).tolist()
        self._unread.clear()
        self._unreported.extend(loss for loss, _ in outcomes)
        wrong_step = self._learner.step_count
        if all(self._guard.sound(*outcome) for outcome in outcomes):
            if wrong_step % _SNAPSHOT_STEPS == 0:
                # A loss that is about to jump still looks sound: the newest is not yet proven good.
                self._good, self._newest = self._newest, self._learner.capture()
            return
        self._learner.restore(self._good)
        self._newest = self._good
        self._unreported.clear()
        self._standing.rollbacks += 1
        self._standing.rate_scale /= 2
        yield Warned(
            f"The loss jumped or was no number by step {wrong_step:,}: back to step "
            f"{self._good.step:,}, and on at half the learning rate."
        )

    def _progress(self) -> Progress:
        if self._unreported:
            self._train_loss = math.fsum(self._unreported) / len(self._unreported)
            self._unreported.clear()
        step, now = self._learner.step_count, time.perf_counter()
        before, then = self._reports[0]
        characters = max(0, step - before) * self._settings.batch * self._settings.window
        self._reports.append((step, now))
        fraction = min(1.0, self._budget.fraction(step))
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
            standing.best_fraction = self._budget.fraction(step)
        self._in_vain = self._budget.fraction(step) - standing.best_fraction
        return Validated(
            step=step,
            val_loss=loss.nats,
            val_bits_per_char=bits(loss.nats),
            best_val_loss=standing.best_loss,
            best_step=standing.best_step,
            counted=loss.counted,
            seconds=seconds,
        )

    def _checkpoint(self, validation: float | None) -> Checkpoint:
        return Checkpoint(
            model=self._lesson.model,
            vocab=self._lesson.vocab,
            tensors=self._model.tensors(),
            step=self._learner.step_count,
            losses=Losses(train=self._train_loss, validation=validation),
            corpus=self._lesson.corpus,
            training=self._settings,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def _save(self, validation: float | None) -> CheckpointSaved:
        checkpoint = self._checkpoint(validation)
        file = self._keeper.save(checkpoint)
        self._standing.elapsed = self._budget.elapsed
        self._keeper.save_state(self._learner.capture(), self._standing)
        return CheckpointSaved(step=checkpoint.step, file=file)

    def _sample(self) -> Sample:
        model = LSTM(self._checkpoint(None))
        stream = sampling.generate(model, "", sampling.Settings(), 0, SAMPLE_CHARACTERS)
        return Sample(self._learner.step_count, "".join(drawn.character for drawn in stream))

    def _finish(self, reason: str) -> Iterator[Event]:
        """Save where the run ended, then measure its best checkpoint on all held-out text."""
        yield from self._check()
        if self._unreported:
            yield self._progress()
        last = self._validate() if self._can_validate else None
        if last:
            yield last
        yield self._save(last.val_loss if last else None)
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
