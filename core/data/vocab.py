"""The vocabulary: which characters a model knows, and the number (id) each one goes by.

Characters are Unicode code points, sorted, so the same text always gives the same ids. A prompt
with characters the model never met is adapted to those it knows, and each change is told.
"""

# ruff: noqa: RUF001 - a table of characters that look alike is what this room is for

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from charloom.core.errors import CharloomError

PLACEHOLDER = "\ufffd"
"""The entry that stands for every rare character when rare ones are folded into one."""

_MOST_CHARACTERS = 65_536
_LONGEST_PIECE = 32  # code points of one letter with its accents; composing more takes too long

# What may stand for each of these spellings where the model does not know it: the first that it
# knows. A straight quotation mark that opens looks into the first table first.
_OPENING: Mapping[str, tuple[str, ...]] = {
    '"': ("“", "«"),
    "'": ("‘", "‹"),
}
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    spelling: stand_ins
    for spellings, stand_ins in (
        (('"', "”", "»", "″"), ("”", "»", '"', "''", "’’", "“")),
        (("“", "„", "‟", "«"), ("“", "«", '"', "''", "‘‘", "”")),
        (("'", "’", "›", "ʼ", "´", "′"), ("’", "'", "‘")),
        (("‘", "‚", "‛", "‹", "`"), ("‘", "'", "`", "’")),
        (("—", "―", "--"), ("—", "--", "–", "-")),
        (("-", "‐", "‑", "‒", "–", "−"), ("-", "–", "‐", "—")),
        (("…", "..."), ("…", "...", ". . .")),
        ((" ", "\u00a0", "\u202f", "\t"), (" ", "\u00a0")),
        (("\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"), ("\n", "\r\n", "\r", " ")),
        # letters that Unicode does not take apart
        (("æ",), ("ae",)),
        (("Æ",), ("AE", "Ae")),
        (("œ",), ("oe",)),
        (("Œ",), ("OE", "Oe")),
        (("ß",), ("ss",)),
        (("þ",), ("th",)),
        (("Þ",), ("TH", "Th")),
        (("ø",), ("o",)),
        (("Ø",), ("O",)),
        (("đ", "ð"), ("d",)),
        (("Đ", "Ð"), ("D",)),
        (("ł",), ("l",)),
        (("Ł",), ("L",)),
        (("ı",), ("i",)),
        (("⁄",), ("/",)),
    )
    for spelling in spellings
}
_OPENS_AFTER = " \t\n\r\u00a0([{"
_LONG_SPELLINGS = tuple(spelling for spelling in _SPELLINGS if len(spelling) > 1)


class Substitution(NamedTuple):
    """At ``position`` of the prompt stood ``character``; it ``becomes`` this ("": dropped).

    ``character`` is what a reader takes for one: a letter and its combining accents, or a spelling
    such as ``--``, may be several code points.
    """

    position: int
    character: str
    becomes: str


