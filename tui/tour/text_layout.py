"""Lines and tables of text in terminal columns, for any characters.

A character on its own needs a visible form: a newline is ↵, a space ␣, and a mark, such as an
accent or a vowel sign, is placed on a dotted circle. In running text, a mark stays on its base.
"""

import unicodedata
from collections.abc import Iterable, Sequence

from rich.cells import set_cell_size

from charloom.core.sanitize import HIDDEN, sanitize
from charloom.tui.formatting.graphemes import cell_len, extends, graphemes, truncate
from charloom.tui.formatting.wrapping import wrapped_lines

COLUMNS = 76
"""Columns of a line, so that it fits into a terminal of 80."""

_VISIBLE = {"\n": "↵", " ": "␣", "\u00a0": "⍽"}


def visible_char(character: str) -> str:
    """Return a visible form of ``character``, of one column or two."""
    if character in _VISIBLE:
        return _VISIBLE[character]
    safe = sanitize(character)
    if unicodedata.category(safe) in ("Cf", "Cn", "Co", "Zs"):
        return HIDDEN
    return "◌" + safe if extends(safe) else safe


def visible_chars(text: str) -> str:
    """Return the visible forms of all characters of ``text``."""
    pieces = []
    for start, end, _ in graphemes(text):
        base = visible_char(text[start])
        pieces.append(base)
        for mark in text[start + 1 : end]:
            is_on_base = base == text[start] and unicodedata.category(mark) != "Cf"
            pieces.append(mark if is_on_base else visible_char(mark))
    return "".join(pieces)


def align_right(text: str, columns: int) -> str:
    """Return ``text`` with spaces before it, to fill ``columns``."""
    return " " * (columns - cell_len(text)) + text


def wrap(text: str, columns: int = COLUMNS, prefix: str = "") -> list[str]:
    """Return ``text`` as lines; ``prefix`` is before the first, and spaces before the others."""
    indent = cell_len(prefix)
    lines = wrapped_lines(sanitize(text).replace("\n", " "), columns - indent)
    return [(" " * indent if number else prefix) + line for number, line in enumerate(lines)]


def table(alignment: str, cells: Iterable[Sequence[str]], gap: str = "  ") -> list[str]:
    """Return rows of cells as lines; ``alignment`` has < or > for each column."""
    cells = list(cells)
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    return [
        truncate(
            gap.join(
                align_right(cell, columns) if side == ">" else set_cell_size(cell, columns)
                for cell, columns, side in zip(row, widths, alignment, strict=True)
            ).rstrip(),
            COLUMNS,
        )
        for row in cells
    ]
