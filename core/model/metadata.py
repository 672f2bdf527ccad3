"""The metadata of a checkpoint, and their strict reader from JSON.

Metadata objects validate themselves. JSON from a file is not trusted: every error is a
:class:`CharloomError`, and no size that it claims is allocated.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.dialogue import PLAIN, Dialogue
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError, SettingError

FEW_CHARACTERS = 1_000
"""A loss measured on fewer characters is mostly noise."""

_MAX_COUNT = 10**12
_MAX_LINE_CHARACTERS = 1_000
_MAX_NOTE_CHARACTERS = 100_000


def is_few(characters: int | None) -> bool:
    """Return whether a loss was measured on too few ``characters``; False if that is unknown."""
    return characters is not None and characters < FEW_CHARACTERS


class HeldOutLoss(NamedTuple):
    """A loss on held-out text, in nats per character.

    ``characters`` is the number that it is the mean over, None in files of earlier versions;
    ``measure`` is the field of :class:`Losses` that has it.
    """

    nats: float
    characters: int | None
    measure: str
    standard_error: float | None = None


@dataclass(frozen=True, slots=True)
class Losses:
    """Losses in nats per character.

    *Carried* losses carry the LSTM state through the whole text; *windowed* ones reset it for every
    window of 256 characters.

    Attributes:
        train: mean over the last training steps.
        validation: carried, on the part of the held-out text that is evaluated while training;
            checkpoints of a run are compared by it.
        carried: on the held-out text; known for the checkpoint that was best at the run's end.
        windowed_256: on the same characters as ``carried``, but windowed.
        validation_characters: number of characters that ``validation`` is the mean over.
        carried_characters: the same of ``carried`` and ``windowed_256``: fewer than all where the
            text is long or the minutes of the run did not suffice.
        validation_standard_error: of ``validation``, as an estimate for other text of the kind.
        carried_standard_error: the same of ``carried``; that of ``windowed_256`` is about as large.
    """

    train: float | None = None
    validation: float | None = None
    carried: float | None = None
    windowed_256: float | None = None
    validation_characters: int | None = None
    carried_characters: int | None = None
    validation_standard_error: float | None = None
    carried_standard_error: float | None = None

    def __post_init__(self) -> None:
        for name, loss in asdict(self).items():
            if name.endswith("_characters"):
                if loss is not None:
                    _check_count(f"The number of {name}", loss)
            elif loss is not None and not (_is_number(loss) and 0 <= loss < math.inf):
                raise CharloomError(f"The {name} loss is not a finite number of nats.")

    @property
    def held_out(self) -> HeldOutLoss | None:
        """The carried loss measured at the run's end, else the one during training.

        The latter also if it was measured on more characters.
        """
        validation = carried = None
        if self.validation is not None:
            validation = HeldOutLoss(
                self.validation,
                self.validation_characters,
                "validation",
                self.validation_standard_error,
            )
        if self.carried is not None:
            carried = HeldOutLoss(
                self.carried, self.carried_characters, "carried", self.carried_standard_error
            )
        if carried and validation and None not in (carried.characters, validation.characters):
            return max(carried, validation, key=lambda loss: loss.characters or 0)
        return carried or validation

    def supersede(self, other: "Losses") -> bool:
        """Return whether to keep these losses of a step rather than ``other`` ones of the same.

        A better validation is kept, and of the same validation, the measure on more characters.
        """
        if self.validation == other.validation:
            return (self.carried_characters or 0) > (other.carried_characters or 0)
        return self.validation is not None and (
            other.validation is None or self.validation < other.validation
        )


@dataclass(frozen=True, slots=True)
class CorpusInfo:
    """The text that a model was trained on.

    ``opening`` is its start; ``dialogue`` says how it marks its speakers.
    """

    title: str
    sha256: str
    characters: int
    opening: str
    dialogue: Dialogue = PLAIN

    def __post_init__(self) -> None:
        for name in ("title", "sha256", "opening"):
            _check_text(f"The text's {name}", getattr(self, name), _MAX_LINE_CHARACTERS)
        _check_count("The text's number of characters", self.characters)

    @classmethod
    def from_json(cls, data: object) -> Self:
        """Build it from a JSON object; raises :class:`CharloomError` if anything is wrong."""
        fields = dict(data) if isinstance(data, dict) else {}
        stored = fields.pop("dialogue", None)  # missing in earlier versions
        dialogue = Dialogue.from_json(stored) if stored else PLAIN
        return cls(**_scalars(fields), dialogue=dialogue)

    @property
    def opening_words(self) -> str:
        """The first paragraph of the opening, without a word that was cut off: a default prompt."""
        words, gap, _ = self.opening.strip().partition("\n\n")
        if not gap and len(words.split()) > 1:
            words = words[: -len(words.split()[-1])]
        return words.strip()


@dataclass(frozen=True, slots=True)
class BaseInfo:
    """The checkpoint that a training started from; ``sha256`` is that of its file.

    ``share`` is that of its weights in an average with the trained ones, 0.0 without one.
    """

    name: str
    step: int
    sha256: str
    share: float = 0.0

    def __post_init__(self) -> None:
        for name in ("name", "sha256"):
            _check_text(f"The base's {name}", getattr(self, name), _MAX_LINE_CHARACTERS)
        _check_count("The base's step", self.step)
        if not (_is_number(self.share) and 0 <= self.share < 1):
            raise CharloomError("The base's share is not a number from 0 to 1.")

    def __str__(self) -> str:
        return f"{self.name}@{self.step}"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CheckpointMetadata:
    """Everything in a checkpoint except the weights.

    ``created`` is an ISO 8601 time with a time zone (UTC when written by Charloom).
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
    base: BaseInfo | None = None  # None if it was trained from scratch

    def __post_init__(self) -> None:
        if len(self.vocab) != self.model.vocab_size:
            raise CharloomError("The vocabulary does not have the size in the settings.")
        _check_count("The step", self.step)
        _check_text("The note", self.note, _MAX_NOTE_CHARACTERS)
        _check_text("The time of creation", self.created, 64)
        if not _is_timestamp(self.created):
            raise CharloomError("The time of creation is not an ISO 8601 time with a time zone.")

    def to_json(self) -> dict[str, Any]:
        """Return the metadata as a JSON object."""
        return {
            "model": self.model.to_json(),
            "vocab": self.vocab.chars,
            "step": self.step,
            "losses": asdict(self.losses),
            "corpus": asdict(self.corpus),
            "training": self.training.to_json(),
            "created": self.created,
            "note": self.note,
            "base": self.base and asdict(self.base),
        }


