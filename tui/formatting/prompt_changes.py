"""Adapt a prompt to a model's vocabulary and describe the changes."""

from collections import Counter
from collections.abc import Iterable

from charloom.core.data.vocab import Substitution, Vocab
from charloom.core.sampling.ending import Ending, reachable_unit
from charloom.core.sanitize import quoted, single_line
from charloom.core.wording import plural

MAX_PROMPT_CHARACTERS = 20_000
"""Earlier characters of a prompt are dropped: no network remembers that far back."""

_MAX_KINDS = 4  # of changed characters that are listed


def adapt_prompt(prompt: str, vocab: Vocab) -> tuple[str, tuple[Substitution, ...]]:
    """Return the end of ``prompt`` in the characters of ``vocab``, and the changes made to it."""
    return vocab.adapt(prompt[-MAX_PROMPT_CHARACTERS:])


def unwritable_ending(ending: Ending, vocab: Vocab) -> str:
    """Return a sentence on what cannot end a text in characters of ``vocab``, or ""."""
    unwritable = [quoted(stop) for stop in ending.stop if not vocab.c2ix.keys() >= set(stop)]
    if ending.until and not reachable_unit(ending.until, vocab.c2ix):
        unwritable.append(f"the end of a {ending.until}")
    if not unwritable:
        return ""
    return f"The model cannot write {' and '.join(unwritable)}, so the text does not stop there."


def describe_changes(prompt: str, changes: Iterable[Substitution], *, future: bool = False) -> str:
    """Return a note on the changes, such as ``“ → "  ·  ☃ was dropped``, or ``will be``."""
    notes = []
    if len(prompt) > MAX_PROMPT_CHARACTERS:
        notes.append(f"only the last {MAX_PROMPT_CHARACTERS:,} characters are read")
    kinds = Counter((change.character, change.replacement) for change in changes).most_common()
    pairs = [
        (single_line(was, 8), single_line(becomes, 8)) for (was, becomes), _ in kinds[:_MAX_KINDS]
    ]
    notes += [f"{was} → {becomes}" for was, becomes in pairs if becomes]
    if dropped := [was for was, becomes in pairs if not becomes]:
        verb = "will be" if future else "was" if len(dropped) == 1 else "were"
        notes.append(f"{' '.join(dropped)} {verb} dropped")
    if len(kinds) > _MAX_KINDS:
        notes.append(f"and {plural(len(kinds) - _MAX_KINDS, 'more kind')}")
    return "  ·  ".join(notes)
