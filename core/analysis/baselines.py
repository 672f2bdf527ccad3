"""Losses of simple predictors on the held-out text, to compare a model's loss with.

In nats per character. *Uniform* gives all characters the same probability; a network that does no
better has learned nothing. *Unigram*, *bigram* and *5-gram* predict from the 0, 1 and 4 characters
before. *xz* is the size that the text adds to a file compressed with ``xz -9``.
"""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.lanes import WINDOW, Lanes
from charloom.core.data.vocab import Vocab
from charloom.core.runs.events import Started

MAX_TRAIN_CHARACTERS, MAX_HELD_OUT_CHARACTERS = 2_000_000, 200_000  # bounds time and memory
NAMES = {
    "uniform": "uniform",
    "unigram": "unigram",
    "bigram": "bigram",
    "five_gram": "5-gram",
    "xz": "xz -9",
}
"""Display names, by field of :class:`Baselines`."""

_ORDER = 5
_MAX_TABLE_ENTRIES = 1 << 23
_MIN_DICTIONARY_BYTES = 4096  # of the xz format

Ids = NDArray[np.int64]
StoredIds = NDArray[np.integer]
"""Of any width, and perhaps on disk."""
_Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Baselines:
    """The baselines of one held-out text; None where they do not exist, as for a short text."""

    uniform: float
    unigram: float | None = None
    bigram: float | None = None
    five_gram: float | None = None
    xz: float | None = None


def compute_baselines(train: StoredIds, held_out: StoredIds, vocab: Vocab) -> Baselines:
    """Return the losses on ``held_out`` ``[M]`` of simple predictors fitted to ``train`` ``[N]``.

    Of long texts, about :data:`MAX_TRAIN_CHARACTERS` ids of ``train`` are counted, and about
    :data:`MAX_HELD_OUT_CHARACTERS` of ``held_out`` are predicted, in stretches spread over each:
    on the held-out text, those that networks are measured on begin with them.
    """
    if len(held_out) < 2:
        return Baselines(uniform(len(vocab)))
    counted = _stretches(train, MAX_TRAIN_CHARACTERS)[0]
    text, predicted = _stretches(held_out, MAX_HELD_OUT_CHARACTERS)
    with ThreadPoolExecutor(1) as pool:
        compressed = pool.submit(xz, vocab.decode(counted), vocab.decode(text))
        unigram, bigram, *_, five_gram = n_grams(counted, text, len(vocab), _ORDER, predicted)
    return Baselines(uniform(len(vocab)), unigram, bigram, five_gram, compressed.result())


def named(baselines: Baselines | Started) -> list[tuple[str, float]]:
    """Return the names and losses of the baselines that exist, the highest loss first."""
    losses = [(name, getattr(baselines, field)) for field, name in NAMES.items()]
    return sorted([pair for pair in losses if pair[1] is not None], key=lambda pair: -pair[1])


def uniform(vocab_size: int) -> float:
    """Return the loss of a uniform distribution over V characters: ln V."""
    return math.log(vocab_size)


