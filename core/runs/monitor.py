"""Monitor training runs from other processes, without disturbing their trainers.

A held lock means that the run is being trained; the system releases it when the trainer exits,
however that happens. Everything else follows from the run's events.
"""

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from subprocess import Popen

from charloom.core.runs import events
from charloom.core.runs.curve import LossCurves
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Evaluating,
    Event,
    Finished,
    Paused,
    Preparing,
    Progress,
    RunWarning,
    Sample,
    Started,
    ThreadsChanged,
    Validated,
)
from charloom.core.runs.jsonl import LineTail, SampledLineTail, file_size
from charloom.core.runs.trainer import exit_message
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import model_dirs

# These decide the status of a run.
_STATUS_EVENTS = Preparing | Started | Progress | Paused | Continued | Evaluating | Finished
_TAIL_BYTES = 65_536  # of a log: they contain such an event
_MAX_WARNINGS = 20
_SAMPLED_EVENTS = {  # rare ones, and how many of them are needed from each part of a long log
    f'"event": "{name}"'.encode(): count
    for name, count in (
        (Started.event, 20),
        (RunWarning.event, _MAX_WARNINGS),
        (Validated.event, 1),
        (CheckpointSaved.event, 1),
    )
}
_MAX_REASON = 300  # characters


class RunStatus(StrEnum):
    """The status of a run."""

    STARTING = "starting"
    TRAINING = "training"
    EVALUATING = "evaluating"  # its best checkpoint, at its end
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    PLATEAUED = "plateaued"  # ended early, as it no longer improved
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # killed, or the computer was switched off
    UNTRAINED = "untrained"
    IMPORTED = "imported"  # a model that was trained elsewhere


_END_STATUS = {
    "completed": RunStatus.COMPLETED,
    "stopped": RunStatus.STOPPED,
    "no longer improving": RunStatus.PLATEAUED,
}


