"""How a text is drawn from what the network predicts, and how that changed while it was written.

Apart from the drawing itself in :mod:`core.sampling`, so that who reads a stored text need not
wait for NumPy.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from charloom.core.errors import CharloomError, SettingError

MAX_TEMPERATURE = 10.0


@dataclass(frozen=True, slots=True)
class SamplingConfig:
    """How a character is drawn, the cuts in this order: temperature, top-k, top-p.

    Attributes:
        temperature: divides the logits, 0 to 10. Below 1 bolder about what is likely; 0 always
            takes the likeliest character, of equals the one with the lowest id.
        top_k: keep the k likeliest characters, of equals those with the lowest ids; 0 keeps all.
        top_p: keep the nucleus, the fewest likeliest characters that together reach this
            probability (Holtzman et al. 2020, §3.1); above 0, and 1 keeps all.

    Raises :class:`CharloomError` outside these ranges.
    """

    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0

    def __post_init__(self) -> None:
        if not (_is_number(self.temperature) and 0 <= self.temperature <= MAX_TEMPERATURE):
            raise SettingError(
                "temperature",
                f"is a number from 0 to {MAX_TEMPERATURE:.0f}, not {self.temperature!r}.",
            )
        if not (is_whole(self.top_k) and self.top_k >= 0):
            raise SettingError(
                "top_k", f"is a whole number from 0 (keep all characters), not {self.top_k!r}."
            )
        if not (_is_number(self.top_p) and 0 < self.top_p <= 1):
            raise SettingError("top_p", f"is a number above 0 and up to 1, not {self.top_p!r}.")


class SamplingChange(NamedTuple):
    """A change of the settings: what is drawn after ``position`` characters is drawn with these."""

    position: int
    temperature: float
    top_k: int
    top_p: float

    @classmethod
    def at(cls, position: int, settings: SamplingConfig) -> Self:
        """Return the change to ``settings`` at ``position``."""
        return cls(position, settings.temperature, settings.top_k, settings.top_p)

    @property
    def settings(self) -> SamplingConfig:
        """What holds from here on; :class:`CharloomError` when that is out of range."""
        return SamplingConfig(self.temperature, self.top_k, self.top_p)


def validated(changes: Iterable[Iterable[Any]], length: int) -> tuple[SamplingChange, ...]:
    """Return the changes in a text of ``length`` characters, which JSON may have made lists.

    Raises :class:`CharloomError` unless their positions ascend from 0 to ``length`` and their
    settings are in range.
    """
    try:
        found = tuple(SamplingChange(*each) for each in changes)
        places = [each.position for each in found]
        ascending = all(map(is_whole, places)) and places == sorted(set(places))
        sound = ascending and all(0 <= place <= length for place in places)
    except TypeError:  # whatever stands there instead of a list of four numbers
        sound = False
    if not sound:
        raise CharloomError(
            "The changes in a generation are lists of position, temperature, top-k and top-p; "
            "the positions ascend from 0 to its length."
        )
    for each in found:
        SamplingConfig(*each[1:])  # refuses what is out of range
    return found


def is_whole(value: object) -> bool:
    """Whether ``value`` is an integer, which True and False are not."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object) -> bool:
    return is_whole(value) or isinstance(value, float)


_FRESH = 1_000_000  # seeds: few enough to be remembered and told


def fresh_seed() -> int:
    """Return a seed that nobody chose."""
    return secrets.randbelow(_FRESH)
