"""Where a text ends: before a stop string, or at the end of a sentence, line or paragraph."""

# ruff: noqa: RUF001 - this module contains punctuation of many scripts

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from charloom.core.errors import SettingError

UNITS = ("sentence", "line", "paragraph")
MAX_OVERRUN = 500
"""Characters after the requested length within which a unit has to end."""

TAIL_CHARACTERS = 32
"""The characters before a place that decide whether a unit ends there."""

_CLOSING = (
    "\"'*_)\\]}”’»›“‘«‹"  # quotation marks of some languages close where those of others open
)
_FULL_WIDTH = "。！？｡"
_FULL_WIDTH_CLOSING = "\"'”’」』）】》〉〕］｝"
# Sentence_Terminal in Unicode 15.1, UAX #44, of the scripts with most readers.
_TERMINATORS = ".!?…‽⁇⁈⁉" + _FULL_WIDTH + "؟۔։।॥።፧፨။៕។"
_SENTENCE = re.compile(rf"[{_TERMINATORS}][{_TERMINATORS}{_CLOSING}]*$")
_FULL_WIDTH_SENTENCE = re.compile(rf"[{_FULL_WIDTH}][{_TERMINATORS}{_FULL_WIDTH_CLOSING}]*$")
_INITIAL = re.compile(r"(?<!\w)([^\W\d_]|Mrs?|Ms|Dr|St)\.$")  # also the g of "e.g."


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a text.

    Attributes:
        stop: the text ends before the first of these strings.
        keep_stop: the text ends after it instead.
        until: one of :data:`UNITS`: after the requested length, the text continues to the end of
            the unit, for up to :data:`MAX_OVERRUN` characters; "" ends it at the length.

    Raises :class:`SettingError` for another unit.
    """

    stop: Sequence[str] = ()
    keep_stop: bool = False
    until: str = ""

    def __post_init__(self) -> None:
        stops = (self.stop,) if isinstance(self.stop, str) else self.stop
        object.__setattr__(self, "stop", tuple(filter(None, stops)))
        if self.until not in ("", *UNITS):
            raise SettingError("until", f"is one of {', '.join(UNITS)}, not {self.until!r}.")


AT_LENGTH = Ending()


def reachable_unit(until: str, chars: Collection[str]) -> str:
    """Return the unit whose end can be written in ``chars``: ``until``, a line, or "".

    The sentences of a text without punctuation, such as a list of names, are its lines.
    """
    if until == "sentence" and any(character in chars for character in _TERMINATORS):
        return until
    return "" if "\n" not in chars else "line" if until == "sentence" else until


def unit_ends(unit: str, before: str, after: str) -> bool | None:
    """Return whether a unit ends between ``before`` and ``after``; None if more has to follow.

    A sentence ends after its punctuation with the closing quotation marks and brackets, if a blank
    follows (none does in Chinese and Japanese), and with its paragraph. Initials and a few titles
    do not end one; other abbreviations do. A line ends before a line break, a paragraph before an
    empty line. Blanks on either side belong to the end.
    """
    stem = before.rstrip()
    gap = before[len(stem) :] + after[: len(after) - len(after.lstrip())]
    newlines = gap.count("\n")
    if newlines >= (1 if unit == "line" else 2) or (
        unit == "sentence" and _sentence_ends(stem, gap or after)
    ):
        return True
    return False if after.strip() else None


def _sentence_ends(stem: str, after: str) -> bool:
    if not after:
        return False
    if _FULL_WIDTH_SENTENCE.search(stem):
        return after[0] not in _TERMINATORS + _FULL_WIDTH_CLOSING
    initial = _INITIAL.search(stem)
    if initial and initial[1].lower() != initial[1].upper():  # scripts without case have none
        return False
    return after[0].isspace() and bool(_SENTENCE.search(stem))
