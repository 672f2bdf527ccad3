"""Stages 3 and 4: the vocabulary of a model, and the encoding of characters as ids.

Characters are Unicode code points, sorted, so the same text always gives the same ids. A prompt
with unknown characters is adapted to known ones, and each substitution is reported.
"""

# ruff: noqa: RUF001 - this module contains a table of similar characters

import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.characters import joins, plain_form
from charloom.core.data.text_file import CharacterCounts, code_points
from charloom.core.errors import CharloomError

PLACEHOLDER = "\ufffd"
"""The vocabulary entry that all rare characters share if there is a minimum count."""

MAX_CHARACTERS = 65_536
_MAX_BYTE_IDS = 256
_MAX_CLUSTER_CODE_POINTS = 32  # of a letter with its accents; composing more takes too long

# Substitutes for each spelling that is not in the vocabulary: the first known one is used. For a
# straight quotation mark that opens a quotation, the first table comes first.
_OPENING: Mapping[str, tuple[str, ...]] = {
    '"': ("“", "«"),
    "'": ("‘", "‹"),
}
_SPELLINGS: Mapping[str, tuple[str, ...]] = {
    spelling: substitutes
    for spellings, substitutes in (
        (('"', "”", "»", "″"), ("”", "»", '"', "''", "’’", "“")),
        (("“", "„", "‟", "«"), ("“", "«", '"', "''", "‘‘", "”")),
        (("'", "’", "›", "ʼ", "´", "′"), ("’", "'", "‘")),
        (("‘", "‚", "‛", "‹", "`"), ("‘", "'", "`", "’")),
        (("—", "―", "--"), ("—", "--", "–", "-")),
        (("-", "‐", "‑", "‒", "–", "−"), ("-", "–", "‐", "—")),
        (("…", "..."), ("…", "...", ". . .")),
        ((" ", "\u00a0", "\u202f", "\t"), (" ", "\u00a0")),
        (("\n", "\r\n", "\r", "\x85", "\u2028", "\u2029"), ("\n", "\r\n", "\r", " ")),
        # letters that Unicode does not decompose
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
        (("σ", "ς"), ("σ", "ς")),
        (("\u0e33", "\u0e4d\u0e32"), ("\u0e33", "\u0e4d\u0e32")),  # Thai and Lao am
        (("\u0eb3", "\u0ecd\u0eb2"), ("\u0eb3", "\u0ecd\u0eb2")),
        (("⁄",), ("/",)),
    )
    for spelling in spellings
}
_OPENS_AFTER = " \t\n\r\u00a0([{"
_LONG_SPELLINGS = tuple(spelling for spelling in _SPELLINGS if len(spelling) > 1)


class Substitution(NamedTuple):
    """The ``replacement`` of ``character`` at ``position`` of a prompt; "" if it was dropped.

    ``character`` may be several code points: a letter with its combining accents, or a spelling
    such as ``--``.
    """

    position: int
    character: str
    replacement: str


