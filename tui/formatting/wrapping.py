"""Where a text breaks into rows, so that a text that grows is only broken anew at its end."""

from array import array
from bisect import bisect_right
from collections.abc import Iterator
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size


class Row(NamedTuple):
    """A row begins at ``start`` of the text, which is ``column`` of ``paragraph``; all from 0."""

    start: int
    paragraph: int
    column: int


FIRST = Row(0, 0, 0)


def rows(text: str, width: int, first: Row = FIRST) -> Iterator[Row]:
    """Yield the rows of ``text`` from the row ``first`` on, each up to ``width`` (≥ 1) cells wide.

    They break at newlines and after spaces; a word that is wider than a row, wherever it must.
    Spaces that a row has no room for hang over its end. Whatever is appended to a text, its rows
    but the last stay as they are.
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


class WrappedRows:
    """The rows of a text that grows, a few bytes for each: there may be a million."""

    def __init__(self, text: str, width: int) -> None:
        self._width = width
        self._figures = array("I", FIRST)  # three for each row
        self.grow(text)

    def __len__(self) -> int:
        return len(self._figures) // 3

    def __getitem__(self, number: int) -> Row:
        place = 3 * number
        return Row(self._figures[place], self._figures[place + 1], self._figures[place + 2])

    def at(self, position: int) -> int:
        """Return the number of the row in which the character at ``position`` stands."""
        return bisect_right(range(len(self)), position, key=lambda row: self[row].start) - 1

    def grow(self, text: str) -> None:
        """Break the end of ``text``, of which there was only the beginning before."""
        last = self[len(self) - 1]
        del self._figures[-3:]
        for row in rows(text, self._width, last):
            self._figures.extend(row)


def _cuts(line: str, width: int) -> Iterator[int]:
    """Yield where the rows of one line begin."""
    narrow = cell_len(line) == len(line)  # every character takes one cell
    start = 0
    while True:
        yield start
        end = start + width if narrow else _fitting(line, start, width)
        if end >= len(line):
            return
        space = line.rfind(" ", start, end + 1)
        start = space + 1 if space >= start else end
        while start < len(line) and line[start] == " ":
            start += 1
        if start == len(line):
            return


def _fitting(line: str, start: int, width: int) -> int:
    """Return the end of what fits into ``width`` cells from ``start`` on: a character at least."""
    for place in range(start, len(line)):
        width -= get_character_cell_size(line[place])
        if width < 0:
            return max(place, start + 1)
    return len(line)
