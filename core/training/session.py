"""Train a run from its stored config to its last event, in the training process.

Settings that the config leaves open are resolved, and the events of :mod:`core.training.loop` are
written into the run's folder. Importing this module imports torch.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint, load
from charloom.core.runs import events
from charloom.core.runs.commands import Command
from charloom.core.runs.event_log import EventLog
from charloom.core.runs.events import Progress, RunWarning
from charloom.core.runs.jsonl import LineTail
from charloom.core.runs.presets import (
    MIN_FINE_TUNING_STEPS_PER_EPOCH,
    PRESETS,
    shrink_to_fit,
)
from charloom.core.runs.run import RunConfig, write_run_config
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_from, read_model
from charloom.core.store.repair import repair_model
from charloom.core.store.write import save_checkpoint
from charloom.core.training import resume
from charloom.core.training.autotune import (
    ComputeConfig,
    thread_counts,
    tune_compute,
    usable_cores,
)
from charloom.core.training.distributed import connected_ranks
from charloom.core.training.loop import train
from charloom.core.training.starting import auto_configs, choose_start
from charloom.core.training.step import TrainState, memory_for_training
from charloom.core.training.task import RunState, TrainingTask
from charloom.core.wording import plural

_LOG_TAIL_BYTES = 65_536  # enough for the last reports
_FEWER_THREADS = "{} threads are more than the cores that can be used here: training with {}."
_AUTO_SETTINGS: dict[str, Any] = {"precision": "auto", "threads": 0}  # chosen for each machine


class CheckpointWriter:
    """Stores a run's checkpoints and state in its folder: a :class:`CheckpointSink`."""

    def __init__(self, folder: ModelDir) -> None:
        self._folder = folder

    def save(self, checkpoint: Checkpoint) -> str:
        """Save ``checkpoint``, thin out older ones, and return its file's name.

        A better one of the same step is kept: after a rollback a step can be reached twice, and
        after a resume the same network can be measured on fewer characters.
        """
        if not self._folder.run_config.is_file():
            raise CharloomError(f"The folder {str(self._folder.path)!r} of the run is gone.")
        path = self._folder.checkpoint(checkpoint.step)
        if not _supersedes(path, checkpoint):
            save_checkpoint(self._folder, checkpoint)
        return path.name

    def load(self, step: int) -> Checkpoint:
        """Return the checkpoint of ``step``."""
        return load(self._folder.checkpoint(step)).checkpoint

    def save_state(self, snapshot: TrainState, state: RunState) -> None:
        """Save the state to resume from."""
        resume.write_state(self._folder.resume_state, snapshot, state)


def _supersedes(path: Path, checkpoint: Checkpoint) -> bool:
    """Return whether the file at ``path`` is to be kept rather than ``checkpoint``."""
    try:
        return path.exists() and load(path).checkpoint.losses.supersede(checkpoint.losses)
    except CharloomError:  # damaged
        return False


def resolve(config: RunConfig, task: TrainingTask) -> tuple[RunConfig, TrainingTask, ComputeConfig]:
    """Settle what ``config`` leaves open, for the text of ``task`` and this machine.

    The returned config holds all settings, so that a resumed run continues with the same ones; on
    other hardware, those that the user did not set are tuned again.
    """
    processes = config.overrides.get("processes", 1)
    task = replace(task, train_config=replace(task.train_config, processes=processes))
    model_config, train_config = task.model_config, task.train_config
    if config.training:  # a resumed run
        compute = tune_compute(model_config, train_config)
        same = compute.device.type == config.device and train_config == config.training
        if same and train_config.threads <= usable_cores():
            return config, task, compute
        auto = {name: auto for name, auto in _AUTO_SETTINGS.items() if name not in config.overrides}
        train_config = replace(train_config, **auto)
    else:
        if config.on_trial:
            config, task = choose_start(config, task)
            model_config, train_config = task.model_config, task.train_config
        elif config.preset not in PRESETS and not config.base:
            model_config, train_config = auto_configs(config, task)
        fewest = (MIN_FINE_TUNING_STEPS_PER_EPOCH,) if config.base else ()
        train_config, note = shrink_to_fit(train_config, len(task.train_ids), *fewest)
        config = config.with_training_note(note)
    compute = tune_compute(model_config, train_config)
    train_config = replace(train_config, precision=compute.precision, threads=compute.threads)
    if config.overrides.get("threads", 0) > compute.threads and not config.training:
        note = _FEWER_THREADS.format(config.overrides["threads"], compute.threads)
        config = config.with_training_note(note)
    device = compute.device.type
    config = replace(config, model=model_config, training=train_config, device=device)
    return config, replace(task, model_config=model_config, train_config=train_config), compute


