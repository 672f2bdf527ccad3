"""What a loss is measured against: what simpler ways to predict come to on the same held-out text.

Nats per character. *Uniform* guesses evenly; a network that does no better has learned nothing.
*Unigram* knows how often each character occurs, *bigram* which one follows which, *5-gram* what
follows each four. *xz* is what the text takes in a file that ``xz -9`` packs.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.vocab import Vocab
from charloom.core.runs.events import Started

MOST_COUNTED, MOST_JUDGED = 2_000_000, 200_000  # characters: bounds the time and the memory
NAMES = {
    "uniform": "uniform",
    "unigram": "unigram",
    "bigram": "bigram",
    "five_gram": "5-gram",
    "xz": "xz -9",
}
"""How each is called where a person reads it."""

_ORDER = 5
_LARGEST_TABLE = 1 << 23  # entries
_LEAST_DICTIONARY = 4096  # bytes, which is the format's

Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Baselines:
    """The baselines of one held-out text; None is what it is too short for."""

    uniform: float
    unigram: float | None = None
    bigram: float | None = None
    five_gram: float | None = None
    xz: float | None = None


def compute_baselines(train: str, held_out: str, vocab: Vocab) -> Baselines:
    """Return what who knows ``train`` reaches on ``held_out``, both in the characters of ``vocab``.

    Of long texts, the last :data:`MOST_COUNTED` characters of ``train`` are counted, and the first
    :data:`MOST_JUDGED` of ``held_out`` are judged.
    """
    even = uniform(len(vocab))
    known, asked = vocab.encode(train[-MOST_COUNTED:]), vocab.encode(held_out[:MOST_JUDGED])
    if len(asked) < 2:
        return Baselines(even)
    grams = n_grams(known, asked, len(vocab), _ORDER)
    packed = xz(vocab.decode(known), vocab.decode(asked))
    return Baselines(even, unigram=grams[0], bigram=grams[1], five_gram=grams[-1], xz=packed)


def named(told: Baselines | Started) -> list[tuple[str, float]]:
    """Return the names and losses of the baselines that there are, the most easily beaten first."""
    every = [(name, getattr(told, field)) for field, name in NAMES.items()]
    return sorted([each for each in every if each[1] is not None], key=lambda each: -each[1])


def uniform(vocab_size: int) -> float:
    """Return what it costs to guess evenly among V characters: ln V."""
    return math.log(vocab_size)


def n_grams(train: Ids, held_out: Ids, vocab_size: int, most: int) -> list[float]:
    """Return the losses on ``held_out`` ``[M ≥ 2]`` of the n-grams of ``train``, n = 1 to ``most``.

    Each character b of the held-out text but its first is predicted from those before it there:
    the last n - 1, called a, or as many as there are::

        p(b | a) = (c(ab) + t(a) p(b | a')) / (c(a) + t(a))        p(b) = (c(b) + 1) / (N + V)

    where a' is a without its first character. c counts in ``train`` ``[N]`` (c(a) only where
    something follows) and t(a) is how many different characters follow a there; where nothing
    does, p(b | a) = p(b | a'). This is Witten and Bell's interpolation (method C in "The
    zero-frequency problem", 1991; interpolated as in Chen and Goodman, "An empirical study of
    smoothing techniques for language modeling", 1998), with add-one unigrams below it.
    """
    single = np.bincount(train, minlength=vocab_size) + 1.0
    chance = (single / single.sum())[held_out]  # p, of each character of the held-out text
    losses = [_loss(chance)]
    learned, read = train, held_out  # at each place, the number of the (n-1)-gram that begins there
    different = vocab_size  # of these grams
    for n in range(2, most + 1):
        a = read[:-1]
        there = learned[:-1] * vocab_size + train[n - 1 :]
        asked = a * vocab_size + held_out[n - 1 :]
        grams, number = _numbered(np.concatenate([there, asked]), different * vocab_size)
        learned, read = np.split(number, [len(there)])
        seen = np.bincount(learned, minlength=len(grams))  # c(ab)
        before = grams // vocab_size
        followed = np.bincount(before, seen, different)  # c(a)
        weight = np.bincount(before, seen > 0, different)[a]  # t(a)
        total = followed[a] + weight
        mixed = (seen[read] + weight * chance[n - 1 :]) / np.maximum(total, 1)
        chance[n - 1 :] = np.where(total > 0, mixed, chance[n - 1 :])
        losses.append(_loss(chance))
        different = len(grams)
    return losses


def xz(train: str, held_out: str) -> float | None:
    """Return what ``held_out`` adds to ``train`` in a file of ``xz -9``; None without lzma."""
    try:
        import lzma  # which some builds of Python lack
    except ImportError:
        return None

    def packed(text: str) -> int:
        data = text.encode("utf-8", "surrogatepass")
        # A dictionary as large as the text is as good as one of 64 MiB, for which xz would take
        # 674 MiB of memory.
        size = max(_LEAST_DICTIONARY, len(data))
        how = {"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": size}
        return len(lzma.compress(data, filters=[how]))

    return 8 * math.log(2) * (packed(train + held_out) - packed(train)) / len(held_out)


def _numbered(values: Ids, limit: int) -> tuple[Ids, Ids]:
    """Return what ``values``, below ``limit``, there are, in order, and the place of each there."""
    if limit > _LARGEST_TABLE:
        return np.unique(values, return_inverse=True)
    there = np.zeros(limit, np.bool_)  # a table takes a tenth of the time that sorting does
    there[values] = True
    return np.flatnonzero(there), np.cumsum(there)[values] - 1


def _loss(chance: NDArray[np.float64]) -> float:
    return float(-np.log(chance[1:]).mean())
