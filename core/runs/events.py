"""What a training run has to tell, as it happens: one stream, read by every display and by scripts.

Losses are in nats per character unless a name says bits. An event is one JSON object on one line,
``{"event": "progress", "step": …}``; a run's folder has them in ``metrics.jsonl`` and, what the
model wrote meanwhile, in ``samples.jsonl``.
"""

import json
import math
import os
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar, get_args, get_origin

from charloom.core.errors import StorageError
from charloom.core.runs import jsonl
from charloom.core.store.model_dir import ModelDir


@dataclass(frozen=True, slots=True)
class Started:
    """The run begins, or goes on: what is trained, on what, and what had to be adjusted."""

    event: ClassVar[str] = "started"
    step: int
    device: str
    precision: str
    threads: int
    parameters: int
    train_characters: int
    held_out_characters: int
    total_steps: int | None  # None when time bounds the run
    uniform: (
        float  # this and the next: what simpler ways to predict reach; see core.analysis.baselines
    )
    unigram: float | None
    bigram: float | None
    five_gram: float | None
    xz: float | None
    model: dict[str, Any]
    training: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Progress:
    """Where the run stands; ``loss`` is the mean over the steps since the last report."""

    event: ClassVar[str] = "progress"
    step: int
    epoch: float
    loss: float
    bits_per_char: float
    lr: float
    chars_per_second: float
    elapsed_seconds: float
    eta_seconds: float
    fraction: float


@dataclass(frozen=True, slots=True)
class Validated:
    """The *carried* loss: the mean over ``counted_characters`` of the held-out text."""

    event: ClassVar[str] = "validated"
    step: int
    val_loss: float
    val_bits_per_char: float
    best_val_loss: float
    best_step: int
    counted_characters: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Sample:
    """A few characters as the model would write them now."""

    event: ClassVar[str] = "sample"
    step: int
    text: str


@dataclass(frozen=True, slots=True)
class CheckpointSaved:
    """A checkpoint is safely on disk under ``file`` in the run's ``checkpoints`` folder."""

    event: ClassVar[str] = "checkpoint"
    step: int
    file: str


@dataclass(frozen=True, slots=True)
class Paused:
    """The run stands still, with everything saved, and no time passes for it.

    With a ``message`` it does so by itself: that says why it cannot be saved. It goes on as soon as
    it can.
    """

    event: ClassVar[str] = "paused"
    step: int
    message: str = ""


@dataclass(frozen=True, slots=True)
class Continued:
    """The run goes on after a pause."""

    event: ClassVar[str] = "continued"
    step: int


@dataclass(frozen=True, slots=True)
class RateChanged:
    """From ``step`` on the learning rate is ``lr``, or climbs to it, and then decays as planned."""

    event: ClassVar[str] = "rate"
    step: int
    lr: float


@dataclass(frozen=True, slots=True)
class RunWarning:
    """Something a person should know; the run goes on."""

    event: ClassVar[str] = "warning"
    message: str


@dataclass(frozen=True, slots=True)
class Finished:
    """The run is over.

    The losses are those of the best checkpoint, on all the held-out text or as much of it as the
    minutes allow. ``reason`` is ``"completed"``, ``"stopped"``, ``"no longer improving"`` or
    ``"failed"``.
    """

    event: ClassVar[str] = "finished"
    step: int
    reason: str
    val_loss: float | None  # carried
    val_bits_per_char: float | None
    val_windowed_256: float | None
    best_val_loss: float | None
    best_step: int
    elapsed_seconds: float
    message: str = ""  # what was wrong, when it failed
    counted_characters: int | None = None  # held-out characters that val_loss is the mean of

    @property
    def measured_on(self) -> str:
        """What the losses were measured on, in words."""
        counted = self.counted_characters
        return f"{counted:,} held-out characters" if counted else "the held-out text"

    @classmethod
    def failed(cls, message: str) -> "Finished":
        """Return the end of a run that could not be trained at all."""
        return cls(0, "failed", None, None, None, None, 0, 0.0, message)


Event = (
    Started
    | Progress
    | Validated
    | Sample
    | CheckpointSaved
    | Paused
    | Continued
    | RateChanged
    | RunWarning
    | Finished
)

_KINDS: dict[str, type[Event]] = {kind.event: kind for kind in get_args(Event)}
_FIELDS = {
    name: {each.name: dict if get_origin(each.type) is dict else each.type for each in fields(kind)}
    for name, kind in _KINDS.items()
}
_MOST_WAITING = 10_000
_RESERVE = 65_536  # bytes
_MOST = 2**63  # beyond which a whole number is no step of ours and no float


def bits(nats: float) -> float:
    """Convert nats to bits."""
    return nats / math.log(2)


def to_line(event: Event) -> str:
    """Return ``event`` as one line of JSON, no newline. NaN and infinity raise ``ValueError``."""
    return json.dumps({"event": event.event, **asdict(event)}, allow_nan=False)


def from_line(line: str | bytes) -> Event | None:
    """Return the event in ``line``, or None when the line is torn or tells of nothing we know."""
    try:
        data = json.loads(line)
        name = data.pop("event")
        known = _FIELDS[name]
        if all(_fits(value, known[key]) for key, value in data.items()):
            return _KINDS[name](**data)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        pass
    return None


def _fits(value: object, kind: Any) -> bool:
    if isinstance(value, int | float) and not -_MOST < value < _MOST:  # NaN is not, either
        return False
    return isinstance(value, kind)


def record(folder: ModelDir, event: Event) -> None:
    """Append ``event`` to the files of the run in ``folder``. Raises ``OSError``."""
    path = folder.samples if isinstance(event, Sample) else folder.metrics
    jsonl.append_line(path, to_line(event).encode())


class EventLog:
    """Records a run's events in ``folder``; what cannot be written waits, in order, for the next.

    Some room is reserved, to be given up when there is no other: so that a full disk can be told.
    """

    def __init__(self, folder: ModelDir) -> None:
        self._folder = folder
        self._waiting: deque[Event] = deque(maxlen=_MOST_WAITING)
        self._reserve = folder.reserve
        self._make_reserve()

    def record(self, event: Event) -> None:
        """Append ``event``, and before it whatever still waits."""
        self._waiting.append(event)
        try:
            self._write()
        except OSError:
            with suppress(OSError):
                self._reserve.unlink(missing_ok=True)
                self._write()
        if isinstance(event, Continued):
            self._make_reserve()

    def close(self) -> None:
        """Write whatever waits and give the room back; :class:`StorageError` if that cannot be."""
        try:
            self._reserve.unlink(missing_ok=True)
            self._write()
        except OSError as error:
            raise StorageError(
                f"What happened in {self._folder.name!r} cannot be written ({error.strerror}); "
                "make room there."
            ) from error

    def _write(self) -> None:
        while self._waiting:
            record(self._folder, self._waiting[0])
            self._waiting.popleft()

    def _make_reserve(self) -> None:
        with suppress(OSError):  # a disk that is full from the start
            self._reserve.write_bytes(os.urandom(_RESERVE))  # which no file system can compress
