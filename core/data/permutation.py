"""A random order of any length in constant memory: a keyed permutation of 0 … N - 1."""

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 6
_MULTIPLIERS = np.uint64(0x9E3779B97F4A7C15), np.uint64(0xBF58476D1CE4E5B9)


class Permutation:
    """A random order of 0 … ``size`` - 1, of which any part can be computed at once.

    A Feistel network permutes the numbers of an even count of bits: each round adds a keyed hash
    of one half to the other, which can be undone. A result that is not below ``size`` is permuted
    again until it is (cycle walking: Black and Rogaway, "Ciphers with arbitrary finite domains",
    2002).
    """

    def __init__(self, size: int, *key: int) -> None:
        """Take a key of non-negative numbers: each gives another order."""
        self._size = size
        bits = max(1, (size - 1).bit_length())
        self._half = np.uint64((bits + 1) // 2)
        self._keys = np.random.SeedSequence(key).generate_state(_ROUNDS, np.uint64)

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, places: slice) -> NDArray[np.int64]:
        """Return the numbers at ``places`` of the order."""
        values = self._permute(np.arange(*places.indices(self._size), dtype=np.uint64))
        while len(outside := np.flatnonzero(values >= self._size)):
            values[outside] = self._permute(values[outside])
        return values.astype(np.int64)

    def _permute(self, values: NDArray[np.uint64]) -> NDArray[np.uint64]:
        half = self._half
        mask = (np.uint64(1) << half) - np.uint64(1)
        left, right = values >> half, values & mask
        for key in self._keys:
            left, right = right, left ^ (_mixed(right + key) & mask)
        return left << half | right


def _mixed(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return a hash of each value, after SplitMix64 (Steele, Lea and Flood, 2014)."""
    for multiplier in _MULTIPLIERS:
        values = (values ^ (values >> np.uint64(30))) * multiplier
    return values ^ (values >> np.uint64(31))
