"""Notes on characters of a prompt that a model does not know."""

import pytest

from charloom.core.data.vocab import Vocab
from charloom.tui.formatting.prompt_changes import (
    MAX_PROMPT_CHARACTERS,
    adapt_prompt,
    describe_changes,
)

VOCAB = Vocab(tuple('\n "-abcdeghnst'))


@pytest.mark.parametrize(
    ("prompt", "future", "done"),
    [
        ("the sea", "", ""),
        ("The sea", "T → t", "T → t"),
        ("☃ a ☃", "☃ will be dropped", "☃ was dropped"),
        (
            "“a” ☃☺",
            '“ → "  ·  ” → "  ·  ☃ ☺ will be dropped',
            '“ → "  ·  ” → "  ·  ☃ ☺ were dropped',
        ),
        ("\x1b\t", "␉ →    ·  ␛ will be dropped", "␉ →    ·  ␛ was dropped"),
        ("ABCDET", "A → a  ·  B → b  ·  C → c  ·  D → d  ·  and 2 more kinds", None),
        (
            "x" + "a" * MAX_PROMPT_CHARACTERS,
            "only the last 20,000 characters are read",
            "only the last 20,000 characters are read",
        ),
    ],
)
def test_each_kind_of_change_is_listed_once(prompt: str, future: str, done: str | None) -> None:
    known, changes = adapt_prompt(prompt, VOCAB)
    assert all(character in VOCAB.c2ix for character in known)
    assert describe_changes(prompt, changes, future=True) == future
    assert describe_changes(prompt, changes) == (future if done is None else done)
