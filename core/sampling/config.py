"""Sampling settings, and changes of them during generation.

This module does without NumPy, so that reading stored texts does not import it.
"""

import re
from collections.abc import Iterable
from dataclasses import astuple, dataclass, fields
from random import SystemRandom
from typing import Any, NamedTuple, Self

from charloom.core.errors import CharloomError, SettingError

MAX_TEMPERATURE = 10.0
WORDS = ("any", "known")

_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}
_ESCAPED = {character: escape for escape, character in _ESCAPES.items()}
_STOP_SEPARATOR = r"\|"


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """Rules to sample a character: temperature first, then top-k, then top-p, then min-p.

    The order is that of Hugging Face's Transformers. The likeliest character always stays, so only
    the nucleus of top-p depends on the order.

    Attributes:
        temperature: divides the logits, 0 to 10. Below 1 favours likely characters; 0 always takes
            the likeliest one. Among equally likely characters the lowest id wins.
        top_k: keep only the k likeliest characters, ties broken by the lowest ids; 0 keeps all.
        top_p: keep only the nucleus, the fewest likeliest characters that together reach this
            probability (Holtzman et al. 2020, §3.1); above 0, and 1 keeps all.
        words: ``"known"`` first leaves out the characters that lead to no word of the training
            text; numbers and punctuation are free. A word that began otherwise, as a prompt can,
            goes on freely. ``"any"`` leaves out none.
        min_p: keep only characters at least this many times as probable as the likeliest (Nguyen et
            al. 2025, "Turning Up the Heat", §3); 0 to 1, and 0 keeps all.

    Raises :class:`SettingError` outside these ranges.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    words: str = "any"

    def __post_init__(self) -> None:
        if not (_is_number(self.temperature) and 0 <= self.temperature <= MAX_TEMPERATURE):
            raise SettingError(
                "temperature",
                f"is a number from 0 to {MAX_TEMPERATURE:.0f}, not {self.temperature!r}.",
            )
        if not (is_integer(self.top_k) and self.top_k >= 0):
            raise SettingError(
                "top_k", f"is a whole number from 0 (keep all characters), not {self.top_k!r}."
            )
        if not (_is_number(self.top_p) and 0 < self.top_p <= 1):
            raise SettingError("top_p", f"is a number above 0 and up to 1, not {self.top_p!r}.")
        if not (_is_number(self.min_p) and 0 <= self.min_p <= 1):
            raise SettingError("min_p", f"is a number from 0 to 1, not {self.min_p!r}.")
        if self.words not in WORDS:
            raise SettingError("words", f"is one of {' and '.join(WORDS)}, not {self.words!r}.")


SETTING_NAMES = tuple(field.name for field in fields(SamplingConfig))


class SamplingChange(NamedTuple):
    """Settings for the characters that are sampled after the first ``position`` ones."""

    position: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float = 0.0
    words: str = "any"

    @classmethod
    def at(cls, position: int, config: SamplingConfig) -> Self:
        """Return the change to ``config`` at ``position``."""
        return cls(position, *astuple(config))

    @property
    def config(self) -> SamplingConfig:
        """The settings from here on; raises :class:`SettingError` if they are out of range."""
        return SamplingConfig(*self[1:])


class Choice(NamedTuple):
    """A character that the user chose, after the first ``position`` sampled ones."""

    position: int
    character: str


def validate_choices(choices: Iterable[Iterable[Any]]) -> tuple[Choice, ...]:
    """Return the choices in a text; JSON may have made them lists.

    Raises :class:`CharloomError` unless their positions ascend from 0.
    """
    try:
        result = tuple(Choice(*choice) for choice in choices)
        positions = [choice.position for choice in result]
        valid = all(is_integer(p) and p >= 0 for p in positions)
        valid = valid and positions == sorted(set(positions))
        valid = valid and all(isinstance(c, str) and len(c) == 1 for _, c in result)
    except TypeError:  # not lists of two items
        valid = False
    if not valid:
        raise CharloomError(
            "The choices in a generation are lists of a position and a character; the positions "
            "ascend from 0."
        )
    return result


def validate_changes(changes: Iterable[Iterable[Any]], length: int) -> tuple[SamplingChange, ...]:
    """Return the changes in a text of ``length`` characters; JSON may have made them lists.

    Raises :class:`CharloomError` unless their positions ascend from 0 to ``length`` and their
    settings are in range.
    """
    try:
        result = tuple(SamplingChange(*change) for change in changes)
        positions = [change.position for change in result]
        ascending = all(map(is_integer, positions)) and positions == sorted(set(positions))
        valid = ascending and all(0 <= position <= length for position in positions)
    except TypeError:  # not lists of six items
        valid = False
    if not valid:
        raise CharloomError(
            "The changes in a generation are lists of position, temperature, top-k, top-p, "
            "min-p and words; the positions ascend from 0 to its length."
        )
    for change in result:
        SamplingConfig(*change[1:])  # raises if out of range
    return result


def parse_stops(text: str) -> tuple[str, ...]:
    r"""Return the stop strings in ``text``, where ``\|`` separates them.

    ``\n``, ``\t`` and ``\\`` stand for newline, tab and backslash.
    """
    stops = [""]
    for token in re.findall(r"(?s)\\[nt\\|]|.", text):
        if token == _STOP_SEPARATOR:
            stops.append("")
        else:
            stops[-1] += _ESCAPES.get(token, token)
    return tuple(dict.fromkeys(filter(None, stops)))


def format_stops(stops: Iterable[str]) -> str:
    """Return the text from which :func:`parse_stops` reads ``stops``, on one line."""
    return _STOP_SEPARATOR.join(
        re.sub(r"[\n\t\\]", lambda match: _ESCAPED[match[0]], stop) for stop in stops
    )


def is_integer(value: object) -> bool:
    """Return whether ``value`` is an int and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return is_integer(value) or isinstance(value, float)


def fresh_seed() -> int:
    """Return a random seed below one million, short enough to note down."""
    return SystemRandom().randrange(1_000_000)
