"""Writing to the terminal: model text made safe where a person looks, untouched where a file is."""

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


def write_stdout(text: str, *, bold: bool = False) -> None:
    """Write text of a person or a model to stdout, at once."""
    if sys.stdout.isatty():
        text = sanitize(text)
        if bold and _styled(sys.stdout):
            text = click.style(text, bold=True)
    sys.stdout.write(text)
    sys.stdout.flush()


def write_json(value: Any) -> None:
    """Write ``value`` to stdout on one line, in ASCII, which every locale can carry."""
    sys.stdout.write(json.dumps(value, allow_nan=False) + "\n")
    sys.stdout.flush()


def echo_err(sentence: str) -> None:
    """Tell the person something on stderr."""
    click.echo(sanitize(sentence), err=True)


def echo_dim(line: str) -> None:
    """Tell something on stderr that may be overlooked: dim, where the terminal can do that."""
    line = sanitize(line)
    click.echo(click.style(line, dim=True) if _styled(sys.stderr) else line, err=True)


def confirm(question: str, yes: bool) -> None:
    """Go on only if the person says so now, or has said ``--yes``."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("There is nobody to ask; say --yes to do it without a question.")
    if not click.confirm(sanitize(question), err=True):
        raise CharloomError("Nothing was removed.")


@contextmanager
def download_progress() -> Iterator[Callable[[int, int], None]]:
    """Show a download on stderr, if one happens and somebody is there to see it."""
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


def _styled(stream: TextIO) -> bool:
    """Whether ``stream`` is a terminal that may be sent styles; see no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


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
