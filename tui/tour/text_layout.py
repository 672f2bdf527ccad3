"""How many columns of a terminal a text takes, and tables that line up whatever is in them.

Each character of a table stands for itself, so all of them need a sign that can be seen: a newline
is ↵, a space ␣, and an accent sits on a dotted circle.
"""

import unicodedata
from collections.abc import Iterable, Sequence

from charloom.core.sanitize import HIDDEN, sanitize

COLUMNS = 76
"""What a line may take, so that it is whole on a terminal of 80 columns."""

_SIGNS = {"\n": "↵", " ": "␣", "\u00a0": "⍽"}
# Hexagrams and trigrams are wide since Unicode 16, which this Python may not know.
_WIDE = ((0x2630, 0x2637), (0x268A, 0x268F), (0x4DC0, 0x4DFF), (0x1D300, 0x1D376))


def width(text: str) -> int:
    """Return how many columns ``text`` takes; where characters join, it may be fewer."""
    return len(text) if text.isascii() else sum(map(_width, text))


def visible_char(character: str) -> str:
    """Return what shows that ``character`` is there, alone: one column, or two for a wide one."""
    if character in _SIGNS:
        return _SIGNS[character]
    shown = sanitize(character)
    category = unicodedata.category(shown)
    if category[0] == "M":  # drawn upon what stands before it, if it can be drawn at all
        return "◌" + shown * (unicodedata.combining(shown) > 0)
    return HIDDEN if category in ("Cf", "Cn", "Co", "Zs") else shown


def visible_chars(text: str) -> str:
    """Return the signs of all characters of ``text``, one after the other."""
    return "".join(map(visible_char, text))


def pad(text: str, columns: int, right: bool = False) -> str:
    """Return ``text`` with spaces after it, or ``right``: before it, to fill so many columns."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def truncate(text: str, columns: int = COLUMNS) -> str:
    """Return the beginning of a line that fits, with … where some of it is left out."""
    if width(text) <= columns:
        return text
    return text[: _fitting(text, columns - 1)] + "…"


def wrap(text: str, columns: int = COLUMNS, indent: str = "") -> list[str]:
    """Break a text into lines between its words, or within one that is longer than a line.

    Blanks that it begins with stay; ``indent`` is before all lines but the first.
    """
    shown = sanitize(text).strip("\n")
    blanks = len(shown) - len(shown.lstrip(" "))
    lines, line, begun = [], " " * min(blanks, columns // 2), False
    for word in shown.split():
        joined = line + " " * begun + word
        while width(joined) > columns:
            if begun:
                lines.append(line)
                joined = indent + word
            else:
                end = max(_fitting(joined, columns), len(line) + 1)
                lines.append(joined[:end])
                joined = indent + joined[end:]
            line, begun = indent, False
        line, begun = joined, True
    return [*lines, line]


def table(alignment: str, rows: Iterable[Sequence[str]], gap: str = "  ") -> list[str]:
    """Return rows as lines; ``alignment`` has < or > for each column."""
    rows = list(rows)
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    return [
        truncate(
            gap.join(
                pad(cell, columns, right=side == ">")
                for cell, columns, side in zip(row, widths, alignment, strict=True)
            ).rstrip()
        )
        for row in rows
    ]


def _fitting(text: str, columns: int) -> int:
    """Return how many characters of ``text`` fit."""
    taken = 0
    for place, character in enumerate(text):
        taken += _width(character)
        if taken > columns:
            return place
    return len(text)


def _width(character: str) -> int:
    if unicodedata.category(character)[0] == "M":
        return 0
    code = ord(character)
    if unicodedata.east_asian_width(character) in "WF" or any(a <= code <= b for a, b in _WIDE):
        return 2
    return 1
