"""What other ways of predicting make of a held-out text: a 5-gram model and a compressor."""

import lzma
import math
from collections import Counter

from core.baselines import uniform

_ORDER = 5


def five_gram(train: str, held_out: str, size: int) -> float:
    """Return the loss on ``held_out``, in nats per character, of 5-grams counted in ``train``.

    With Witten and Bell's interpolation, each order with the one below it, down to guessing evenly
    among ``size`` characters; see :func:`core.baselines.bigram`. What stands before the held-out
    text is known.
    """
    counts: list[Counter[str]] = [Counter() for _ in range(_ORDER + 1)]
    for n in range(1, _ORDER + 1):
        counts[n].update(train[i : i + n] for i in range(len(train) - n + 1))
    followed: Counter[str] = Counter()  # how often anything follows a context, and how many things
    different: Counter[str] = Counter()
    for n in range(1, _ORDER + 1):
        for gram, times in counts[n].items():
            followed[gram[:-1]] += times
            different[gram[:-1]] += 1
    nats = 0.0
    text = train[1 - _ORDER :] + held_out
    for i in range(_ORDER - 1, len(text)):
        chance = math.exp(-uniform(size))
        for n in range(1, _ORDER + 1):
            gram = text[i + 1 - n : i + 1]
            if total := followed[gram[:-1]]:
                weight = different[gram[:-1]]
                chance = (counts[n][gram] + weight * chance) / (total + weight)
        nats -= math.log(chance)
    return nats / len(held_out)


def xz(train: str, held_out: str) -> float:
    """Return what ``held_out`` adds to ``train`` under ``xz -9``, in nats per character."""
    before, after = (len(lzma.compress(t.encode(), preset=9)) for t in (train, train + held_out))
    return (after - before) * 8 * math.log(2) / len(held_out)
