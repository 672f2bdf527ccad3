"""Known words as masks for sampling: which characters lead to a known word."""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.vocab import PLACEHOLDER, Vocab
from charloom.core.data.words import (
    APOSTROPHES,
    MAX_WORD_CHARACTERS,
    WordList,
    find_words,
    is_letter,
    unpack_words,
)

_MAX_MASK_NUMBERS = 2_000_000  # that are kept, 16 MB: all masks of most texts


class KnownWords:
    """The words that a network knows, by the list in its checkpoint.

    Text is read character by character: ``word`` is always its unfinished last word, "" between
    words. Digits and punctuation are free.
    """

    def __init__(self, packed: bytes, vocab: Vocab) -> None:
        self._packed, self._vocab = packed, vocab
        self._letters = frozenset(filter(is_letter, vocab.chars))
        free = [c not in self._letters and c != PLACEHOLDER for c in vocab.chars]
        self._free: NDArray[np.bool_] = np.array(free)
        self._masks: dict[str, NDArray[np.float64] | None] = {}

    @cached_property
    def words(self) -> WordList:
        """The list, unpacked when it is first needed."""
        return WordList(unpack_words(self._packed))

    def read(self, text: str, word: str = "") -> str:
        """Return the unfinished word after ``text``, which follows the unfinished ``word``."""
        for character in text:
            if character in self._letters:
                word = (word + character)[: MAX_WORD_CHARACTERS + 1]
            else:
                inside = character in APOSTROPHES and word and word[-1] != "'"
                word = word + "'" if inside else ""
        return word

    def mask(self, word: str) -> NDArray[np.float64] | None:
        """Return 0 for each character that may follow ``word`` and -inf for others, ``[V]``.

        None if no known word begins with ``word``: then anything may follow.
        """
        if word not in self._masks:
            if len(self._masks) * len(self._free) > _MAX_MASK_NUMBERS:
                self._masks.clear()
            self._masks[word] = self._compute_mask(word)
        return self._masks[word]

    def _compute_mask(self, word: str) -> NDArray[np.float64] | None:
        following = self.words.continuations(word)
        # after an apostrophe, which may close a quotation
        ends = not word or self.words.is_known(word.removesuffix("'"))
        allowed = self._free.copy() if ends else np.zeros_like(self._free)
        if "'" in following:
            following |= set(APOSTROPHES)
        allowed[[self._vocab.c2ix[c] for c in following if c in self._vocab.c2ix]] = True
        return np.where(allowed, 0.0, -np.inf) if allowed.any() else None

    def find_unknown(self, prompt: str, text: str) -> list[str]:
        """Return the unknown words of ``text`` after ``prompt``.

        The last one does not count if a known word begins with it.
        """
        before = prompt[-MAX_WORD_CHARACTERS:]
        full_text = (before + text).replace("’", "'")
        last = self.read(full_text[-2 * MAX_WORD_CHARACTERS :])
        unknown = []
        for match in find_words(full_text):
            is_last = bool(last) and match.end() >= len(full_text.removesuffix("'"))
            known = self.words.is_known(match[0]) or (is_last and self.mask(last) is not None)
            if match.end() > len(before) and not known:
                unknown.append(match[0])
        return unknown
