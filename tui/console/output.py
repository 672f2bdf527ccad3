"""Write to a terminal, with control characters made visible, or unchanged to a file or pipe."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click
from rich.cells import cell_len, set_cell_size

from charloom.core.errors import CharloomError
from charloom.core.sanitize import sanitize, single_line

_COLUMN_GAP = "  "
_MAX_CELL_WIDTH = 72


def write_stdout(text: str, *, bold: bool = False) -> None:
    """Write text to stdout and flush it; on a terminal, control characters become visible."""
    if sys.stdout.isatty():
        text = sanitize(text)
        if bold and _has_styles(sys.stdout):
            text = click.style(text, bold=True)
    sys.stdout.write(text)
    sys.stdout.flush()


def write_json(value: Any) -> None:
    """Write ``value`` to stdout on one line, in ASCII, which every locale can encode."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


def echo_err(message: str) -> None:
    """Write a message to stderr."""
    click.echo(sanitize(message), err=True)


def echo_dim(message: str) -> None:
    """Write a message of less importance to stderr: dim, if the terminal can do that."""
    message = sanitize(message)
    click.echo(click.style(message, dim=True) if _has_styles(sys.stderr) else message, err=True)


def confirm(question: str, yes: bool) -> None:
    """Ask for confirmation, unless ``yes``; raise :class:`CharloomError` if it is refused."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("Not a terminal. Pass --yes to skip the confirmation.")
    if not click.confirm(sanitize(question), err=True):
        raise CharloomError("Nothing was removed.")


@contextmanager
def download_progress() -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows bytes done and in all (0: unknown), if stderr is a terminal."""
    shown = False

    def report(done: int, total: int) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            shown = True
            share = f" of {total:,}" if total else ""
            sys.stderr.write(f"\rDownloading: {done:,}{share} bytes")
            sys.stderr.flush()

    try:
        yield report
    finally:
        if shown:
            sys.stderr.write("\n")


def write_table(alignment: str, *rows: Sequence[str]) -> None:
    """Write rows, the first of them the headings; ``alignment`` has < or > for each column.

    On a terminal, rows are cut to its width, so that each stays on one line.
    """
    cells = [[single_line(cell, _MAX_CELL_WIDTH) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        line = _COLUMN_GAP.join(map(_pad, row, widths, alignment)).rstrip()
        if sys.stdout.isatty():
            line = set_cell_size(line, min(cell_len(line), shutil.get_terminal_size().columns))
        sys.stdout.write(line + "\n")


def _pad(cell: str, width: int, side: str) -> str:
    return cell.rjust(width) if side == ">" else set_cell_size(cell, width)


def _has_styles(stream: TextIO) -> bool:
    """Return whether ``stream`` is a terminal that may be sent styles; see no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
