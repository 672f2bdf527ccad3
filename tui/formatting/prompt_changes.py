"""A prompt in the characters that a model knows, and what became of the others, in a few words."""

from collections import Counter
from collections.abc import Iterable

from charloom.core.data.vocab import Substitution, Vocab
from charloom.core.sanitize import single_line

MOST_READ = 20_000
"""Characters of a prompt: what stands further back, no network remembers."""

_KINDS = 4  # of changed characters that are told


def adapt_prompt(prompt: str, vocab: Vocab) -> tuple[str, tuple[Substitution, ...]]:
    """Return the end of ``prompt`` as the model is given it, and what was changed in it."""
    return vocab.adapt(prompt[-MOST_READ:])


def describe_changes(prompt: str, changes: Iterable[Substitution], *, will: bool = False) -> str:
    """Return what becomes of ``prompt``, or ``will``: ``“ → "  ·  ☃ will be dropped``."""
    notes = []
    if len(prompt) > MOST_READ:
        notes.append(f"only the last {MOST_READ:,} characters are read")
    kinds = Counter((change.character, change.becomes) for change in changes).most_common()
    shown = [(single_line(was, 8), single_line(becomes, 8)) for (was, becomes), _ in kinds[:_KINDS]]
    notes += [f"{was} → {becomes}" for was, becomes in shown if becomes]
    if dropped := [was for was, becomes in shown if not becomes]:
        were = "will be" if will else "was" if len(dropped) == 1 else "were"
        notes.append(f"{' '.join(dropped)} {were} dropped")
    if len(kinds) > _KINDS:
        notes.append(f"and {len(kinds) - _KINDS:,} more kinds")
    return "  ·  ".join(notes)
