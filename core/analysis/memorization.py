"""The copy meter: the longest run of characters that a text shares with what its model learned.

What is asked of a corpus of n characters is answered by its suffix array: where in it each suffix
begins, in alphabetical order, so that a binary search finds any run. It is made once, by sorting
as many first characters of each suffix as one 64-bit number holds, and then by doubling: suffixes
that are equal so far are sorted by what is known of the suffixes behind those characters (Manber
and Myers, "Suffix arrays: a new method for on-line string searches", 1993; the groups of equals
alone are sorted again, as Larsson and Sadakane do in "Faster suffix sorting", 2007). That takes
O(n log² n) for any text, also for one letter a million times.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charloom.core.errors import CharloomError

MAX_CHARACTERS = 1 << 26
"""Characters of a corpus: making the index of these takes a quarter of a minute and 600 MB."""

_BLOCK = 1 << 12  # characters or suffixes that are looked at together: bounds the memory beside

_Numbers = NDArray[np.int32]
_Keys = NDArray[np.int64]
_Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class VerbatimMatch:
    """The ``length`` characters from ``start`` of a text on stand at ``place`` in the corpus."""

    start: int
    length: int
    place: int


class SuffixArray:
    """Answers what of a text stands verbatim in ``corpus``; takes 4 bytes for each character of it.

    ``rest`` is called time and again while it is made; it may wait, or raise to give up. Raises
    :class:`CharloomError` when the corpus has more than :data:`LARGEST` characters.
    """

    def __init__(self, corpus: str, rest: Callable[[], object] = lambda: None) -> None:
        if len(corpus) > MAX_CHARACTERS:
            raise CharloomError(
                f"The text has {len(corpus):,} characters; verbatim runs are sought in texts of "
                f"up to {MAX_CHARACTERS:,}."
            )
        self._corpus = corpus
        self._suffixes = _suffix_array(corpus, rest).data

    def longest(self, text: str, rest: Callable[[], object] = lambda: None) -> VerbatimMatch:
        """Return the longest run of ``text`` that stands in the corpus: of equals, the first.

        Its place is the first in the corpus. ``rest`` is called at every character.
        """
        start = length = 0
        at = 0  # where runs that are longer than the longest so far may begin
        while at + length < len(text):
            rest()
            if self._holds(text[at : at + length + 1]):
                start, length = at, self._reach(text, at, length + 1)
            at += 1
        return VerbatimMatch(start, length, self._place(text[start : start + length]))

    def _reach(self, text: str, start: int, length: int) -> int:
        """Return how long the run at ``start`` is, of which ``length`` characters are known."""
        step = 1
        while start + length + step <= len(text) and self._holds(
            text[start : start + length + step]
        ):
            length += step
            step *= 2
        while step > 1:
            step //= 2
            end = start + length + step
            if end <= len(text) and self._holds(text[start:end]):
                length += step
        return length

    def _holds(self, run: str) -> bool:
        """Whether ``run`` stands in the corpus."""
        corpus, size = self._corpus, len(run)
        order = bisect_left(self._suffixes, run, key=lambda place: corpus[place : place + size])
        return order < len(corpus) and corpus.startswith(run, self._suffixes[order])

    def _place(self, run: str) -> int:
        """Return the first place of ``run``, which stands in the corpus; 0 if it is empty."""
        corpus, size = self._corpus, len(run)
        if not run:
            return 0

        def beginning(place: int) -> str:
            return corpus[place : place + size]

        low = bisect_left(self._suffixes, run, key=beginning)
        high = bisect_right(self._suffixes, run, low, key=beginning)
        return int(np.asarray(self._suffixes[low:high]).min())


def _suffix_array(corpus: str, rest: Callable[[], object]) -> _Numbers:
    """Return where the suffixes of ``corpus`` begin, in alphabetical order."""
    if not corpus:
        return np.empty(0, np.int32)
    keys, width = _keys(corpus, rest)
    rest()
    keys.sort()
    rest()
    suffixes, first = _unpacked(keys, rest)
    del keys
    ranks = np.empty(len(corpus) + 1, np.int32)  # of each: where its group of equals begins
    ranks[-1] = -1  # the empty suffix is before all others
    group = 0
    for a, b in _blocks(len(corpus)):
        rest()
        begins = np.where(first[a:b], np.arange(a, b, dtype=np.int32), group)
        np.maximum.accumulate(begins, out=begins)
        ranks[suffixes[a:b]] = begins
        group = begins[-1]
    while _sort_equals(suffixes, first, ranks, width, rest):
        width *= 2
    return suffixes


def _blocks(size: int) -> Iterator[tuple[int, int]]:
    return ((a, min(a + _BLOCK, size)) for a in range(0, size, _BLOCK))


def _keys(corpus: str, rest: Callable[[], object]) -> tuple[_Keys, int]:
    """Return a number for each suffix: its first characters, so many, over its place.

    A character is its number in the alphabet, from 1; 0 is the end of the text.
    """
    size = len(corpus)
    letters: set[str] = set()
    for a, b in _blocks(size):
        rest()
        letters.update(corpus[a:b])
    alphabet = _points("".join(sorted(letters)))
    base = len(alphabet) + 1
    bits = _place_bits(size)
    width = 1
    while base ** (width + 1) < 1 << (63 - bits):
        width += 1
    codes = np.zeros(size + width, np.min_scalar_type(base))
    for a, b in _blocks(size):
        rest()
        codes[a:b] = np.searchsorted(alphabet, _points(corpus[a:b])) + 1
    keys = np.empty(size, np.int64)
    for a, b in _blocks(size):
        rest()
        packed = np.zeros(b - a, np.int64)
        for offset in range(width):
            packed *= base
            packed += codes[a + offset : b + offset]
        packed <<= bits
        packed += np.arange(a, b)
        keys[a:b] = packed
    return keys, width


def _unpacked(keys: _Keys, rest: Callable[[], object]) -> tuple[_Numbers, _Flags]:
    """Return the places in the sorted ``keys``, whose memory they take over, and the groups.

    Of the n + 1 flags, one is set where a suffix is the first of a group of equals, or its end.
    """
    size = len(keys)
    bits = _place_bits(size)
    first = np.ones(size + 1, np.bool_)
    places = keys.view(np.int32)[:size]
    before = -1
    for a, b in _blocks(size):
        rest()
        block = keys[a:b].copy()  # what is written below may overwrite these
        places[a:b] = block & ((1 << bits) - 1)
        block >>= bits
        first[a] = block[0] != before
        np.not_equal(block[1:], block[:-1], out=first[a + 1 : b])
        before = block[-1]
    del places  # the memory may move
    keys.resize((size + 1) // 2, refcheck=False)
    return keys.view(np.int32)[:size], first


def _sort_equals(
    suffixes: _Numbers, first: _Flags, ranks: _Numbers, width: int, rest: Callable[[], object]
) -> bool:
    """Sort by twice as many characters what is equal in ``width``; return if there was anything.

    What one block has found out is used by the next already, which only brings the end nearer.
    """
    bits = _place_bits(len(suffixes))
    found = False
    for a, b in _groups(first):
        tied = np.flatnonzero(~(first[a:b] & first[a + 1 : b + 1]))
        if not len(tied):
            continue
        rest()
        found = True
        places = suffixes[a:b][tied]
        shift = len(tied).bit_length()
        # The group, what is known of the suffix behind, and which of these it is. The one behind
        # may be empty, but there is one: a suffix that had ended before would not be tied.
        keys = (ranks[places] - a).astype(np.int64)
        keys <<= bits
        keys += ranks[places + width] + 1
        keys <<= shift
        keys += np.arange(len(tied))
        keys.sort()
        places = places[keys & ((1 << shift) - 1)]
        suffixes[a:b][tied] = places
        keys >>= shift
        begins = np.ones(len(tied), np.bool_)
        np.not_equal(keys[1:], keys[:-1], out=begins[1:])
        first[a:b][tied] = begins
        tied[~begins] = 0
        np.maximum.accumulate(tied, out=tied)
        tied += a
        ranks[places] = tied
    return found


def _groups(first: _Flags) -> Iterator[tuple[int, int]]:
    """Yield the bounds of blocks of whole groups: one that is larger than a block, by itself."""
    size = len(first) - 1
    a = 0
    while a < size:
        b = min(a + _BLOCK, size)
        whole = np.flatnonzero(first[a + 1 : b + 1])
        b = a + 1 + int(whole[-1]) if len(whole) else b + int(first[b:].argmax())
        yield a, b
        a = b


def _place_bits(size: int) -> int:
    """Return how many bits a place takes, and one past the end."""
    return size.bit_length()


def _points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
