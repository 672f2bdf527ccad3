"""A prompt on the command line: read from where it stands, and put into characters that are known.

What becomes of it is told on stderr.
"""

import sys
from collections import Counter
from collections.abc import Mapping
from typing import Any

from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import Substitution, Vocab
from charloom.core.errors import CharloomError
from charloom.tui.console.options import read_options
from charloom.tui.console.output import download_progress, echo_err
from charloom.tui.formatting.prompt_changes import MAX_PROMPT_CHARACTERS, adapt_prompt

_KINDS = 5  # of changed characters that are told


def read_prompt(prompt: str) -> str:
    """Return the end of the prompt, as much as is read of it, from stdin where it is ``-``."""
    if prompt == "-":
        if sys.stdin is None:
            raise CharloomError("There is no standard input to read; give the prompt itself.")
        data = b""
        while chunk := sys.stdin.buffer.read(2**16):
            data = (data + chunk)[
                -4 * (MAX_PROMPT_CHARACTERS + 1) :
            ]  # UTF-8 takes four bytes at most
        prompt = data.decode("utf-8", "replace").removesuffix("\n")
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        echo_err(f"Only the last {MAX_PROMPT_CHARACTERS:,} characters of the prompt are read.")
    return prompt[-MAX_PROMPT_CHARACTERS:]


def encode_prompt(prompt: str, vocab: Vocab) -> str:
    """Return ``prompt`` in characters that the model knows, telling what became of the others."""
    becomes, changes = adapt_prompt(prompt, vocab)
    start = "the model begins as at the start of a line."
    if not prompt:
        echo_err(f"The prompt is empty; {start}")
    elif not becomes:
        echo_err(f"The model knows none of the prompt's characters; {start}")
    elif changes:
        echo_err(_told(changes))
    return becomes


def _told(changes: tuple[Substitution, ...]) -> str:
    kinds = Counter((change.character, change.becomes) for change in changes).most_common()
    told = [
        f"{character[:8]!r}{f' ×{times:,}' if times > 1 else ''} "
        + (f"became {becomes!r}" if becomes else "was dropped")
        for (character, becomes), times in kinds[:_KINDS]
    ]
    more = [f"and {len(kinds) - _KINDS:,} more kinds"] if len(kinds) > _KINDS else []
    return f"Not known to the model: {', '.join(told + more)}."


_PARTS = ("start", "end", "encoding")


def open_text(
    text: str, mirror: str | None = None, values: Mapping[str, Any] | None = None
) -> Corpus:
    """Return what ``text`` names, read as the options among ``values`` say."""
    with download_progress() as report:
        corpus = catalog.open_text(
            text,
            mirror=mirror,
            on_progress=report,
            short=True,
            **read_options(dict(values or {})),
        )
    for sentence in corpus.notes:
        echo_err(sentence)
    return corpus


def has_file_options(values: Mapping[str, Any]) -> bool:
    """Whether ``values`` hold what can be said of a file only: how it is read, or a part of it."""
    return any(values[name] for name in _PARTS)
