"""Writing to the terminal: model text made safe where a person looks, untouched where a file is."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click

from core.display import visible


def write(text: str) -> None:
    """Write text of a person or a model to stdout, at once."""
    sys.stdout.write(visible(text) if sys.stdout.isatty() else text)
    sys.stdout.flush()


def note(sentence: str) -> None:
    """Tell the person something on stderr."""
    click.echo(visible(sentence), err=True)


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

    yield report
    if shown:
        sys.stderr.write("\n")
