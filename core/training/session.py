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

from charloom.core.config import ModelConfig, TrainConfig, train_characters
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint, load
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs import events
from charloom.core.runs.commands import Command
from charloom.core.runs.events import Progress, RunWarning
from charloom.core.runs.jsonl import LineTail
from charloom.core.runs.presets import DEFAULT_MINUTES, PRESETS, auto_preset, shrink_to_fit
from charloom.core.runs.run import RunConfig, write_run_config
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_from, read_model
from charloom.core.store.repair import repair_model
from charloom.core.store.write import save_checkpoint
from charloom.core.training import resume
from charloom.core.training.autotune import ComputeConfig, tune_compute, usable_cores
from charloom.core.training.loop import train
from charloom.core.training.prepare import PreparedData
from charloom.core.training.step import TrainState
from charloom.core.training.task import RunState, TrainingTask

_TAIL = 65_536  # bytes of the log that hold the last reports
_OPEN: dict[str, Any] = {"precision": "auto", "threads": 0}  # what a machine decides
_OPENING = 60  # characters of the text that are kept with the model


class CheckpointWriter:
    """Keeps a run's checkpoints and state in its directory; a :class:`training.CheckpointSink`."""

    def __init__(self, folder: ModelDir) -> None:
        self._folder = folder

    def save(self, made: Checkpoint) -> str:
        """Keep ``made``, thin out the others, return its file's name.

        One of this step that was better stays: the network went back, and came here another way.
        """
        if not self._folder.run_config.is_file():
            raise CharloomError(f"The folder {str(self._folder.path)!r} of the run is gone.")
        path = self._folder.checkpoint(made.step)
        if not _is_better(path, made):
            save_checkpoint(self._folder, made)
        return path.name

    def load(self, step: int) -> Checkpoint:
        """Return the checkpoint of ``step``."""
        return load(self._folder.checkpoint(step)).checkpoint

    def save_state(self, snapshot: TrainState, standing: RunState) -> None:
        """Keep what it takes to go on."""
        resume.write_state(self._folder.resume_state, snapshot, standing)


def resolve_config(
    plan: RunConfig, vocab_size: int, characters: int
) -> tuple[RunConfig, ComputeConfig]:
    """Settle what ``plan`` leaves open, for a text of this size and the machine at hand.

    The plan that comes back holds full settings, so that a run that is resumed goes on alike.
    """
    if plan.model and plan.training:
        return _resolve_resumed(plan, *_settings(plan))
    note = ""
    preset = PRESETS.get(plan.preset)
    if preset is None:  # auto
        model, training = PRESETS["medium"].settings(vocab_size, plan.chosen)
        speed = tune_compute(model, training).chars_per_second
        minutes = training.minutes or DEFAULT_MINUTES
        preset = auto_preset(characters, minutes * 60, speed)
    model, training = preset.settings(vocab_size, plan.chosen)
    training, note = shrink_to_fit(training, train_characters(characters, training.held_out))
    machine = tune_compute(model, training)
    training = replace(training, precision=machine.precision, threads=machine.threads)
    settled = replace(
        plan,
        notes=[*plan.notes, note] if note else plan.notes,
        model=model.to_json(),
        training=training.to_json(),
        device=machine.device.type,
    )
    return settled, machine


def _resolve_resumed(
    plan: RunConfig, model: ModelConfig, training: TrainConfig
) -> tuple[RunConfig, ComputeConfig]:
    """Go on alike; but on another kind of machine, as suits that one and nobody chose."""
    machine = tune_compute(model, training)
    fits = "threads" in plan.chosen or training.threads <= usable_cores()
    if machine.device.type == plan.device and fits:
        return plan, machine
    open_now = {name: value for name, value in _OPEN.items() if name not in plan.chosen}
    machine = tune_compute(model, replace(training, **open_now))
    training = replace(training, precision=machine.precision, threads=machine.threads)
    return replace(plan, training=training.to_json(), device=machine.device.type), machine


def _settings(plan: RunConfig) -> tuple[ModelConfig, TrainConfig]:
    return (
        ModelConfig.from_json(plan.model or {}),
        TrainConfig.from_json(plan.training or {}),
    )


def run(
    folder: ModelDir,
    material: PreparedData,
    started: float,
    resuming: bool,
    orders: Callable[[], Command | None],
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
    folder: ModelDir,
    material: PreparedData,
    started: float,
    resuming: bool,
    orders: Callable[[], Command | None],
) -> None:
    before, text, vocab = material.plan, material.text, material.vocab
    plan, machine = resolve_config(before, len(vocab), len(text))
    write_run_config(folder, plan)
    card = CorpusInfo(plan.title, plan.sha256, len(text), text[:_OPENING])
    lesson = TrainingTask(text, vocab, card, *_settings(plan), material.baselines)
    warnings = repair_model(folder)
    if before.training and plan.training != before.training:
        warnings.append(f"It goes on on another machine ({plan.device}), not bit for bit.")
    state = None
    if resuming:
        state, warning = _state(folder, lesson)
        warnings += [warning] * bool(warning)
    spent = time.time() - started + (state[1].elapsed if state else 0)
    keeper = CheckpointWriter(folder)
    story = train(lesson, machine, keeper, orders=orders, resume=state, spent=spent)
    journal = events.EventLog(folder)
    journal.record(next(story))
    for note in (*plan.notes, *_fallback(lesson.training.device, machine), *warnings):
        journal.record(RunWarning(note))
    for event in story:
        journal.record(event)
    journal.close()


def _state(
    folder: ModelDir, lesson: TrainingTask
) -> tuple[tuple[TrainState, RunState] | None, str]:
    """Return where the run stands, None if at its begin, and what a person should know of that."""
    path = folder.resume_state
    model = read_model(folder)
    if not path.exists() and model.newest is None:  # it was killed before it had saved anything
        return None, ""
    try:
        return resume.read_state(path, lesson), ""
    except CharloomError as error:
        if model.newest is None:
            raise
        last = load_from(model, "last").checkpoint
        state = resume.from_checkpoint(last, _elapsed(folder, last.step))
        return state, f"{error} It goes on from its checkpoint @{last.step}, not bit for bit."


def _elapsed(folder: ModelDir, step: int) -> float:
    """Return the seconds that the run had taken by ``step``, as it reported."""
    told = map(events.from_line, LineTail.tail(folder.metrics, _TAIL).read())
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


def _fallback(wanted: str, machine: ComputeConfig) -> list[str]:
    """Return a sentence if the device that was asked for is not the one to train on."""
    if wanted in ("auto", machine.device.type):
        return []
    return [f"--device {wanted} cannot be used on this machine: training on its CPU instead."]


def _lacks_memory(error: RuntimeError) -> bool:
    # on a CPU torch has no error of its own for it
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
