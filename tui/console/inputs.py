"""A prompt on the command line: read from where it stands, and put into characters that are known.

What becomes of it is told on stderr.
"""

import sys
from collections import Counter

from charloom.core.data.vocab import Substitution, Vocab
from charloom.core.errors import CharloomError
from charloom.tui.console.output import echo_err
from charloom.tui.formatting.prompt_changes import MOST_READ, adapt_prompt

_KINDS = 5  # of changed characters that are told


def read_prompt(prompt: str) -> str:
    """Return the end of the prompt, as much as is read of it, from stdin where it is ``-``."""
    if prompt == "-":
        if sys.stdin is None:
            raise CharloomError("There is no standard input to read; give the prompt itself.")
        data = b""
        while chunk := sys.stdin.buffer.read(2**16):
            data = (data + chunk)[-4 * (MOST_READ + 1) :]  # UTF-8 takes four bytes at most
        prompt = data.decode("utf-8", "replace").removesuffix("\n")
    if len(prompt) > MOST_READ:
        echo_err(f"Only the last {MOST_READ:,} characters of the prompt are read.")
    return prompt[-MOST_READ:]


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