@dataclass(frozen=True, slots=True)
class Vocab:
    """The V characters a model knows; the id of each is its place in ``chars``.

    Raises :class:`CharloomError` unless ``chars`` are 1 to 65,536 distinct single code points.
    """

    chars: tuple[str, ...]
    c2ix: Mapping[str, int] = field(init=False, repr=False, compare=False)
    ix2c: Mapping[int, str] = field(init=False, repr=False, compare=False)
    _points: NDArray[np.uint32] = field(init=False, repr=False, compare=False)  # [V]: id → point
    _ids: NDArray[np.int64] = field(init=False, repr=False, compare=False)  # point → id, or -1

    def __post_init__(self) -> None:
        if not 1 <= len(self.chars) <= _MOST_CHARACTERS:
            raise CharloomError(
                f"A vocabulary has 1 to {_MOST_CHARACTERS:,} characters, not {len(self.chars):,}; "
                "give a text to learn from, or fold its rare characters into one."
            )
        if not all(isinstance(c, str) and len(c) == 1 for c in self.chars):
            raise CharloomError("A vocabulary consists of single characters only.")
        c2ix = {c: i for i, c in enumerate(self.chars)}
        if len(c2ix) != len(self.chars):
            raise CharloomError("A vocabulary has each of its characters once.")
        points = _code_points("".join(self.chars))
        ids = np.full(int(points.max()) + 2, -1, np.int64)  # the last is for any point beyond
        ids[points] = np.arange(len(points))
        object.__setattr__(self, "c2ix", MappingProxyType(c2ix))
        object.__setattr__(self, "ix2c", MappingProxyType(dict(enumerate(self.chars))))
        object.__setattr__(self, "_points", points)
        object.__setattr__(self, "_ids", ids)

    @classmethod
    def from_text(cls, text: str, min_count: int = 0) -> Self:
        """Collect the characters of ``text``, in the order of their code points.

        Those that occur fewer than ``min_count`` times are folded into one entry, the
        :data:`PLACEHOLDER`, which then stands last.
        """
        counts = np.bincount(_code_points(text))
        kept = [chr(point) for point in np.flatnonzero(counts >= max(1, min_count))]
        if len(kept) < np.count_nonzero(counts):
            kept = [c for c in kept if c != PLACEHOLDER] + [PLACEHOLDER]
        return cls(tuple(kept))

    def __len__(self) -> int:
        return len(self.chars)

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the ids of ``text``, ``[len(text)]``.

        An unknown character gets the id of the placeholder; where there is none,
        :class:`CharloomError` names it.
        """
        points = _code_points(text)
        ids = self._ids[np.minimum(points, len(self._ids) - 1)]
        unknown = ids < 0
        if unknown.any():
            if PLACEHOLDER not in self.c2ix:
                position = int(unknown.argmax())
                raise CharloomError(
                    f"The character {text[position]!r} at position {position:,} is not among "
                    f"the {len(self):,} that this model knows."
                )
            ids[unknown] = self.c2ix[PLACEHOLDER]
        return ids

    def decode(self, ids: Iterable[int] | NDArray[np.integer]) -> str:
        """Return the text that ``ids`` stand for."""
        array = ids if isinstance(ids, np.ndarray) else np.fromiter(ids, np.int64)
        if array.size and not (array.min() >= 0 and array.max() < len(self)):
            raise CharloomError(f"A character id here is from 0 to {len(self) - 1:,}.")
        return self._points[array].tobytes().decode("utf-32-le", "surrogatepass")

    def adapt(self, prompt: str) -> tuple[str, tuple[Substitution, ...]]:
        """Return ``prompt`` in known characters only, and every change that this took.

        What is known stays. Anything else takes the first of its forms that is known: composed
        (NFC), decomposed (NFD), compatible (NFKC: ligatures, full width), without accents; each
        character of it as it stands, in another spelling (quotes, dashes, ellipsis, spaces, line
        ends), or in its other case. What has no such form is dropped.
        """
        if self._knows(prompt):
            return prompt, ()
        pieces: list[str] = []
        changes: list[Substitution] = []
        opening = True
        for position, piece in _pieces(prompt):
            before = prompt[position - 1 : position]
            if before and before not in _OPENING:  # after another quotation mark: as that one does
                opening = before in _OPENS_AFTER
            becomes = piece if self._knows(piece) else self._stand_in(piece, opening)
            pieces.append(becomes)
            if becomes != piece:
                changes.append(Substitution(position, piece, becomes))
        return "".join(pieces), tuple(changes)

    def _knows(self, text: str) -> bool:
        return all(c in self.c2ix for c in text)

    def _stand_in(self, piece: str, opening: bool) -> str:
        for form in _forms(piece):
            units = (form,) if form in _LONG_SPELLINGS else tuple(form)
            found = [way for unit in units if (way := self._respelled(unit, opening)) is not None]
            if len(found) == len(units):
                return "".join(found)
        return ""

    def _respelled(self, unit: str, opening: bool) -> str | None:
        ways = list(_OPENING.get(unit, ())) if opening and unit not in self.c2ix else []
        for cased in (unit, unit.lower(), unit.upper()):
            ways += (cased, *_SPELLINGS.get(cased, ()))
        return next((way for way in ways if self._knows(way)), None)


def _code_points(text: str) -> NDArray[np.uint32]:
    # surrogatepass: a lone surrogate, from a badly decoded text, is a character like any other
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")


def _forms(piece: str) -> Iterator[str]:
    """Yield ``piece`` composed and decomposed, by compatibility, and stripped of its accents."""
    yield unicodedata.normalize("NFC", piece)
    yield unicodedata.normalize("NFD", piece)
    yield unicodedata.normalize("NFKC", piece)
    yield "".join(c for c in unicodedata.normalize("NFKD", piece) if not unicodedata.combining(c))


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Split into (position, piece): letters with what combines with them, and long spellings."""
    start = 0
    while start < len(text):
        long = next((s for s in _LONG_SPELLINGS if text.startswith(s, start)), "")
        end = start + (len(long) or 1)
        most = min(len(text), start + _LONGEST_PIECE)
        while end < most and _combines(text[max(start, end - 2) : end], text[end]):
            end += 1
        yield start, text[start:end]
        start = end


def _combines(before: str, character: str) -> bool:
    """Whether ``character`` belongs to what stands before it: an accent, a Hangul vowel or final.

    The last two characters before it are enough to see that.
    """
    if character < "\u0300":
        return False
    if unicodedata.combining(character):
        return True
    joined = unicodedata.normalize("NFC", before + character)
    return joined != unicodedata.normalize("NFC", before) + unicodedata.normalize("NFC", character)
