"""Prompts and texts given on the command line; changes made to them are reported on stderr."""

import sys
from collections.abc import Mapping
from io import BufferedReader
from threading import Timer
from typing import Any

from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.tui.console.options import read_options
from charloom.tui.console.output import count_progress, echo_dim, echo_err, reading_progress
from charloom.tui.formatting.prompt_changes import (
    MAX_PROMPT_CHARACTERS,
    adapt_prompt,
    describe_changes,
)

_MAX_PROMPT_BYTES = 4 * (MAX_PROMPT_CHARACTERS + 1)  # UTF-8 takes four bytes at most
_FILE_OPTIONS = (
    *("start", "end", "encoding"),
    *("column", "separator", "shuffle_files", "shuffle_lines", "strip_timestamps"),
)
_PATIENCE_SECONDS = 1.0


def has_piped_input(argument: str) -> bool:
    """Return whether standard input is a pipe or a file that is not empty.

    Waits for the first byte of a pipe, as over ssh; if that takes a while, a message tells to give
    ``argument`` instead.
    """
    if sys.stdin is None or sys.stdin.closed or sys.stdin.isatty():
        return False
    buffer = sys.stdin.buffer
    if not isinstance(buffer, BufferedReader):
        return False
    message = f"Waiting for standard input. Give {argument} to not read it; Ctrl-D ends it."
    notice = Timer(_PATIENCE_SECONDS, echo_dim, [message])
    notice.daemon = True
    notice.start()
    try:
        return bool(buffer.peek(1))
    except OSError:  # it cannot be read, as under nohup
        return False
    finally:
        notice.cancel()


def read_prompt(prompt: str | None, default: str = "") -> str:
    """Return the end of ``prompt``, as much of it as models are given.

    "-" reads standard input. None does so if something is piped into it, and else means
    ``default``.
    """
    if prompt is None:
        prompt = "-" if has_piped_input("a prompt") else default
    if prompt == "-":
        if sys.stdin is None:
            raise CharloomError("Standard input is closed; pass the prompt as an argument.")
        data = b""
        while chunk := sys.stdin.buffer.read(2**16):
            data = (data + chunk)[-_MAX_PROMPT_BYTES:]
        prompt = data.decode("utf-8", "replace").replace("\r\n", "\n").removesuffix("\n")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        echo_err(f"Only the last {MAX_PROMPT_CHARACTERS:,} characters of the prompt are read.")
    return prompt[-MAX_PROMPT_CHARACTERS:]


def encode_prompt(prompt: str, vocab: Vocab) -> str:
    """Return ``prompt`` in characters of ``vocab``, and report what was substituted."""
    adapted, changes = adapt_prompt(prompt, vocab)
    start = "the model begins as at the start of a line."
    if not prompt:
        echo_err(f"The prompt is empty; {start}")
    elif not adapted:
        echo_err(f"The model knows none of the prompt's characters; {start}")
    elif changes:
        echo_err(f"Not known to the model: {describe_changes(prompt, changes)}.")
    return adapted


def open_texts(
    *texts: str,
    mirror: str | None = None,
    values: Mapping[str, Any] | None = None,
    short: bool = True,
) -> Corpus:
    """Open files, folders, standard input ("-") or catalog texts, and report what was adjusted.

    ``values`` are command-line options, among them :class:`~charloom.core.data.corpus.ReadOptions`.
    """
    options = read_options(dict(values or {}))
    with count_progress("Downloading", "bytes") as report, reading_progress() as on_read:
        corpus = catalog.load_text(
            *texts, mirror=mirror, on_progress=report, on_read=on_read, short=short, **options
        )
    for note in corpus.notes:
        echo_err(note)
    return corpus


def has_file_options(values: Mapping[str, Any]) -> bool:
    """Return whether ``values`` have an option that applies to a file only."""
    given = (values[name] for name in _FILE_OPTIONS)
    return any(value is not None and value is not False for value in given)  # 0 is a seed
