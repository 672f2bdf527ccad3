"""A prompt on the command line: read from where it stands, and put into characters that are known.

What becomes of it is told on stderr.
"""

import sys
from collections import Counter

from charloom.core.data.vocab import Change, Vocab
from charloom.core.errors import CharloomError
from charloom.tui.console.output import note
from charloom.tui.formatting.prompt_changes import MOST_READ, adapted

_KINDS = 5  # of changed characters that are told


def read(prompt: str) -> str:
    """Return the end of the prompt, as much as is read of it, from stdin where it is ``-``."""
    if prompt == "-":
        if sys.stdin is None:
            raise CharloomError("There is no standard input to read; give the prompt itself.")
        data = b""
        while chunk := sys.stdin.buffer.read(2**16):
            data = (data + chunk)[-4 * (MOST_READ + 1) :]  # UTF-8 takes four bytes at most
        prompt = data.decode("utf-8", "replace").removesuffix("\n")
    if len(prompt) > MOST_READ:
        note(f"Only the last {MOST_READ:,} characters of the prompt are read.")
    return prompt[-MOST_READ:]


def known(prompt: str, vocab: Vocab) -> str:
    """Return ``prompt`` in characters that the model knows, telling what became of the others."""
    becomes, changes = adapted(prompt, vocab)
    start = "the model begins as at the start of a line."
    if not prompt:
        note(f"The prompt is empty; {start}")
    elif not becomes:
        note(f"The model knows none of the prompt's characters; {start}")
    elif changes:
        note(_told(changes))
    return becomes


def _told(changes: tuple[Change, ...]) -> str:
    kinds = Counter((change.character, change.becomes) for change in changes).most_common()
    told = [
        f"{character[:8]!r}{f' ×{times:,}' if times > 1 else ''} "
        + (f"became {becomes!r}" if becomes else "was dropped")
        for (character, becomes), times in kinds[:_KINDS]
    ]
    more = [f"and {len(kinds) - _KINDS:,} more kinds"] if len(kinds) > _KINDS else []
    return f"Not known to the model: {', '.join(told + more)}."
