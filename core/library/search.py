"""Search as readers of many scripts expect it: what the index holds, and what a query matches.

Texts and queries are compared in folded form, see :func:`fold`. Each word of a query matches
anywhere in a text, also inside a word: many scripts have no blanks between words. Where they have,
matches at the beginning of words come first.
"""

import re
import unicodedata
from functools import lru_cache

from charloom.core.data.characters import joins, plain_form

_BLANKS = re.compile("[\\s\\0-\\x1f\\x7f-\\x9f\ud800-\udfff]+")
_MAX_QUERY_CHARACTERS = 200  # FTS5 takes quadratic time in the number of words

# Marks that readers may leave out: of Latin, Greek and Cyrillic letters, Hebrew points, Arabic and
# Syriac vowel signs, variation selectors. Those of other scripts (kana, Indic, Thai …) tell words
# apart and stay.
_OPTIONAL_MARKS = (
    range(0x0300, 0x0750),
    range(0x08CA, 0x0900),
    range(0x1AB0, 0x1B00),
    range(0x1DC0, 0x1E00),
    range(0x20D0, 0x2100),
    range(0xA66F, 0xA680),
    range(0xFE00, 0xFE30),
    range(0xE0100, 0xE01F0),
)
_SPELLINGS = {"\u0640": "", "\u0131": "i", "\u02bc": " "}  # tatweel, dotless i, apostrophe


def fold(text: str) -> str:
    """Return ``text`` as the search compares it.

    Case, optional marks, width and invisible characters are ignored. Punctuation, line ends and
    control characters become blanks. The rest is composed (NFC): 한 stays one character, and が
    differs from か.
    """
    return unicodedata.normalize("NFC", text.translate(_FOLDED))


def searched_text(prompt: str, text: str, tags: str, note: str) -> str:
    """Return the searched text: a blank before each word, a line end between fields."""
    return "\n".join(f" {fold(field)}" for field in (prompt + text, tags, note))


@lru_cache(maxsize=8)
def search_terms(query: str) -> tuple[str, ...]:
    """Return the folded words of ``query``, without those of punctuation only."""
    words = (fold(word).strip() for word in _BLANKS.split(query[:_MAX_QUERY_CHARACTERS]))
    return tuple(dict.fromkeys(filter(None, words)))


def match_spans(text: str, query: str) -> list[tuple[int, int]]:
    """Return start and end in ``text`` of every match of a word of ``query``, in order."""
    terms = search_terms(query)
    folded = fold(text)
    if not any(term in folded for term in terms):
        return []
    pattern = "|".join(map(re.escape, sorted(terms, key=len, reverse=True)))
    starts = range(len(text)) if text.isascii() else _positions(text)
    spans: list[tuple[int, int]] = []
    for match in re.finditer(pattern, folded):
        start, end = starts[match.start()], match.end()
        while end < len(folded) and starts[end] == starts[end - 1]:
            end += 1  # the rest of what one character became, such as ß
        stop = starts[end] if end < len(folded) else len(text)
        if not spans or start >= spans[-1][1]:
            spans.append((start, stop))
    return spans


def _positions(text: str) -> list[int]:
    """Return, for each character of ``fold(text)``, where its letter begins in ``text``."""
    starts: list[int] = []
    letter, start = "", 0
    for position, character in enumerate(text):
        folded = _FOLDED[ord(character)]
        if folded and not (letter and joins(letter[-2:], folded[0])):
            starts += [start] * len(unicodedata.normalize("NFC", letter))
            letter, start = "", position
        letter += folded
    return starts + [start] * len(unicodedata.normalize("NFC", letter))


class _FoldTable(dict[int, str]):
    """The folded form of each code point, computed when first needed."""

    def __missing__(self, point: int) -> str:
        self[point] = folded = "".join(map(_fold_point, plain_form(chr(point))))
        return folded


def _fold_point(character: str) -> str:
    category = unicodedata.category(character)
    if category[0] in "PZ" or category in ("Cc", "Cs"):
        return " "
    if category == "Cf":
        return ""
    decomposed = unicodedata.normalize("NFD", _SPELLINGS.get(character, character))
    return "".join(c for c in decomposed if not _is_optional(c)).casefold()


def _is_optional(character: str) -> bool:
    is_mark = unicodedata.category(character) in ("Mn", "Me")
    return is_mark and any(ord(character) in marks for marks in _OPTIONAL_MARKS)


_FOLDED = _FoldTable()