class RunMonitor:
    """The current state of a run, for a view; ``process`` is its trainer if this process has one.

    Attributes are as of the last :meth:`refresh`, which takes milliseconds: it reads a part of a
    long log, from its start on, and ``has_more`` is true until the end is reached. The status and
    the latest events are always those at the end of the log. Of a very long log, a sample is read.
    """

    def __init__(self, folder: ModelDir, process: Popen[bytes] | None = None) -> None:
        self.name = folder.name
        self.status = RunStatus.UNTRAINED
        self.reason = ""
        """Why it failed, was interrupted, or paused by itself."""
        self.preparing: Preparing | None = None
        self.started: Started | None = None
        self.threads_changed: ThreadsChanged | None = None
        """The last change of the number of threads since the trainer started."""
        self.progress: Progress | None = None
        self.validated: Validated | None = None
        self.checkpoint: CheckpointSaved | None = None
        self.sample: Sample | None = None
        self.evaluating: Evaluating | None = None
        self.finished: Finished | None = None
        self.warnings: deque[str] = deque(maxlen=_MAX_WARNINGS)
        """Of the current trainer, or else of the last one."""
        self._curves = LossCurves()
        self.train, self.validation = self._curves.train, self._curves.validation
        """Losses in nats per character by step, without those of steps that were rolled back."""
        self.elapsed = self._curves.elapsed
        """Seconds of training by step."""
        self._folder, self._process = folder, process
        self._log = folder.metrics
        self._metrics = SampledLineTail(self._log, _SAMPLED_EVENTS)
        self._samples = LineTail.tail(folder.samples, _TAIL_BYTES)  # only the latest is needed
        self._status_event: Event | None = None  # the latest
        # The position in the log from which the current or next trainer writes; None before the
        # first refresh.
        self._trainer_start = file_size(self._log) if process else None

    @property
    def has_more(self) -> bool:
        """True if the next refresh has more to read already."""
        return self._metrics.has_more or self._samples.has_more

    def refresh(self) -> bool:
        """Read new events and return whether anything changed."""
        before = self.status, self.reason
        training = self._is_training()  # first, so that no event before the end is missed
        lines = self._metrics.read() + self._samples.read()
        for event in _parse(lines):
            self._add(event)
        if self._metrics.has_more:
            for event in _latest_events(self._log, file_size(self._log)):
                self._store(event)
        self.status = self._current_status(training, self._status_event)
        self.reason = self._current_reason(self._status_event)
        return bool(lines) or (self.status, self.reason) != before

    def _is_training(self) -> bool:
        process = self._process
        return (process is not None and process.poll() is None) or is_training(self._folder)

    def _add(self, event: Event) -> None:
        """Add the next event of the log."""
        self._store(event)
        self._curves.add(event)
        if isinstance(event, Started):
            self.warnings.clear()
        elif isinstance(event, RunWarning):
            self.warnings.append(event.message)

    def _store(self, event: Event) -> None:
        """Store ``event`` as the latest of its type."""
        if isinstance(event, _STATUS_EVENTS):
            self._status_event = event
        match event:
            case Preparing():
                self.preparing = event
            case Started():
                self.started, self.preparing = event, None
                self.finished = self.threads_changed = None
            case Progress():
                self.progress = event
            case Validated():
                self.validated = event
            case CheckpointSaved():
                self.checkpoint = event
            case ThreadsChanged() if self.started:
                self.threads_changed = event
                self.started = replace(self.started, threads=event.threads)
            case Sample():
                self.sample = event
            case Evaluating():
                self.evaluating = event
            case Finished():
                self.finished = event

    def _current_status(self, training: bool, latest: Event | None) -> RunStatus:
        length = file_size(self._log)
        if not training or (self._trainer_start is None and isinstance(latest, Finished)):
            self._trainer_start = length
        self._trainer_start = self._trainer_start or 0
        is_before_start = latest is None or isinstance(latest, Preparing)
        if training and (is_before_start or length <= self._trainer_start):
            return RunStatus.STARTING
        if isinstance(latest, Finished):
            return _END_STATUS.get(latest.reason, RunStatus.FAILED)
        if training and isinstance(latest, Evaluating):
            return RunStatus.EVALUATING
        if training:
            return RunStatus.PAUSED if isinstance(latest, Paused) else RunStatus.TRAINING
        if latest or self._folder.trainer_log.exists():
            return RunStatus.INTERRUPTED
        return RunStatus.UNTRAINED if self._folder.run_config.exists() else RunStatus.IMPORTED

    def _current_reason(self, latest: Event | None) -> str:
        if self.status is RunStatus.FAILED and isinstance(latest, Finished):
            return latest.message
        if self.status is RunStatus.PAUSED and isinstance(latest, Paused):
            return latest.message
        if self.status is not RunStatus.INTERRUPTED:
            return ""
        exit_status = self._process.poll() if self._process else None
        output = _last_line(self._folder.trainer_log)
        if exit_status and (exit_status < 0 or not output):
            return exit_message(self._folder, exit_status)
        return output or "The training process was killed, or the computer went off."


def is_training(folder: ModelDir) -> bool:
    """Return whether a trainer is training the run in ``folder``.

    This holds the run's lock for some microseconds; a trainer that starts just then waits.
    """
    path = folder.lock
    try:
        if sys.platform == "win32":
            from filelock import FileLock

            if path.exists():
                with FileLock(path, timeout=0):
                    pass
        else:
            import fcntl

            if not path.is_file():  # opening a pipe would block
                return False
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, TimeoutError):  # the latter is filelock's
        return True
    except OSError:  # no lock, or no permission
        pass
    return False


def list_runs() -> list[ModelDir]:
    """Return the folders of all runs, the most recently active first."""
    runs = [folder for folder in model_dirs() if folder.run_config.is_file()]
    return sorted(runs, key=_last_activity, reverse=True)


def live_runs() -> list[str]:
    """Return the names of the runs being trained."""
    return [folder.name for folder in list_runs() if is_training(folder)]


def _last_activity(folder: ModelDir) -> float:
    return max(_modified(path) for path in (folder.run_config, folder.metrics))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _parse(lines: Iterable[bytes]) -> Iterator[Event]:
    return filter(None, map(events.from_line, lines))


@lru_cache(maxsize=1)
def _latest_events(log: Path, _length: int) -> list[Event]:
    """Return the events at the end of ``log``; they are read again when its length changes."""
    return list(_parse(LineTail.tail(log, _TAIL_BYTES).read()))


def _last_line(log: Path) -> str:
    """Return the last line that a trainer printed."""
    lines = LineTail.tail(log, _TAIL_BYTES).read()
    texts = [line.decode("utf-8", "replace").strip() for line in lines if line.strip()]
    return texts[-1][:_MAX_REASON] if texts else ""
