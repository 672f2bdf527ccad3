"""Where the words of a search stand in a text, so that they can be marked."""

import re
import unicodedata
from functools import lru_cache

_LETTERS = r"[^\W_]"  # what the library's index makes words of
_LONGEST_QUERY = 200  # characters: as much as the library looks at


def match_spans(text: str, query: str) -> list[tuple[int, int]]:
    """Return where in ``text`` the words of ``query`` begin and end, whatever the case and accents.

    As in the library, the last word may be the beginning of one.
    """
    pattern = _pattern(query[:_LONGEST_QUERY])
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
    """Return ``text`` in lower case without accents, each character where it was."""
    if text.isascii():
        return text.lower()
    return "".join(unicodedata.normalize("NFD", each)[0].lower()[0] for each in text)
