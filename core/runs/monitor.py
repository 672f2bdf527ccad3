"""Watching training runs from outside: what there is to show of a run, read again and again.

Whether a run is being trained is told by its lock, which the system frees however a trainer ends;
what happens in it, by its events. Nothing here disturbs a trainer.
"""

import sys
from collections import deque
from collections.abc import Iterable, Iterator
from enum import StrEnum
from functools import lru_cache
from pathlib import Path
from subprocess import Popen

from charloom.core.runs import events
from charloom.core.runs.curve import LossCurves
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    Progress,
    RunWarning,
    Sample,
    Started,
    Validated,
)
from charloom.core.runs.jsonl import LineTail, SampledLineTail, file_size
from charloom.core.runs.run import exit_message
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import model_dirs

_TELLING = Started | Progress | Paused | Continued | Finished  # in which state a run is
_TAIL = 65_536  # bytes at a log's end that hold such an event
_MOST_WARNINGS = 20
_SOUGHT = {  # in a log so long that it is sampled: what is rare, and how many there is need of
    f'"event": "{name}"'.encode(): most
    for name, most in (
        (Started.event, 20),
        (RunWarning.event, _MOST_WARNINGS),
        (Validated.event, 1),
        (CheckpointSaved.event, 1),
    )
}
_LONGEST_WORDS = 300  # characters


class RunStatus(StrEnum):
    """How a run stands."""

    STARTING = "starting"
    TRAINING = "training"
    PAUSED = "paused"
    COMPLETED = "completed"
    STOPPED = "stopped"
    PLATEAUED = "plateaued"  # ended early: it no longer improved
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # killed, or the machine went off
    UNTRAINED = "untrained"
    IMPORTED = "imported"  # no run, but a model whose training is not known here


_ENDS = {
    "completed": RunStatus.COMPLETED,
    "stopped": RunStatus.STOPPED,
    "no longer improving": RunStatus.PLATEAUED,
}


