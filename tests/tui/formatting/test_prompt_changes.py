"""What a person is told of a prompt that a model does not know all of."""

import pytest

from charloom.core.data.vocab import Vocab
from charloom.tui.formatting.prompt_changes import MOST_READ, adapt_prompt, describe_changes

VOCAB = Vocab(tuple('\n "-abcdeghnst'))


@pytest.mark.parametrize(
    ("prompt", "will", "done"),
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
            "x" + "a" * MOST_READ,
            "only the last 20,000 characters are read",
            "only the last 20,000 characters are read",
        ),
    ],
)
def test_each_kind_of_change_is_told_once(prompt: str, will: str, done: str | None) -> None:
    known, changes = adapt_prompt(prompt, VOCAB)
    assert all(character in VOCAB.c2ix for character in known)
    assert describe_changes(prompt, changes, will=True) == will
    assert describe_changes(prompt, changes) == (will if done is None else done)