@dataclass(frozen=True, slots=True)
class Vocab:
    """The V characters that a model knows; the id of each is its index in ``chars``.

    Raises :class:`CharloomError` unless ``chars`` are 1 to 65,536 distinct single code points.
    """

    chars: tuple[str, ...]
    c2ix: Mapping[str, int] = field(init=False, repr=False, compare=False)
    ix2c: Mapping[int, str] = field(init=False, repr=False, compare=False)
    _by_key: dict[str, str] = field(init=False, repr=False, compare=False)  # made when needed
    _points: NDArray[np.uint32] = field(init=False, repr=False, compare=False)  # [V]: id → point
    _known: NDArray[np.bool_] = field(init=False, repr=False, compare=False)  # by code point
    _ids: NDArray[np.unsignedinteger] = field(init=False, repr=False, compare=False)  # likewise

    def __post_init__(self) -> None:
        if not 1 <= len(self.chars) <= MAX_CHARACTERS:
            raise CharloomError(
                f"A vocabulary has 1 to {MAX_CHARACTERS:,} characters, not {len(self.chars):,}; "
                "use another text, or a minimum count so that rare characters share one entry."
            )
        if not all(isinstance(c, str) and len(c) == 1 for c in self.chars):
            raise CharloomError("A vocabulary consists of single characters.")
        c2ix = {c: i for i, c in enumerate(self.chars)}
        if len(c2ix) != len(self.chars):
            raise CharloomError("A vocabulary contains each character once.")
        points = code_points("".join(self.chars)).astype("<u4")
        known = np.zeros(int(points.max()) + 2, np.bool_)  # the last is for all points beyond
        known[points] = True
        ids = np.full(len(known), c2ix.get(PLACEHOLDER, 0), self.id_type)
        ids[points] = np.arange(len(points))
        object.__setattr__(self, "c2ix", MappingProxyType(c2ix))
        object.__setattr__(self, "ix2c", MappingProxyType(dict(enumerate(self.chars))))
        object.__setattr__(self, "_by_key", {})
        object.__setattr__(self, "_points", points)
        object.__setattr__(self, "_known", known)
        object.__setattr__(self, "_ids", ids)

    @classmethod
    def from_text(cls, text: str, min_count: int = 0, extra: str = "") -> Self:
        """Return the vocabulary of ``text`` and of the ``extra`` characters, sorted by code point.

        Characters that occur fewer than ``min_count`` times share one entry, the
        :data:`PLACEHOLDER`, which is then the last.
        """
        counts = np.bincount(code_points(text))
        points = np.flatnonzero(counts)
        return cls.from_counts(CharacterCounts(points, counts[points]), min_count, extra)

    @classmethod
    def from_counts(cls, counts: CharacterCounts, min_count: int = 0, extra: str = "") -> Self:
        """Return the same from the ``counts`` of a text."""
        kept = [chr(point) for point in counts.points[counts.counts >= max(1, min_count)]]
        if len(kept) < len(counts.points):
            kept = [c for c in kept if c != PLACEHOLDER] + [PLACEHOLDER]
        return cls(tuple(sorted({*kept, *extra}) if extra else kept))

    def __len__(self) -> int:
        return len(self.chars)

    def coverage(self, text: str) -> float:
        """Return the share of the characters of ``text`` that are in the vocabulary."""
        return float(self.knows(text).mean()) if text else 1.0

    def knows(self, text: str) -> NDArray[np.bool_]:
        """Return which characters of ``text`` are in the vocabulary, ``[len(text)]``."""
        return self._known.take(code_points(text), mode="clip")

    def encode(self, text: str) -> NDArray[np.int64]:
        """Return the ids of ``text``, ``[len(text)]``.

        An unknown character gets the id of the placeholder. Raises :class:`CharloomError` if there
        is none.
        """
        if PLACEHOLDER not in self.c2ix and not (known := self.knows(text)).all():
            position = int(known.argmin())
            raise CharloomError(
                f"The character {text[position]!r} at position {position:,} is not in "
                f"this model's vocabulary of {len(self):,}."
            )
        return self.encode_narrow(text).astype(np.int64)

    @property
    def id_type(self) -> np.dtype[np.unsignedinteger]:
        """The smallest type that holds every id: one or two bytes."""
        return np.dtype(np.uint8 if len(self.chars) <= _MAX_BYTE_IDS else np.uint16)

    def encode_narrow(self, text: str) -> NDArray[np.unsignedinteger]:
        """Return the ids of ``text`` ``[len(text)]`` in the type :attr:`id_type`.

        All characters must be known, or there must be a placeholder.
        """
        return self._ids.take(code_points(text), mode="clip")

    def decode(self, ids: Iterable[int] | NDArray[np.integer]) -> str:
        """Return the text with these ``ids``; raises :class:`CharloomError` for an invalid id."""
        array = ids if isinstance(ids, np.ndarray) else np.fromiter(ids, np.int64)
        if array.size and not (array.min() >= 0 and array.max() < len(self)):
            raise CharloomError(f"A character id of this model is from 0 to {len(self) - 1:,}.")
        return self._points[array].tobytes().decode("utf-32-le", "surrogatepass")

    def adapt(self, prompt: str) -> tuple[str, tuple[Substitution, ...]]:
        """Return ``prompt`` with unknown characters replaced by known ones, and the substitutions.

        An unknown character takes the first of these forms that is known: composed (NFC),
        decomposed (NFD), compatible (NFKC: ligatures, full width), without unknown accents, without
        accents. Each character of such a form may also take an equivalent one (width, digits of
        another script), another spelling (quotes, dashes, ellipsis, spaces, line ends) or case. If
        no form is known, the character is dropped.
        """
        if self._knows(prompt):
            return prompt, ()
        substitute = cache(self._substitute)
        adapted: list[str] = []
        substitutions: list[Substitution] = []
        opening = True
        for position, cluster in _clusters(prompt):
            before = prompt[position - 1 : position]
            if before and before not in _OPENING:  # after another quotation mark: like that one
                opening = before in _OPENS_AFTER
            unit = "ς" if cluster == "Σ" and _ends_word(prompt, position) else cluster
            known = cluster if self._knows(cluster) else substitute(unit, opening)
            adapted.append(known)
            if known != cluster:
                substitutions.append(Substitution(position, cluster, known))
        return "".join(adapted), tuple(substitutions)

    def _knows(self, text: str) -> bool:
        return all(c in self.c2ix for c in text)

    def _substitute(self, cluster: str, opening: bool) -> str:
        for form in self._forms(cluster):
            units = (form,) if form in _LONG_SPELLINGS else tuple(form)
            spellings = [self._respell(unit, opening) for unit in units]
            if None not in spellings:
                return "".join(filter(None, spellings))
        return ""

    def _forms(self, cluster: str) -> Iterator[str]:
        """Yield the forms of ``cluster`` that may take its place, the best first."""
        yield unicodedata.normalize("NFC", cluster)
        yield unicodedata.normalize("NFD", cluster)
        yield self._equivalent(cluster)
        yield unicodedata.normalize("NFKC", cluster)
        decomposed = unicodedata.normalize("NFKD", cluster)
        known = "".join(c for c in decomposed if not unicodedata.combining(c) or c in self.c2ix)
        yield unicodedata.normalize("NFC", known)
        yield known
        yield "".join(c for c in decomposed if not unicodedata.combining(c))

    def _respell(self, unit: str, opening: bool) -> str | None:
        spellings = list(_OPENING.get(unit, ())) if opening and unit not in self.c2ix else []
        for cased in (unit, unit.lower(), unit.upper()):
            spellings += (cased, self._equivalent(cased), *_SPELLINGS.get(cased, ()))
        return next((spelling for spelling in spellings if self._knows(spelling)), None)

    def _equivalent(self, text: str) -> str:
        """Return the known character with the key of ``text``, the lowest if several, else it."""
        if not self._by_key:
            self._by_key.update((_equivalence_key(c), c) for c in reversed(self.chars))
        return self._by_key.get(_equivalence_key(text), text)