def n_grams(
    train: Ids, held_out: Ids, vocab_size: int, max_order: int, predicted: _Mask | None = None
) -> list[float]:
    """Return the losses on ``held_out`` ``[M ≥ 2]`` of n-grams of ``train``, n up to ``max_order``.

    Each character b of the held-out text but its first is predicted from those before it there:
    the last n - 1, called a, or as many as there are::

        p(b | a) = (c(ab) + t(a) p(b | a')) / (c(a) + t(a))        p(b) = (c(b) + 1) / (N + V)

    where a' is a without its first character. c counts in ``train`` ``[N]`` (c(a) only where
    something follows) and t(a) is the number of different characters that follow a there; if none
    does, p(b | a) = p(b | a'). This is Witten and Bell's interpolation (method C in "The
    zero-frequency problem", 1991; interpolated as in Chen and Goodman, "An empirical study of
    smoothing techniques for language modeling", 1998), with add-one unigrams below it.

    ``predicted`` ``[M]`` tells which characters count; None for all but the first.
    """
    if predicted is None:
        predicted = np.arange(len(held_out)) > 0
    counts = np.bincount(train, minlength=vocab_size) + 1.0
    chance = (counts / counts.sum())[held_out]  # p of each character of the held-out text
    losses = [_loss(chance[predicted])]
    # At each position, the number of the (n-1)-gram that begins there, out of `size` numbers.
    train_grams: NDArray[np.signedinteger] = train
    held_out_grams: NDArray[np.signedinteger] = held_out
    size = vocab_size
    for n in range(2, max_order + 1):
        a = held_out_grams[:-1]
        keys = np.concatenate([train_grams[:-1], a]).astype(np.int64)
        keys *= vocab_size
        keys += np.concatenate([train[n - 1 :], held_out[n - 1 :]])
        grams, numbers = _numbered(keys, size * vocab_size)
        train_grams, held_out_grams = np.split(numbers, [len(keys) - len(a)])
        count = np.bincount(train_grams, minlength=len(grams))  # c(ab)
        prefixes = grams // vocab_size
        followed = np.bincount(prefixes, count, size)  # c(a)
        weight = np.bincount(prefixes, count > 0, size)[a]  # t(a)
        total = followed[a] + weight
        mixed = (count[held_out_grams] + weight * chance[n - 1 :]) / np.maximum(total, 1)
        chance[n - 1 :] = np.where(total > 0, mixed, chance[n - 1 :])
        losses.append(_loss(chance[predicted]))
        size = len(grams)
    return losses


def xz(train: str, held_out: str) -> float | None:
    """Return the nats per character that ``held_out`` adds to a file of ``train`` by ``xz -9``.

    None in builds of Python without lzma.
    """
    try:
        import lzma
    except ImportError:
        return None

    def compressed_bytes(text: str) -> int:
        data = text.encode("utf-8", "surrogatepass")
        # A dictionary as large as the text is as good as one of 64 MiB, for which xz would take
        # 674 MiB of memory.
        size = max(_MIN_DICTIONARY_BYTES, len(data))
        options = {"id": lzma.FILTER_LZMA2, "preset": 9, "dict_size": size}
        return len(lzma.compress(data, filters=[options]))

    added = compressed_bytes(train + held_out) - compressed_bytes(train)
    return 8 * math.log(2) * added / len(held_out)


def _stretches(ids: StoredIds, limit: int) -> tuple[Ids, _Mask]:
    """Return about ``limit`` of ``ids``, and which of them the n-grams predict.

    A stretch begins with the characters that those are predicted from.
    """
    if len(ids) <= limit + 1:
        return ids.astype(np.int64), np.arange(len(ids)) > 0
    lanes = Lanes.plan(len(ids) - 1, limit)
    offsets = np.arange(2 - _ORDER, lanes.rows * WINDOW + 1)
    positions = lanes.first[:, None] * WINDOW + offsets
    inside = positions < len(ids)
    predicted = np.broadcast_to(offsets > 0, positions.shape)[inside]
    return ids[np.maximum(positions, 0)[inside]].astype(np.int64), predicted


def _numbered(values: Ids, limit: int) -> tuple[Ids, NDArray[np.int32]]:
    """Return the distinct ``values`` (below ``limit``), sorted, and the index of each in them."""
    if limit <= _MAX_TABLE_ENTRIES:  # a table takes a tenth of the time that sorting does
        present = np.zeros(limit, np.bool_)
        present[values] = True
        return np.flatnonzero(present), np.cumsum(present, dtype=np.int32)[values] - 1
    order = np.argsort(values)
    ordered = values[order]
    is_new = np.ones(len(values), np.bool_)
    is_new[1:] = ordered[1:] != ordered[:-1]
    distinct = ordered[is_new]
    del ordered  # np.unique keeps twice as much in memory
    numbers = np.empty(len(values), np.int32)
    numbers[order] = np.cumsum(is_new, dtype=np.int32) - 1
    return distinct, numbers


def _loss(chance: NDArray[np.float64]) -> float:
    return float(-np.log(chance).mean())
