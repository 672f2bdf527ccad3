"""Plain tables on stdout: columns that line up, whatever the width of their characters."""

import shutil
import sys
from collections.abc import Sequence

from rich.cells import cell_len, set_cell_size

from charloom.core.sanitize import single_line

_GAP = "  "
_WIDEST = 72  # characters of any one cell


def write_table(alignment: str, *rows: Sequence[str]) -> None:
    """Write rows, the first of them the headings; ``alignment`` has < or > for each column.

    Where a person looks, a row ends at the edge of the terminal, so that it stays one row.
    """
    shown = [[single_line(cell, _WIDEST) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        line = _GAP.join(map(_padded, row, widths, alignment)).rstrip()
        if sys.stdout.isatty():
            line = set_cell_size(line, min(cell_len(line), shutil.get_terminal_size().columns))
        sys.stdout.write(line + "\n")


def _padded(cell: str, width: int, side: str) -> str:
    return cell.rjust(width) if side == ">" else set_cell_size(cell, width)