def fitting_min_count(counts: Iterable[int]) -> tuple[int, int]:
    """Return the smallest minimum count that makes a vocabulary possible, and its size.

    ``counts`` are those of a text's distinct characters.
    """
    descending = sorted(counts, reverse=True)
    if len(descending) <= MAX_CHARACTERS:
        return 0, len(descending)
    min_count = descending[MAX_CHARACTERS - 1] + 1  # one entry is for the placeholder
    return min_count, 1 + sum(count >= min_count for count in descending)


def _equivalence_key(text: str) -> str:
    """Return a key that is the same for digits of one value, and for all widths of a character."""
    digit = unicodedata.decimal(text, None) if len(text) == 1 else None
    if digit is not None:
        return str(digit)
    return unicodedata.normalize("NFC", "".join(map(plain_form, text)))


def _ends_word(text: str, position: int) -> bool:
    """Return whether a letter or its mark is before ``position``, and none after it."""
    around = text[max(0, position - 1) : position], text[position + 1 : position + 2]
    before, after = (bool(c) and unicodedata.category(c)[0] in "LM" for c in around)
    return before and not after


def _clusters(text: str) -> Iterator[tuple[int, str]]:
    """Yield the position and text of each letter with its combining characters, or spelling."""
    start = 0
    while start < len(text):
        long = next((s for s in _LONG_SPELLINGS if text.startswith(s, start)), "")
        end = start + (len(long) or 1)
        limit = min(len(text), start + _MAX_CLUSTER_CODE_POINTS)
        while end < limit and joins(text[max(start, end - 2) : end], text[end]):
            end += 1
        yield start, text[start:end]
        start = end
