"""Wrap a text into rows; when the text grows, only its last row is wrapped again."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size


class Row(NamedTuple):
    """The start of a row: an offset in the text, at ``column`` of ``paragraph``; all from 0."""

    start: int
    paragraph: int
    column: int


FIRST = Row(0, 0, 0)


def rows(text: str, width: int, first: Row = FIRST) -> Iterator[Row]:
    """Yield the rows of ``text`` from the row ``first`` on, each up to ``width`` (≥ 1) cells wide.

    Rows break at newlines and after spaces; words wider than a row break anywhere. Spaces may
    hang over the end of a row. Appending to ``text`` changes only its last row.
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

    def grow(self, text: str) -> None:
        """Wrap the end of ``text``, whose start was wrapped before."""
        last = self[len(self) - 1]
        del self._starts[-3:]
        for row in rows(text, self._width, last):
            self._starts.extend(row)


def _cuts(line: str, width: int) -> Iterator[int]:
    """Yield the start of each row of one line."""
    narrow = cell_len(line) == len(line)  # every character takes one cell
    start = 0
    while True:
        yield start
        end = start + width if narrow else _fitting_end(line, start, width)
        if end >= len(line):
            return
        space = line.rfind(" ", start, end + 1)
        start = space + 1 if space >= start else end
        while start < len(line) and line[start] == " ":
            start += 1
        if start == len(line):
            return


def _fitting_end(line: str, start: int, width: int) -> int:
    """Return the end of the characters that fit into ``width`` cells, at least one of them."""
    for index in range(start, len(line)):
        width -= get_character_cell_size(line[index])
        if width < 0:
            return max(index, start + 1)
    return len(line)
