"""Where a text breaks into rows, so that a text that grows is only broken anew at its end."""

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
