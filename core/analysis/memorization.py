"""The longest verbatim match of a text with a training text, called the corpus here.

Its length is found by bisection: if there is a match of L characters, there is one of every
smaller length. For each length tried, the rolling hashes of all windows of that length are compared
(Karp and Rabin, "Efficient randomized pattern-matching algorithms", 1987). Equal hashes are
confirmed in the texts, so the result is exact. A longer match can only begin where a shorter one
does, so only these positions are compared again. A search takes O(n log m) for n characters of
corpus and m of text, also if they are periodic, which is the slowest case.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.text_file import Characters
from charloom.core.errors import CharloomError, memory_for

MAX_CHARACTERS = 1 << 26
"""Characters of a training text: their hashes take 256 MB, and a search about half a second."""

_BLOCK_CHARACTERS = 1 << 15  # hashed or compared at a time: they fit into a processor's cache
_FIRST_LENGTH = 16  # characters: the longest match of most generated texts is about as long
_BASE = 0x9E3779B1  # odd, so that it has an inverse modulo 2**32
_TABLE_BITS = 18

_Hashes = NDArray[np.uint32]
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class VerbatimMatch:
    """The ``length`` characters of a text from ``start`` are also in the corpus, at ``place``."""

    start: int
    length: int
    place: int


class CorpusIndex:
    """Finds verbatim matches in ``corpus``, with four bytes for each of its characters.

    ``on_progress`` is called repeatedly; it may wait, or raise to cancel. Raises
    :class:`CharloomError` when the corpus has more than :data:`MAX_CHARACTERS` characters.
    """

    def __init__(
        self, corpus: Characters, on_progress: Callable[[], object] = lambda: None
    ) -> None:
        if len(corpus) > MAX_CHARACTERS:
            raise CharloomError(
                f"The training text is too long to search for verbatim matches: it has "
                f"{len(corpus):,} characters, and the limit is {MAX_CHARACTERS:,}."
            )
        subject = f"searching a training text of {len(corpus):,} characters"
        with memory_for(subject, "close other programs"):
            self._corpus = corpus[:]
            self._hashes = _prefix_hashes(self._corpus, on_progress)

    def longest_match(
        self, text: str, on_progress: Callable[[], object] = lambda: None
    ) -> VerbatimMatch:
        """Return the longest match of ``text``: of several, the first in it.

        Its place is the first in the corpus. Without any match, all figures are 0.
        """
        hashes = _prefix_hashes(text, on_progress)
        best = VerbatimMatch(0, 0, 0)
        candidates = np.ones(len(self._corpus), np.bool_)  # where a longer match may begin
        longest = min(len(text), len(self._corpus))
        while best.length < longest:
            length = min(max(_FIRST_LENGTH, 2 * best.length), (best.length + longest + 1) // 2)
            match, matching = self._match(text, hashes, length, candidates, on_progress)
            if match:
                best, candidates = match, matching
            else:
                longest = length - 1
        return best

    def _match(
        self,
        text: str,
        text_hashes: _Hashes,
        length: int,
        candidates: _Mask,
        on_progress: Callable[[], object],
    ) -> tuple[VerbatimMatch | None, _Mask]:
        """Return the first match of ``length``, and where in the corpus longer ones may begin."""
        # values[order[i]] is the hash of the window at i of the text
        values, order = np.unique(_window_hashes(text_hashes, length), return_inverse=True)
        in_table = np.zeros(1 << _TABLE_BITS, np.bool_)  # excludes most positions at once
        in_table[values >> (32 - _TABLE_BITS)] = True
        windows = len(self._corpus) - length + 1
        matching = np.zeros_like(candidates)
        places = np.full(len(values), windows)  # of each value: the first in the corpus
        for start in range(0, windows, _BLOCK_CHARACTERS):
            on_progress()
            end = min(start + _BLOCK_CHARACTERS, windows)
            if not candidates[start:end].any():
                continue
            block = _window_hashes(self._hashes[start : end + length], length)
            is_likely = candidates[start:end] & in_table[block >> (32 - _TABLE_BITS)]
            positions = np.flatnonzero(is_likely)
            which = np.searchsorted(values, block[positions])
            is_equal = values[np.minimum(which, len(values) - 1)] == block[positions]
            positions, which = positions[is_equal] + start, which[is_equal]
            matching[positions] = True
            is_new = places[which] == windows
            places[which[is_new][::-1]] = positions[is_new][::-1]  # the first one is written last
        for start in np.flatnonzero(places[order] < windows).tolist():
            window = text[start : start + length]
            place = self._corpus.find(window, int(places[order[start]]))
            if place >= 0:  # else different windows had the same hash
                return VerbatimMatch(start, length, place), matching
        return None, matching


def _prefix_hashes(text: str, on_progress: Callable[[], object]) -> _Hashes:
    """Return h ``[N + 1]``: h[i + 1] = (h[i] + c[i]) * B modulo 2**32, with code points c ``[N]``.

    In a block from a on, h[a + j] = B**j * (h[a] + sum of c[a + t] * B**-t over t < j).
    """
    powers = np.cumprod(np.full(_BLOCK_CHARACTERS, _BASE, np.uint32), dtype=np.uint32)
    inverse = np.uint32(pow(_BASE, -1, 1 << 32))
    inverse_powers = np.cumprod(np.full(_BLOCK_CHARACTERS, inverse), dtype=np.uint32) * _BASE
    hashes = np.zeros(len(text) + 1, np.uint32)
    for start in range(0, len(text), _BLOCK_CHARACTERS):
        on_progress()
        block = text[start : start + _BLOCK_CHARACTERS].encode("utf-32-le", "surrogatepass")
        codes = np.frombuffer(block, "<u4")
        sums = np.cumsum(codes * inverse_powers[: len(codes)], dtype=np.uint32)
        end = start + len(codes)
        hashes[start + 1 : end + 1] = powers[: len(codes)] * (hashes[start] + sums)
    return hashes


def _window_hashes(prefix_hashes: _Hashes, length: int) -> _Hashes:
    """Return the hash of each window of ``length`` characters."""
    power = np.uint32(pow(_BASE, length, 1 << 32))
    return prefix_hashes[length:] - prefix_hashes[: len(prefix_hashes) - length] * power
