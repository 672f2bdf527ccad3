"""Wrap a text into rows; when the text grows, only its last row is wrapped again."""

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from charloom.tui.formatting.graphemes import graphemes, is_simple

_IDEOGRAPH = re.compile(
    "[\u2e80-\u312f\u31a0-\u31bf\u31f0-\u9fff\ua000-\ua4cf\uf900-\ufaff\ufe30-\ufe4f"
    "\uff01-\uff9f\uffe0-\uffe6\U00016fe0-\U00018dff\U0001aff0-\U0001b2ff\U0001f200-\U0001f2ff"
    "\U00020000-\U0003ffff]"
)
_NOT_FIRST = frozenset(  # in a row, next to ideographs
    "、。，．・：；？！゛゜ヽヾゝゞ々〻ー’”）〕］｝〉》」』】〙〗〟｠»｡｣､･ｰﾞﾟ…‥—–〜～゠"  # noqa: RUF001
    "ぁぃぅぇぉっゃゅょゎゕゖァィゥェォッャュョヮヵヶㇰㇱㇲㇳㇴㇵㇶㇷㇸㇹㇺㇻㇼㇽㇾㇿｧｨｩｪｫｬｭｮｯ"
    "!%),.:;?]}%％‰℃°′″¢￠"  # noqa: RUF001
)
_NOT_LAST = frozenset("‘“（〔［｛〈《「『【〘〖〝｟«｢([{$¥￥£￡＄#№")  # noqa: RUF001


class Row(NamedTuple):
    """The start of a row: an offset in the text, at ``column`` of ``paragraph``; all from 0."""

    start: int
    paragraph: int
    column: int


FIRST = Row(0, 0, 0)


def rows(text: str, width: int, first: Row = FIRST) -> Iterator[Row]:
    """Yield the rows of ``text`` from the row ``first`` on, each up to ``width`` (≥ 1) cells wide.

    Rows break at newlines, after spaces and between ideographs, with the usual exceptions for
    punctuation; wider words break between any graphemes. Spaces may hang over the end of a row,
    and a grapheme wider than a row has one of its own. Appending to ``text`` changes only its
    last row.
    """
    start, paragraph, column = first
    while True:
        newline = text.find("\n", start)
        end = len(text) if newline < 0 else newline
        for cut in _cuts(text[start:end], width):
            yield Row(start + cut, paragraph, column + cut)
        if newline < 0:
            return
        start, paragraph, column = newline + 1, paragraph + 1, 0


def wrapped_lines(text: str, width: int) -> list[str]:
    """Return the rows of ``text`` without newlines and spaces at their ends."""
    starts = [row.start for row in rows(text, width)]
    return [text[start:end].rstrip("\n ") for start, end in pairwise([*starts, len(text)])]


def prompted_rows(prompt: str, text: str, width: int) -> list[tuple[str, str]]:
    """Return the rows of ``prompt`` + ``text``: of each, its parts of the one and of the other."""
    whole, cut = prompt + text, len(prompt)
    starts = [row.start for row in rows(whole, width)]
    return [
        (whole[start : min(cut, end)].rstrip("\n"), whole[max(cut, start) : end].rstrip("\n"))
        for start, end in pairwise([*starts, len(whole)])
    ]


class WrappedRows:
    """The rows of a growing text, in 12 bytes each: there may be a million."""

    def __init__(self, text: str, width: int) -> None:
        self._width = width
        self._starts = array("I", FIRST)  # three numbers a row
        self.grow(text)

    def __len__(self) -> int:
        return len(self._starts) // 3

    def __getitem__(self, number: int) -> Row:
        index = 3 * number
        return Row(*self._starts[index : index + 3])

    def at(self, position: int) -> int:
        """Return the number of the row that contains the character at ``position``."""
        return bisect_right(range(len(self)), position, key=lambda row: self[row].start) - 1

    def grow(self, text: str, start: int | None = None) -> None:
        """Wrap the end of ``text``, whose start was wrapped before, up to ``start`` at least."""
        if start is not None:
            del self._starts[3 * (self.at(start) + 1) :]
        last = self[len(self) - 1]
        del self._starts[-3:]
        for row in rows(text, self._width, last):
            self._starts.extend(row)


def _cuts(line: str, width: int) -> Iterator[int]:
    """Yield the start of each row of one line."""
    return _cuts_at_blanks(line, width) if is_simple(line) else _cuts_of_graphemes(line, width)


def _cuts_at_blanks(line: str, width: int) -> Iterator[int]:
    """Yield the rows of a line whose characters take one cell each, as the other function does."""
    start = 0
    while True:
        yield start
        end = start + width
        if end >= len(line):
            return
        space = line.rfind(" ", start, end + 1)
        start = space + 1 if space >= start else end
        while start < len(line) and line[start] == " ":
            start += 1
        if start == len(line):
            return


def _cuts_of_graphemes(line: str, width: int) -> Iterator[int]:
    yield 0
    row = chance = 0  # the starts of this row and, if it is greater, of the next one
    used = since = 0  # cells from row and from chance on
    before = " "
    for start, end, size in graphemes(line):
        character = line[start]
        if character == " " and end == start + 1:  # it may hang over
            chance, used, since, before = end, used + 1, 0, " "
            continue
        if before != " " and _may_break(before, character):
            chance, since = start, 0
        while used + size > width and start > row:
            row, used = (chance, since) if chance > row else (start, 0)
            yield row
        used, since, before = used + size, since + size, character


@lru_cache(10_000)
def _may_break(before: str, after: str) -> bool:
    """Return whether a row may end between two characters with no space between them.

    It may next to an ideograph or a kana, except before what closes and after what opens.
    """
    return (
        after not in _NOT_FIRST
        and before not in _NOT_LAST
        and bool(_IDEOGRAPH.match(before) or _IDEOGRAPH.match(after))
    )
