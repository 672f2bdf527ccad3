"""What a loss is measured against: guessing evenly, and knowing the character before.

Nats per character of a held-out text. A network that does no better than *uniform* has learned
nothing; one that does no better than *bigram* has learned which letters follow which.
"""

import math

import numpy as np
from numpy.typing import NDArray

_BLOCK = 1 << 22  # characters whose pairs are sorted at a time: bounds the memory


def uniform(vocab_size: int) -> float:
    """Return what it costs to guess evenly among V characters: ln V."""
    return math.log(vocab_size)


def bigram(train: NDArray[np.int64], held_out: NDArray[np.int64], vocab_size: int) -> float:
    """Return the loss on ``held_out`` ``[M]`` (M at least 2) of the pairs counted in ``train``.

    Each character b of the held-out text but its first is predicted from the one before it, a::

        p(b | a) = (c(ab) + t(a) p(b)) / (c(a) + t(a))        p(b) = (c(b) + 1) / (N + V)

    c counts in ``train`` ``[N]`` (c(a) only where something follows) and t(a) is how many
    different characters follow a there: Witten and Bell's interpolation (method C in "The
    zero-frequency problem", 1991; interpolated as in Chen and Goodman, "An empirical study of
    smoothing techniques for language modeling", 1998), with add-one unigrams below it.
    """
    pairs, counts = _counted(train, vocab_size)
    before = pairs // vocab_size
    followed = np.bincount(before, counts, vocab_size)  # c(a)
    different = np.bincount(before, minlength=vocab_size)  # t(a)
    single = np.bincount(train, minlength=vocab_size) + 1.0
    single /= single.sum()  # p(b)
    asked, times = _counted(held_out, vocab_size)
    place = np.searchsorted(pairs, asked)  # or where it would be: after all others, too
    found = np.append(pairs, -1)[place] == asked
    seen = np.where(found, np.append(counts, 0)[place], 0)  # c(ab)
    a, b = np.divmod(asked, vocab_size)
    total = followed[a] + different[a]
    chance = (seen + different[a] * single[b]) / np.maximum(total, 1)
    chance = np.where(total > 0, chance, single[b])  # a was never followed by anything
    return float(-(times @ np.log(chance)) / times.sum())


def _counted(
    ids: NDArray[np.int64], vocab_size: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the pairs of neighbours ab in ``ids``, each once as a V + b, and how often each is.

    By sorting: a table of all V² pairs would not fit into memory for a large V.
    """
    before, after = ids[:-1], ids[1:]
    blocks = [
        np.unique(before[i : i + _BLOCK] * vocab_size + after[i : i + _BLOCK], return_counts=True)
        for i in range(0, max(1, len(before)), _BLOCK)
    ]
    every = np.concatenate([pairs for pairs, _ in blocks])
    pairs, place = np.unique(every, return_inverse=True)
    counts = np.bincount(place, np.concatenate([counts for _, counts in blocks]))
    return pairs, counts.astype(np.int64)
