"""Lines and tables of text in terminal columns, whatever characters they contain.

A character on its own needs a visible form: a newline is ↵, a space ␣, and an accent is placed on
a dotted circle.
"""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise

from rich.cells import cell_len, set_cell_size

from charloom.core.sanitize import HIDDEN, sanitize
from charloom.tui.formatting.wrapping import rows

COLUMNS = 76
"""Columns of a line, so that it fits into a terminal of 80."""

_VISIBLE = {"\n": "↵", " ": "␣", "\u00a0": "⍽"}


def visible_char(character: str) -> str:
    """Return a visible form of ``character``: one column, or two for a wide one."""
    if character in _VISIBLE:
        return _VISIBLE[character]
    shown = sanitize(character)
    category = unicodedata.category(shown)
    if category[0] == "M":  # it combines with the character before it
        return "◌" + shown * (unicodedata.combining(shown) > 0)
    if category in ("Cf", "Cn", "Co", "Zs"):
        return HIDDEN
    return shown if cell_len(shown) else "◌" + shown


def visible_chars(text: str) -> str:
    """Return the visible forms of all characters of ``text``."""
    return "".join(map(visible_char, text))


def align_right(text: str, columns: int) -> str:
    """Return ``text`` with spaces before it, to fill ``columns``."""
    return " " * (columns - cell_len(text)) + text


def truncate(text: str, columns: int = COLUMNS) -> str:
    """Return the beginning of ``text`` that fits, with … if some of it is left out."""
    return text if cell_len(text) <= columns else set_cell_size(text, columns - 1) + "…"


def wrap(text: str, columns: int = COLUMNS, prefix: str = "") -> list[str]:
    """Return ``text`` as lines; ``prefix`` is before the first, and spaces before the others."""
    shown = sanitize(text).replace("\n", " ")
    indent = cell_len(prefix)
    starts = [row.start for row in rows(shown, columns - indent)]
    lines = [shown[start:end].rstrip() for start, end in pairwise([*starts, len(shown)])]
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
            ).rstrip()
        )
        for row in cells
    ]