def run(
    folder: ModelDir,
    stored: RunConfig,
    task: TrainingTask,
    resuming: bool,
    next_command: Callable[[], Command | None],
) -> None:
    """Train ``task`` as the ``stored`` config says, and write the events into ``folder``.

    Raises :class:`CharloomError`.
    """
    with memory_for_training(task.model_config, task.train_config):
        config, task, compute = resolve(stored, task)
    if stored.base and not config.base:  # the run starts from scratch after all
        folder.checkpoint(0).unlink(missing_ok=True)
    write_run_config(folder, config)
    warnings = [*config.notes, *config.training_notes]
    device = task.train_config.device
    if device not in ("auto", config.device):
        warnings.append(f"Device {device} cannot be used on this machine: training on its CPU.")
    warnings += repair_model(folder)
    if stored.training and config.training != stored.training:
        other = f"on other hardware ({config.device})"
        if stored.training.processes != task.train_config.processes:
            other = f"with {plural(task.train_config.processes, 'process', 'processes')}"
        warnings.append(f"Resumed {other}: not bit for bit.")
    state = _resume_state(folder, task, warnings) if resuming else None
    elapsed = state[1].elapsed if state and state[0].step else 0.0
    counts = [] if "threads" in config.overrides else thread_counts(compute, task.train_config)
    sink = CheckpointWriter(folder)
    with (
        memory_for_training(task.model_config, task.train_config),
        connected_ranks(folder, task, compute) as ranks,
    ):
        story = train(
            task,
            compute,
            sink,
            next_command=next_command,
            resume=state,
            elapsed=elapsed,
            ranks=ranks,
            thread_counts=counts,
        )
        log = EventLog(folder)
        log.record(next(story))
        for warning in warnings:
            log.record(RunWarning(warning))
        for event in story:
            log.record(event)
        log.close()


def _resume_state(
    folder: ModelDir, task: TrainingTask, warnings: list[str]
) -> tuple[TrainState, RunState] | None:
    """Return the state to resume from; None if nothing was saved yet. May add to ``warnings``."""
    path, model = folder.resume_state, read_model(folder)
    if not path.exists() and (model.newest is None or model.newest.step == 0):
        return None
    try:
        return resume.read_state(path, task.model_config)
    except CharloomError as error:
        if model.newest is None:
            raise
        last = load_from(model, "last").checkpoint
        best = model.best.metadata if model.best else None
        warnings.append(f"{error} Resumed from its checkpoint @{last.step}, not bit for bit.")
        return resume.from_checkpoint(last, best or last, *_progress(folder, last.step))


def _progress(folder: ModelDir, step: int) -> tuple[float, float]:
    """Return the seconds and the fraction of the run by ``step``, as it reported."""
    lines = LineTail.tail(folder.metrics, _LOG_TAIL_BYTES).read()
    past_events = map(events.from_line, lines)
    reports = [e for e in past_events if isinstance(e, Progress) and e.step <= step]
    return (reports[-1].elapsed_seconds, reports[-1].fraction) if reports else (0.0, 0.0)
