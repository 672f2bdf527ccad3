"""The order of lines: recognize lists such as names, and shuffle them.

The end of a text is held out. That of a sorted list is unlike the rest of it.
"""

# ruff: noqa: RUF001 - this module contains punctuation of several scripts

import random
from itertools import pairwise

from charloom.core.data.text_file import Characters

MIN_LINES = 50  # a shorter text is not judged
_MAX_LINE, _MAX_WORDS = 60, 3
_GLANCE = 2**16  # characters
MAX_JUDGED = 2**23  # characters of a longer text that tell what it is like
_MOST, _HALF = 0.95, 0.5
_SORTED_SHARE = 0.9  # of neighbours; half of them are in order by chance
_SENTENCE_MARKS = tuple(".,;:!?…—»”\"'。，、；：！？")


def is_sorted(text: Characters) -> bool:
    """Return whether the lines of ``text`` are in alphabetical order, up or down, or nearly so.

    A long text is judged by its beginning.
    """
    # Most texts are unsorted from their start.
    return all(_are_sorted(_lines(text[:size])) for size in (_GLANCE, MAX_JUDGED))


def is_list(text: Characters) -> bool:
    """Return whether each line of ``text`` is an entry of its own, such as a name.

    Entries are short and begin with a letter, none is blank, few are repeated. They are sorted or
    have at most three words that do not end like a sentence or a verse. A long text is judged by
    its beginning.
    """
    lines = _lines(text[:_GLANCE])
    if len(lines) < MIN_LINES or not _are_short(lines):
        return False
    lines = _lines(text[:MAX_JUDGED])
    if not _are_short(lines) or len(set(lines)) < _HALF * len(lines):
        return False
    return sum(map(_is_name, lines)) >= _MOST * len(lines) or is_sorted(text)


def shuffled_lines(text: str) -> str:
    """Return ``text`` with its lines in a random order, which is always the same."""
    end = "\n" * text.endswith("\n")
    lines = _lines(text)
    random.Random(0).shuffle(lines)
    return "\n".join(lines) + end


def _lines(text: str) -> list[str]:
    return text.removesuffix("\n").split("\n")


def _are_sorted(lines: list[str]) -> bool:
    keys = [line.casefold() for line in lines if line.strip()]
    pairs = [(left, right) for left, right in pairwise(keys) if left != right]
    ascending = sum(left < right for left, right in pairs)
    share = max(ascending, len(pairs) - ascending)
    return len(pairs) >= MIN_LINES and share >= _SORTED_SHARE * len(pairs)


def _are_short(lines: list[str]) -> bool:
    short = sum(line[:1].isalpha() and len(line) <= _MAX_LINE for line in lines)
    return short >= _MOST * len(lines) and all(map(str.strip, lines))


def _is_name(line: str) -> bool:
    # Scripts without capitals may have no blanks; two of their characters count as a word.
    words = len(line.split()) if line.lower() != line.upper() else len(line) / 2
    return words <= _MAX_WORDS and not line.endswith(_SENTENCE_MARKS)
