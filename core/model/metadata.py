"""The card of a checkpoint: all that it tells about itself, as JSON from whoever sent it.

A card that exists is a valid one. Read from a file it is trusted in nothing: every fault is a
:class:`CharloomError`, and no size that it claims is allocated.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError

_LARGEST_COUNT = 10**12
_LONGEST_LINE = 1_000
_LONGEST_NOTE = 100_000


@dataclass(frozen=True, slots=True)
class Losses:
    """Nats per character: of the last training steps, and of the held-out text.

    ``validation`` is carried, on the part of it that is looked at while training: what the
    checkpoints of a run are compared by. ``carried`` and ``windowed_256`` are on all of it, and
    known of the checkpoint that was best when the run ended.
    """

    train: float | None = None
    validation: float | None = None
    carried: float | None = None
    windowed_256: float | None = None

    def __post_init__(self) -> None:
        for name, loss in asdict(self).items():
            if loss is not None and not (_is_number(loss) and 0 <= loss < math.inf):
                raise CharloomError(f"The {name} loss is not a finite number of nats.")

    @property
    def held_out(self) -> float | None:
        """The carried loss: on all the held-out text, or else on what training looked at."""
        return self.validation if self.carried is None else self.carried


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """What a model was trained on; ``opening``, its first characters, makes a ready prompt."""

    title: str
    sha256: str
    characters: int
    opening: str

    def __post_init__(self) -> None:
        for name in ("title", "sha256", "opening"):
            _check_text(f"The text's {name}", getattr(self, name), _LONGEST_LINE)
        _check_count("The text's number of characters", self.characters)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CheckpointMetadata:
    """All that a checkpoint tells about itself: everything but the weights.

    ``created`` is an ISO 8601 moment with its time zone (UTC when written here).
    Raises :class:`CharloomError` for anything out of range.
    """

    model: ModelConfig
    vocab: Vocab
    step: int
    losses: Losses
    corpus: CorpusInfo
    training: TrainConfig
    created: str
    note: str = ""

    def __post_init__(self) -> None:
        if len(self.vocab) != self.model.vocab_size:
            raise CharloomError("The vocabulary has another size than the settings say.")
        _check_count("The step", self.step)
        _check_text("The note", self.note, _LONGEST_NOTE)
        _check_text("The time of creation", self.created, 64)
        if not _is_moment(self.created):
            raise CharloomError("The time of creation is not an ISO 8601 moment with a time zone.")

    def to_json(self) -> dict[str, Any]:
        """Return the card as a JSON object."""
        return {
            "model": self.model.to_json(),
            "vocab": self.vocab.chars,
            "step": self.step,
            "losses": asdict(self.losses),
            "corpus": asdict(self.corpus),
            "training": self.training.to_json(),
            "created": self.created,
            "note": self.note,
        }


def metadata_from_json(data: Mapping[str, Any]) -> CheckpointMetadata:
    """Build a card from a JSON object, or say in a :class:`CharloomError` what is wrong with it."""
    try:
        vocab = data["vocab"]
        if not isinstance(vocab, list):
            raise CharloomError("The vocabulary is not a list.")
        parts = {
            "model": ModelConfig.from_json(_scalars(data["model"])),
            "vocab": Vocab(tuple(vocab)),
            "losses": Losses(**_scalars(data["losses"])),
            "corpus": CorpusInfo(**_scalars(data["corpus"])),
            "training": TrainConfig.from_json(_scalars(data["training"])),
        }
        return CheckpointMetadata(**{**data, **parts})
    except (KeyError, TypeError) as error:
        raise CharloomError("The card lacks something, or has something unknown.") from error


def json_object(raw: bytes, what: str) -> dict[str, Any]:
    """Parse strictly: one object, every key once, each number finite and of ordinary length."""
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_distinct,
            parse_int=_short_int,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise CharloomError(f"The {what} is not sound JSON.") from error
    if not isinstance(value, dict):
        raise CharloomError(f"The {what} is not a JSON object.")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("a key stands twice")
    return result


def _short_int(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("no number here has so many digits")
    return int(digits)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def _scalars(value: object) -> dict[str, Any]:
    """Return ``value`` if it is an object of numbers, flags and bounded strings: no depths."""
    if not isinstance(value, dict):
        raise CharloomError("The card has a part of the wrong kind.")
    for each in value.values():
        if isinstance(each, list | dict) or (isinstance(each, str) and len(each) > _LONGEST_LINE):
            raise CharloomError("The card has a setting of the wrong kind.")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_moment(text: str) -> bool:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return False
    # away from the ends of the calendar, so that it can be shown in any time zone
    return moment.tzinfo is not None and 1970 <= moment.year < 9999


def _check_count(what: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _LARGEST_COUNT:
        raise CharloomError(f"{what} is not a whole number from 0 to {_LARGEST_COUNT:,}.")


def _check_text(what: str, value: object, longest: int) -> None:
    if not isinstance(value, str) or len(value) > longest:
        raise CharloomError(f"{what} is not a string of at most {longest:,} characters.")
