"""Write to a terminal, with control characters made visible, or unchanged to a file or pipe."""

import json
import os
import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TextIO

import click
from rich.cells import cell_len, set_cell_size

from charloom.core.errors import (
    BeingTrainedError,
    CharloomError,
    MissingTextError,
    SettingError,
    UnknownModelError,
    UnknownTextError,
)
from charloom.core.sanitize import sanitize, single_line
from charloom.tui.formatting.columns import fit_columns
from charloom.tui.formatting.wrapping import wrapped_lines

_COLUMN_GAP = "  "
_SHARE_COLUMNS = 12  # of 1,234.5 MB
_PATIENCE_SECONDS, _PROGRESS_SECONDS = 0.5, 0.1  # before a text counts as long; between updates
_MAX_CELL_WIDTH = 72  # elsewhere than on a wider terminal
_MIN_TEXT_WIDTH = 12  # of a column, in a terminal that is too narrow for the whole of it


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


def error_message(error: CharloomError) -> str:
    """Return the message of an error, with the option it is about or the command to run next."""
    match error:
        case SettingError():
            return f"--{error.option} {error.problem}"
        case BeingTrainedError():
            name = shlex.quote(error.name)
            advice = f"`charloom attach {name}` shows it, `charloom stop {name}` stops it."
        case UnknownModelError():
            advice = "`charloom models` lists them all."
        case UnknownTextError():
            advice = "`charloom corpus` lists the catalog."
        case MissingTextError():
            advice = "Fetch it with `charloom corpus get`, or name another text."
        case _:
            return str(error)
    return f"{error} {advice}"


def confirm(question: str, yes: bool) -> None:
    """Ask for confirmation, unless ``yes``; raise :class:`CharloomError` if it is refused."""
    if yes:
        return
    if sys.stdin is None or not sys.stdin.isatty():
        raise click.UsageError("Not a terminal. Pass --yes to skip the confirmation.")
    if not click.confirm(sanitize(question), err=True):
        raise CharloomError("Nothing was removed.")


@contextmanager
def count_progress(action: str, unit: str) -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows units done and in all (0: unknown), if stderr is a terminal."""
    shown = False

    def report(done: int, total: int) -> None:
        nonlocal shown
        if sys.stderr.isatty():
            shown = True
            share = f" of {total:,}" if total else ""
            sys.stderr.write(f"\r{action}: {done:,}{share} {unit}")
            sys.stderr.flush()

    try:
        yield report
    finally:
        if shown:
            sys.stderr.write("\n")


@contextmanager
def reading_progress() -> Iterator[Callable[[int, int], None]]:
    """Yield a function that shows how much of a long text was read, if stderr is a terminal."""
    start = shown = time.monotonic()

    def report(done: int, total: int) -> None:
        nonlocal shown
        now = time.monotonic()
        if now - start > _PATIENCE_SECONDS and now - shown > _PROGRESS_SECONDS:
            shown = now
            if sys.stderr.isatty():
                share = f"{done / total:4.0%}" if total else f"{done / 1e6:,.1f} MB"
                sys.stderr.write(f"\rReading: {share:<{_SHARE_COLUMNS}}")
                sys.stderr.flush()

    try:
        yield report
    finally:
        if shown > start and sys.stderr.isatty():
            sys.stderr.write(f"\r{' ' * (9 + _SHARE_COLUMNS)}\r")


def write_table(alignment: str, *rows: Sequence[str]) -> None:
    """Write rows, the first of them the headings; ``alignment`` has < or > for each column.

    On a terminal that is too narrow, the widest texts are cut; if that is not enough, each row
    becomes a paragraph.
    """
    columns = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    limit = max(columns, _MAX_CELL_WIDTH)
    cells = [[single_line(cell, limit) for cell in row] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(*cells, strict=True)]
    if columns:
        available = columns - len(_COLUMN_GAP) * (len(widths) - 1)
        texts = [column for column, side in enumerate(alignment) if side == "<"]
        room = available - sum(widths) + sum(widths[column] for column in texts)
        fitted = fit_columns([widths[column] for column in texts], room, _MIN_TEXT_WIDTH)
        if sum(fitted) > room:
            _write_paragraphs(cells, columns)
            return
        for column, width in zip(texts, fitted, strict=True):
            widths[column] = width
    for row in cells:
        sys.stdout.write(_COLUMN_GAP.join(map(_pad, row, widths, alignment)).rstrip() + "\n")


def _write_paragraphs(rows: Sequence[Sequence[str]], columns: int) -> None:
    """Write the first cell of each row, and below it the others after their headings."""
    headings, *rest = rows
    for first, *others in rest:
        sys.stdout.write(set_cell_size(first, min(cell_len(first), columns)) + "\n")
        named = zip(headings[1:], others, strict=True)
        items = " · ".join(f"{name} {cell}".strip() for name, cell in named if cell)
        for line in wrapped_lines(items, columns - len(_COLUMN_GAP)):
            sys.stdout.write(f"{_COLUMN_GAP}{line}\n")


def _pad(cell: str, width: int, side: str) -> str:
    if cell_len(cell) > width:
        cell = set_cell_size(cell, width - 1).rstrip() + "…"
    return cell.rjust(width) if side == ">" else set_cell_size(cell, width)


def _has_styles(stream: TextIO) -> bool:
    """Return whether ``stream`` is a terminal that may be sent styles; see no-color.org."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
