"""Stage 2: normalize the characters of a text, piece by piece."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache

from charloom.core.data.characters import joins
from charloom.core.data.text_file import PIECE_CHARACTERS, code_points

# Composing takes quadratic time in the number of combining marks in a row. No language has over 30
# (UAX #15, Stream-Safe Text Format).
MAX_COMBINING_MARKS = 100

_FIRST_MARK = 0x300  # what is below is composed
_ASCII = bytes(range(128))


def whole_lines(pieces: Iterable[str]) -> Iterator[str]:
    """Yield the text of ``pieces`` in long pieces, which end at line ends if there are any.

    None ends between the two characters of a CRLF, or before a character that joins the one before.
    """
    held: list[str] = []
    characters = 0
    for piece in pieces:
        held.append(piece)
        characters += len(piece)
        if characters < PIECE_CHARACTERS:
            continue
        text = "".join(held)
        end = text.rfind("\n") + 1 or _boundary(text)
        yield text[:end]
        held, characters = [text[end:]], len(text) - end
    if text := "".join(held):
        yield text


def _boundary(text: str) -> int:
    """Return the last place at which ``text`` can be cut."""
    for end in range(len(text) - 1, max(1, len(text) - 2 * MAX_COMBINING_MARKS), -1):
        if text[end - 1] != "\r" and not joins(text[max(0, end - 2) : end], text[end]):
            return end
    return len(text) - 1


@cache
def _is_mark(character: str) -> bool:
    # In decomposed form, since some characters decompose into marks only.
    return unicodedata.combining(unicodedata.normalize("NFD", character)[0]) > 0


def compose(text: str) -> str | None:
    """Return ``text`` in NFC; None if that takes too long, for many combining marks in a row."""
    if text.isascii():
        return text
    import numpy as np  # deferred: many texts are ASCII, and read where nothing is computed

    beyond_ascii = text.encode("utf-8", "surrogatepass").translate(None, _ASCII)
    points = code_points(beyond_ascii.decode("utf-8", "surrogatepass"))
    if points.max() < _FIRST_MARK:
        return text
    distinct = np.flatnonzero(np.bincount(points)).tolist()
    marks = list(filter(_is_mark, map(chr, distinct)))
    if marks and re.search(f"[{''.join(marks)}]{{{MAX_COMBINING_MARKS + 1}}}", text):
        return None
    return text if unicodedata.is_normalized("NFC", text) else unicodedata.normalize("NFC", text)
