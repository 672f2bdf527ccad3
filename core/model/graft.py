"""Give a trained network another vocabulary, so that it can be trained on any text."""

import unicodedata
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.vocab import Vocab
from charloom.core.model.checkpoint import Checkpoint

_ROWS = ("embedding.weight", "head.weight", "head.bias")  # have one row per character


def graft(base: Checkpoint, vocab: Vocab) -> dict[str, NDArray[np.float32]]:
    """Return the weights of ``base`` for the characters of ``vocab``, in float32.

    A character that ``base`` knows keeps its rows of the embedding and of Linear, so the logits
    of all such characters stay as they are. A new one takes those of its kin: the character that
    :meth:`Vocab.adapt` would substitute (another case, no accent, another spelling), else the mean
    of its Unicode category, else that of all. The biases of new characters are lowered so that all
    of them together are about as likely as one of their kin: they take little from the others.
    """
    pools = _pools(base.vocab)
    sources = _sources(base.vocab, vocab, list(pools))
    is_new = np.array([character not in base.vocab.c2ix for character in vocab.chars])
    tensors = {name: tensor.astype(np.float32) for name, tensor in base.tensors.items()}
    for name in _ROWS:
        if name in tensors:
            means = [tensors[name][ids].mean(axis=0, keepdims=True) for ids in pools.values()]
            tensors[name] = np.concatenate([tensors[name], *means])[sources]
    tensors["head.bias"] -= np.log1p(is_new.sum(), dtype=np.float32) * is_new
    return tensors


def _pools(vocab: Vocab) -> dict[str, list[int]]:
    """Return the ids in each Unicode category, in each group (``L`` for ``Lu``), and all."""
    pools: dict[str, list[int]] = {}
    for id_, character in enumerate(vocab.chars):
        for category in _categories(character):
            pools.setdefault(category, []).append(id_)
    return pools


def _categories(character: str) -> tuple[str, str, str]:
    category = unicodedata.category(character)
    return category, category[0], ""


def _sources(base: Vocab, vocab: Vocab, pools: Sequence[str]) -> list[int]:
    """Return, for each character, the id in ``base`` whose rows it takes, or V + that of a pool."""
    sources = []
    for character in vocab.chars:
        kin = character if character in base.c2ix else base.adapt(character)[0][:1]
        if kin:
            sources.append(base.c2ix[kin])
        else:
            category = next(name for name in _categories(character) if name in pools)
            sources.append(len(base) + pools.index(category))
    return sources
