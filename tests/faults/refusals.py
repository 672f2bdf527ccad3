"""How anything may fail: with one sentence."""

import re
from collections.abc import Callable
from typing import NamedTuple, TypeVar

from charloom.core.errors import CharloomError

_T = TypeVar("_T")
_LONGEST = 3_000  # characters; most of them are those of a file's name, escaped
_VARYING = re.compile(r"""'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|-?\d[\d,.e+-]*|@\S*""")


class Refusal(NamedTuple):
    """The sentence with which something was refused."""

    sentence: str

    @property
    def kind(self) -> str:
        """The sentence without what is quoted or counted in it."""
        return _VARYING.sub("_", self.sentence)


def attempt(use: Callable[[], _T]) -> _T | Refusal:
    """Return what ``use`` does, or how it was refused; let any other failure pass."""
    try:
        return use()
    except CharloomError as error:
        refusal = Refusal(str(error))
    assert is_sentence(refusal.sentence), f"this is no sentence: {refusal.sentence[:_LONGEST]!r}"
    return refusal


def is_sentence(text: str) -> bool:
    """Return whether this can be shown to the user."""
    return text.endswith(".") and text.isprintable() and len(text) < _LONGEST
