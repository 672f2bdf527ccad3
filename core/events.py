"""What a training run has to tell, as it happens: one stream, read by every display and by scripts.

Losses are in nats per character unless a name says bits. An event is one JSON object on one line,
``{"event": "progress", "step": …}``; a run's folder has them in ``metrics.jsonl`` and, what the
model wrote meanwhile, in ``samples.jsonl``.
"""

import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, ClassVar, get_args, get_origin

from core import lines


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
    uniform: float  # what the held-out text costs by guessing evenly
    bigram: float | None  # and by the character before; see core.baselines
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
    """The *carried* loss: the mean over ``counted`` characters of the held-out text."""

    event: ClassVar[str] = "validated"
    step: int
    val_loss: float
    val_bits_per_char: float
    best_val_loss: float
    best_step: int
    counted: int
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
class Warned:
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
    | Warned
    | Finished
)

_KINDS: dict[str, type[Event]] = {kind.event: kind for kind in get_args(Event)}
_FIELDS = {
    name: {each.name: dict if get_origin(each.type) is dict else each.type for each in fields(kind)}
    for name, kind in _KINDS.items()
}
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


def record(folder: Path, event: Event) -> None:
    """Append ``event`` to the files of the run in ``folder``. Raises ``OSError``."""
    name = "samples.jsonl" if isinstance(event, Sample) else "metrics.jsonl"
    lines.append(folder / name, to_line(event).encode())
