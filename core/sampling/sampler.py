"""Stage 10: generation. Draw a character from what the network predicts, feed it back, repeat.

Many texts from one prompt are drawn together in :mod:`charloom.core.sampling.batched`.
"""

import copy
import math
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError, SettingError
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig, is_whole

__all__ = ["Sampled", "Sampler", "SamplingConfig", "distribution", "draw"]

MIN_TEMPERATURE = 1e-30  # dividing differences of float32 logits by this cannot overflow
_LARGEST_SEED = 2**63 - 1
_CHUNK = 4096  # characters of a prompt read at a time: bounds the memory


class Sampled(NamedTuple):
    """A character and how probable the network held it: at temperature 1 and nothing cut.

    So the -log2 of the probabilities are the bits that scoring the text finds.
    """

    character: str
    probability: float


def distribution(logits: NDArray[np.float32], settings: SamplingConfig) -> NDArray[np.float64]:
    """Return the probabilities ``[V]`` that a character is drawn with, given its logits ``[V]``."""
    weights = _weights(shift_logits(logits), settings)
    weights /= weights.sum()
    return weights


def draw(weights: NDArray[np.float64], uniform: float) -> int:
    """Return the id at ``uniform``, from [0, 1), of the inverse CDF of ``weights`` ``[V]``.

    The weights need not sum to 1. One that is 0 is never drawn, and rounding never leads past the
    last: in float64, for every ``uniform`` below 1, ``uniform * total`` is below ``total``.
    """
    cumulative = np.add.accumulate(weights)
    return int(cumulative.searchsorted(uniform * cumulative.item(-1), side="right"))


class Sampler(Iterator[Sampled]):
    """An endless text, drawn one character at a time in constant memory.

    ``settings`` may be replaced at any time and holds from the next character on. The same model,
    prompt, settings and seed give the same text. The :data:`PLACEHOLDER` of folded characters is
    never drawn; in the other characters' ``probability`` it keeps its share.
    """

    def __init__(self, model: NumpyLSTM, prompt: str, settings: SamplingConfig, seed: int) -> None:
        """Read ``prompt``, in characters that the model knows.

        An empty prompt stands for the start of a line: the network reads one newline (where it
        knows none, its first character), which is not part of the text.
        """
        self.settings = settings
        self.model = model
        self.never = model.vocab.c2ix.get(PLACEHOLDER)
        """The id that is not drawn, if there is one."""
        if self.never is not None and len(model.vocab) == 1:
            raise CharloomError(
                "This model knows no character by name; train one that folds fewer of them."
            )
        self._uniform = uniform_source(seed).random
        self.state = model.start()
        if not prompt:
            prompt = "\n" if "\n" in model.vocab.c2ix else model.vocab.chars[0]
        for start in range(0, len(prompt) - 1, _CHUNK):
            ids = model.vocab.encode(prompt[start : min(start + _CHUNK, len(prompt) - 1)])
            model.logits(ids[None], self.state)
        self.newest = int(model.vocab.encode(prompt[-1])[0])

    def sibling(self, settings: SamplingConfig, seed: int) -> "Sampler":
        """Return another text from where this one is."""
        other = copy.copy(self)
        other.settings, other.state = settings, self.state.copy()
        other._uniform = uniform_source(seed).random
        return other

    def __next__(self) -> Sampled:
        logits = shift_logits(self.model.step((self.newest,), self.state)[0])
        network = np.exp(logits)
        if self.never is not None:
            logits[self.never] = -math.inf
            logits = shift_logits(logits)
        newest = draw(_weights(logits, self.settings), self._uniform())
        self.newest = newest
        probability = network.item(newest) / np.add.reduce(network).item()
        # not even a network that is certain of the placeholder makes a drawn character impossible
        return Sampled(self.model.vocab.chars[newest], probability or sys.float_info.min)

    def follow(self, ids: Sequence[int]) -> None:
        """Go on as if the characters ``ids`` had been drawn."""
        if len(ids):
            read = np.array([self.newest, *ids[:-1]])
            self.model.logits(read[None], self.state)
            for _ in ids:
                self._uniform()
            self.newest = ids[-1]


def uniform_source(seed: int) -> np.random.Generator:
    """Return the source of a text's uniform numbers, one for each character."""
    if not (is_whole(seed) and 0 <= seed <= _LARGEST_SEED):
        raise SettingError("seed", f"is a whole number from 0 to {_LARGEST_SEED:,}, not {seed!r}.")
    return np.random.Generator(np.random.PCG64(seed))


def shift_logits(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return a float64 copy of ``[…, V]`` in which the largest is 0, so that no exp overflows."""
    copied = logits.astype(np.float64, order="C")
    copied -= copied.max(axis=-1, keepdims=True)
    return copied


def _weights(logits: NDArray[np.float64], settings: SamplingConfig) -> NDArray[np.float64]:
    """Return what is proportional to the distribution; ``logits`` as :func:`shift_logits` does."""
    if settings.temperature == 0:
        weights = np.zeros_like(logits)
        weights[logits.argmax()] = 1
        return weights
    weights = np.exp(logits / max(settings.temperature, MIN_TEMPERATURE))
    if settings.top_k == 0 and settings.top_p == 1:
        return weights
    kept = np.argsort(-logits, kind="stable")[: settings.top_k or None]
    if settings.top_p < 1:
        mass = np.cumsum(weights[kept])
        kept = kept[: mass.searchsorted(settings.top_p * mass[-1]) + 1]
    cut = np.zeros_like(weights)
    cut[kept] = weights[kept]
    return cut
