"""Locate the words of a search in a text."""

import re
import unicodedata
from functools import lru_cache

_LETTERS = r"[^\W_]"  # the characters that the library's index accepts in words
_MAX_QUERY_CHARACTERS = 200  # as in the library's search


def match_spans(text: str, query: str) -> list[tuple[int, int]]:
    """Return start and end of every match of a word of ``query``; case and accents are ignored.

    As in the library's search, the last word may be the beginning of a longer one.
    """
    pattern = _pattern(query[:_MAX_QUERY_CHARACTERS])
    return [match.span() for match in pattern.finditer(_folded(text))] if pattern else []


@lru_cache(maxsize=8)
def _pattern(query: str) -> re.Pattern[str] | None:
    words = re.findall(f"{_LETTERS}+", _folded(query))
    if not words:
        return None
    *whole, last = map(re.escape, words)
    choices = [f"{word}(?!{_LETTERS})" for word in whole] + [last]
    return re.compile(f"(?<!{_LETTERS})(?:{'|'.join(choices)})")


def _folded(text: str) -> str:
    """Return ``text`` in lower case without accents, of the same length."""
    if text.isascii():
        return text.lower()
    return "".join(unicodedata.normalize("NFD", char)[0].lower()[0] for char in text)