class RunMonitor:
    """A run as it stands, for a view; ``process`` is its trainer, for whoever launched it.

    Everything is as of the last :meth:`refresh`, which takes milliseconds: of a long log it reads
    a part each time, from the begin on, and is ``behind`` until it has come to the end. The state
    is always that of the log's end, and so are the figures that were told there lately. Of a very
    long log, the curves are drawn through a sample.
    """

    def __init__(self, folder: ModelDir, process: Popen[bytes] | None = None) -> None:
        self.name = folder.name
        self.status = RunStatus.UNTRAINED
        self.reason = ""
        """Why it failed, was interrupted, or pauses by itself."""
        self.started: Started | None = None
        self.progress: Progress | None = None
        self.validated: Validated | None = None
        self.checkpoint: CheckpointSaved | None = None
        self.sample: Sample | None = None
        self.finished: Finished | None = None
        self.warnings: deque[str] = deque(maxlen=_MOST_WARNINGS)
        """What the trainer at work, or else the last one, warned of."""
        self._curves = LossCurves()
        self.train, self.validation = self._curves.train, self._curves.validation
        """Losses by step, nats per character; one of steps that were given up is dropped."""
        self._folder, self._process = folder, process
        self._log = folder.metrics
        self._metrics = SampledLineTail(self._log, _SOUGHT)
        self._samples = LineTail.tail(folder.samples, _TAIL)  # there is need of the last
        self._told: Event | None = None  # the last telling one
        # Where in the log the present trainer, or the next, begins; None before the first look.
        self._mark = file_size(self._log) if process else None

    @property
    def has_more(self) -> bool:
        """Whether there is more to read already."""
        return self._metrics.has_more or self._samples.has_more

    def refresh(self) -> bool:
        """Read what has come and return whether anything is different."""
        before = self.status, self.reason
        at_work = self._at_work()  # asked first, so that nothing is missed after the end
        lines = self._metrics.read() + self._samples.read()
        for event in _events(lines):
            self._take(event)
        if self._metrics.has_more:
            for event in _ending(self._log, file_size(self._log)):
                self._note(event)
        self.status = self._judge(at_work, self._told)
        self.reason = self._why(self._told)
        return bool(lines) or (self.status, self.reason) != before

    def _at_work(self) -> bool:
        return (self._process is not None and self._process.poll() is None) or is_training(
            self._folder
        )

    def _take(self, event: Event) -> None:
        """Take the event that comes next in the log."""
        self._note(event)
        self._curves.add(event)
        if isinstance(event, Started):
            self.warnings.clear()
        elif isinstance(event, RunWarning):
            self.warnings.append(event.message)

    def _note(self, event: Event) -> None:
        """Have ``event`` be the last of its kind."""
        if isinstance(event, _TELLING):
            self._told = event
        match event:
            case Started():
                self.started, self.finished = event, None
            case Progress():
                self.progress = event
            case Validated():
                self.validated = event
            case CheckpointSaved():
                self.checkpoint = event
            case Sample():
                self.sample = event
            case Finished():
                self.finished = event

    def _judge(self, at_work: bool, told: Event | None) -> RunStatus:
        length = file_size(self._log)
        if not at_work or (self._mark is None and isinstance(told, Finished)):
            self._mark = length
        self._mark = self._mark or 0
        if at_work and (told is None or length <= self._mark):
            return RunStatus.STARTING
        if isinstance(told, Finished):
            return _ENDS.get(told.reason, RunStatus.FAILED)
        if at_work:
            return RunStatus.PAUSED if isinstance(told, Paused) else RunStatus.TRAINING
        if told or self._folder.trainer_log.exists():
            return RunStatus.INTERRUPTED
        return RunStatus.UNTRAINED if self._folder.run_config.exists() else RunStatus.IMPORTED

    def _why(self, told: Event | None) -> str:
        if self.status is RunStatus.FAILED and isinstance(told, Finished):
            return told.message
        if self.status is RunStatus.PAUSED and isinstance(told, Paused):
            return told.message
        if self.status is not RunStatus.INTERRUPTED:
            return ""
        status = self._process.poll() if self._process else None
        words = _last_words(self._folder.trainer_log)
        if status and (status < 0 or not words):
            return exit_message(self._folder, status)
        return words or "The training process was killed, or the computer went off."


def is_training(folder: ModelDir) -> bool:
    """Whether a trainer is at work on the run in ``folder``.

    This shares the run's lock for some microseconds; a trainer that starts just then waits.
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

            if not path.is_file():  # opening a pipe would wait for ever
                return False
            with path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, TimeoutError):  # the latter is filelock's
        return True
    except OSError:  # there is none, or none to be looked at
        pass
    return False


def list_runs() -> list[ModelDir]:
    """Return the folders of all runs, the one in which something happened last first."""
    runs = [folder for folder in model_dirs() if folder.run_config.is_file()]
    return sorted(runs, key=_last_activity, reverse=True)


def live_runs() -> list[str]:
    """Return the names of the runs that are being trained."""
    return [folder.name for folder in list_runs() if is_training(folder)]


def _last_activity(folder: ModelDir) -> float:
    return max(_modified(path) for path in (folder.run_config, folder.metrics))


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _events(lines: Iterable[bytes]) -> Iterator[Event]:
    return filter(None, map(events.from_line, lines))


@lru_cache(maxsize=1)
def _ending(log: Path, _length: int) -> list[Event]:
    """Return what is told in the tail of ``log``, which is read anew when its length is new."""
    return list(_events(LineTail.tail(log, _TAIL).read()))


def _last_words(log: Path) -> str:
    """Return the last line that a trainer printed."""
    lines = LineTail.tail(log, _TAIL).read()
    words = [line.decode("utf-8", "replace").strip() for line in lines if line.strip()]
    return words[-1][:_LONGEST_WORDS] if words else ""