def metadata_from_json(data: Mapping[str, Any]) -> CheckpointMetadata:
    """Build metadata from a JSON object; raises :class:`CharloomError` if anything is wrong."""
    try:
        vocab = data["vocab"]
        if not isinstance(vocab, list):
            raise CharloomError("The vocabulary is not a list.")
        base = data.get("base")
        parts = {
            "model": ModelConfig.from_json(_scalars(data["model"])),
            "vocab": Vocab(tuple(vocab)),
            "losses": Losses(**_scalars(data["losses"])),
            "corpus": CorpusInfo.from_json(data["corpus"]),
            "training": TrainConfig.from_json(_scalars(data["training"])),
            "base": None if base is None else BaseInfo(**_scalars(base)),
        }
        return CheckpointMetadata(**{**data, **parts})
    except SettingError as error:
        raise CharloomError(f"Its setting {error.field} {error.problem}") from error
    except (KeyError, TypeError) as error:
        raise CharloomError("The metadata are incomplete or have an unknown entry.") from error


def parse_json_object(raw: bytes, what: str) -> dict[str, Any]:
    """Parse one JSON object strictly: no duplicate keys, only finite numbers of ordinary length."""
    try:
        value = json.loads(
            raw.decode(),
            object_pairs_hook=_distinct,
            parse_int=_short_int,
            parse_float=_finite,
            parse_constant=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise CharloomError(f"The {what} is not valid JSON.") from error
    if not isinstance(value, dict):
        raise CharloomError(f"The {what} is not a JSON object.")
    return value


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError("duplicate key")
    return result


def _short_int(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("too many digits")
    return int(digits)


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


def _scalars(value: object) -> dict[str, Any]:
    """Return ``value`` if it is a flat object of numbers, booleans and bounded strings."""
    if not isinstance(value, dict):
        raise CharloomError("The metadata have an entry of the wrong type.")
    for item in value.values():
        long = isinstance(item, str) and len(item) > _MAX_LINE_CHARACTERS
        if long or isinstance(item, list | dict):
            raise CharloomError("The metadata have a setting of the wrong type.")
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_timestamp(text: str) -> bool:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return False
    # not at the ends of the calendar, so that it can be converted to any time zone
    return time.tzinfo is not None and 1970 <= time.year < 9999


def _check_count(what: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _MAX_COUNT:
        raise CharloomError(f"{what} is not a whole number from 0 to {_MAX_COUNT:,}.")


def _check_text(what: str, value: object, max_characters: int) -> None:
    if not isinstance(value, str) or len(value) > max_characters:
        raise CharloomError(f"{what} is not a string of at most {max_characters:,} characters.")
