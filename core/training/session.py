"""The course of a training run, in its own process: from a plan to the last event.

What the plan leaves open is settled, and whatever :mod:`core.training` tells is written into the
run directory. Together with what it imports, this is all that imports torch.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from charloom.core.config import ModelSettings, TrainSettings
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint, load
from charloom.core.model.metadata import CorpusCard
from charloom.core.runs import events
from charloom.core.runs import run as runs
from charloom.core.runs.commands import Order
from charloom.core.runs.events import Progress, Warned
from charloom.core.runs.jsonl import Lines
from charloom.core.runs.presets import DEFAULT_MINUTES, PRESETS, automatic, fit
from charloom.core.store import repair
from charloom.core.store import write as store
from charloom.core.training import resume
from charloom.core.training.autotune import Machine, calibrate, usable_cores
from charloom.core.training.loop import Lesson, Standing, train
from charloom.core.training.prepare import Material
from charloom.core.training.step import Snapshot

_TAIL = 65_536  # bytes of the log that hold the last reports
_OPEN: dict[str, Any] = {"precision": "auto", "threads": 0}  # what a machine decides
_OPENING = 60  # characters of the text that are kept with the model


class RunDirectory:
    """Keeps a run's checkpoints and state in its directory; a :class:`training.Keeper`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, made: Checkpoint) -> str:
        """Keep ``made``, thin out the others, return its file's name.

        One of this step that was better stays: the network went back, and came here another way.
        """
        if not (self._folder / "run.json").is_file():
            raise CharloomError(f"The folder {str(self._folder)!r} of the run is gone.")
        path = store.checkpoint_file(self._folder.name, made.step)
        if not _is_better(path, made):
            store.save(self._folder.name, made)
        return path.name

    def load(self, step: int) -> Checkpoint:
        """Return the checkpoint of ``step``."""
        return store.load(f"{self._folder.name}@{step}").checkpoint

    def save_state(self, snapshot: Snapshot, standing: Standing) -> None:
        """Keep what it takes to go on."""
        resume.write_state(self._folder / "resume.safetensors", snapshot, standing)


def settle(plan: runs.Plan, vocab_size: int, characters: int) -> tuple[runs.Plan, Machine]:
    """Settle what ``plan`` leaves open, for a text of this size and the machine at hand.

    The plan that comes back holds full settings, so that a run that is resumed goes on alike.
    """
    if plan.model and plan.training:
        return _settled_before(plan, *_settings(plan))
    note = ""
    preset = PRESETS.get(plan.preset)
    if preset is None:  # auto
        model, training = PRESETS["medium"].settings(vocab_size, plan.chosen)
        speed = calibrate(model, training).chars_per_second
        minutes = training.minutes or DEFAULT_MINUTES
        preset = automatic(characters, minutes * 60, speed)
    model, training = preset.settings(vocab_size, plan.chosen)
    training, note = fit(training, characters - int(characters * training.held_out))
    machine = calibrate(model, training)
    training = replace(training, precision=machine.precision, threads=machine.threads)
    settled = replace(
        plan,
        notes=[*plan.notes, note] if note else plan.notes,
        model=model.to_json(),
        training=training.to_json(),
        device=machine.device.type,
    )
    return settled, machine


def _settled_before(
    plan: runs.Plan, model: ModelSettings, training: TrainSettings
) -> tuple[runs.Plan, Machine]:
    """Go on alike; but on another kind of machine, as suits that one and nobody chose."""
    machine = calibrate(model, training)
    fits = "threads" in plan.chosen or training.threads <= usable_cores()
    if machine.device.type == plan.device and fits:
        return plan, machine
    open_now = {name: value for name, value in _OPEN.items() if name not in plan.chosen}
    machine = calibrate(model, replace(training, **open_now))
    training = replace(training, precision=machine.precision, threads=machine.threads)
    return replace(plan, training=training.to_json(), device=machine.device.type), machine


def _settings(plan: runs.Plan) -> tuple[ModelSettings, TrainSettings]:
    return (
        ModelSettings.from_json(plan.model or {}),
        TrainSettings.from_json(plan.training or {}),
    )


def run(
    folder: Path,
    material: Material,
    started: float,
    resuming: bool,
    orders: Callable[[], Order | None],
) -> None:
    """Train what the plan in ``folder`` says, and write what happens into ``folder``.

    Raises :class:`CharloomError`, and ``MemoryError`` when the network is too large.
    """
    try:
        _run(folder, material, started, resuming, orders)
    except RuntimeError as error:
        if _lacks_memory(error):
            raise MemoryError from error
        raise


def _run(
    folder: Path,
    material: Material,
    started: float,
    resuming: bool,
    orders: Callable[[], Order | None],
) -> None:
    before, text, vocab = material.plan, material.text, material.vocab
    plan, machine = settle(before, len(vocab), len(text))
    runs.write_plan(folder, plan)
    card = CorpusCard(plan.title, plan.sha256, len(text), text[:_OPENING])
    lesson = Lesson(text, vocab, card, *_settings(plan), material.baselines)
    warnings = repair.mend(folder.name)
    if before.training and plan.training != before.training:
        warnings.append(f"It goes on on another machine ({plan.device}), not bit for bit.")
    state = None
    if resuming:
        state, warning = _state(folder, lesson)
        warnings += [warning] * bool(warning)
    spent = time.time() - started + (state[1].elapsed if state else 0)
    keeper = RunDirectory(folder)
    story = train(lesson, machine, keeper, orders=orders, resume=state, spent=spent)
    journal = events.Journal(folder)
    journal.record(next(story))
    for note in (*plan.notes, *_fallback(lesson.training.device, machine), *warnings):
        journal.record(Warned(note))
    for event in story:
        journal.record(event)
    journal.close()


def _state(folder: Path, lesson: Lesson) -> tuple[tuple[Snapshot, Standing] | None, str]:
    """Return where the run stands, None if at its begin, and what a person should know of that."""
    path = folder / "resume.safetensors"
    newest = store.model(folder.name).newest
    if not path.exists() and newest is None:  # it was killed before it had saved anything
        return None, ""
    try:
        return resume.read_state(path, lesson), ""
    except CharloomError as error:
        if newest is None:
            raise
        last = store.load(f"{folder.name}@last").checkpoint
        state = resume.from_checkpoint(last, _elapsed(folder, last.step))
        return state, f"{error} It goes on from its checkpoint @{last.step}, not bit for bit."


def _elapsed(folder: Path, step: int) -> float:
    """Return the seconds that the run had taken by ``step``, as it reported."""
    told = map(events.from_line, Lines.tail(folder / "metrics.jsonl", _TAIL).read())
    reports = [each for each in told if isinstance(each, Progress) and each.step <= step]
    return reports[-1].elapsed_seconds if reports else 0.0


def _is_better(path: Path, made: Checkpoint) -> bool:
    """Whether there is a checkpoint at ``path`` that was validated better than ``made``."""
    try:
        there = load(path).checkpoint.losses.validation if path.exists() else None
    except CharloomError:  # damaged
        return False
    new = made.losses.validation
    return there is not None and (new is None or there < new)


def _fallback(wanted: str, machine: Machine) -> list[str]:
    """Return a sentence if the device that was asked for is not the one to train on."""
    if wanted in ("auto", machine.device.type):
        return []
    return [f"--device {wanted} cannot be used on this machine: training on its CPU instead."]


def _lacks_memory(error: RuntimeError) -> bool:
    # on a CPU torch has no error of its own for it
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
