"""Stage 10: generation. Sample a character from the network's prediction, feed it back, repeat."""

import copy
import math
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError, SettingError
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig, is_integer

MIN_TEMPERATURE = 1e-30  # dividing differences of float32 logits by this cannot overflow
_MAX_SEED = 2**63 - 1
_CHUNK_CHARACTERS = 4096  # of a prompt read at a time: bounds the memory


class Sampled(NamedTuple):
    """A sampled character and its probability at temperature 1 without any cut.

    The -log2 of the probabilities are the bits that scoring the text gives.
    """

    character: str
    probability: float


class Option(NamedTuple):
    """A character that may come next, and its probability at the temperature and the cuts.

    A character that is cut has the probability that it would have without any cut.
    """

    character: str
    probability: float
    kept: bool


@dataclass(frozen=True, slots=True, eq=False)
class Prediction:
    """The prediction of the character after a text: a snapshot that any thread may read.

    Attributes:
        logits: of the next character, ``[V]``, at most 0.
        word: the unfinished word at the end of the text.
        excluded_id: the id that is never drawn, if there is one.
    """

    network: NumpyLSTM
    logits: NDArray[np.float64]
    word: str
    excluded_id: int | None

    def options(self, config: SamplingConfig, count: int) -> list[Option]:
        """Return the ``count`` likeliest characters, and before all others those that are kept."""
        logits = self.logits.copy()
        if self.excluded_id is not None:
            logits[self.excluded_id] = -math.inf
        masked = logits.copy()
        mask_logits(self.network, masked, config, self.word, self.excluded_id)
        kept = distribution(masked, config)
        ids = np.lexsort((-logits, kept == 0))[:count].tolist()
        chars = self.network.vocab.chars
        uncut = kept
        if not kept[ids].all():
            uncut = distribution(logits, SamplingConfig(config.temperature))
        return [
            Option(chars[i], kept.item(i) or uncut.item(i), kept.item(i) > 0)
            for i in ids
            if i != self.excluded_id
        ]


def distribution(logits: NDArray[np.floating], config: SamplingConfig) -> NDArray[np.float64]:
    """Return the sampling probabilities ``[V]`` of a character, given its logits ``[V]``."""
    weights = _weights(shift_logits(logits), config)
    weights /= weights.sum()
    return weights


def draw(weights: NDArray[np.float64], uniform: float) -> int:
    """Return the id at ``uniform``, from [0, 1), of the inverse CDF of ``weights`` ``[V]``.

    The weights need not sum to 1. An id with weight 0 is never drawn, and rounding never leads past
    the last: in float64, for every ``uniform`` below 1, ``uniform * total`` is below ``total``.
    """
    cumulative = np.add.accumulate(weights)
    return int(cumulative.searchsorted(uniform * cumulative.item(-1), side="right"))


class Sampler(Iterator[Sampled]):
    """An endless text, sampled one character at a time in constant memory.

    ``config`` may be replaced at any time and applies from the next character on. The same network,
    prompt, config and seed give the same text. The :data:`PLACEHOLDER` of rare characters is never
    drawn, but keeps its share of the other characters' ``probability``.
    """

    def __init__(self, network: NumpyLSTM, prompt: str, config: SamplingConfig, seed: int) -> None:
        """Read ``prompt``, whose characters must be in the network's vocabulary.

        An empty prompt means the start of a line: the network reads one newline (or, if it knows
        none, its first character), which is not part of the text.
        """
        vocab = network.vocab
        self.config = config
        self.network = network
        self.word = ""  # the last one of the text so far, if it is unfinished
        self._logits: NDArray[np.float64] | None = None  # of the next character, once it is known
        require_words(network, config)
        self.excluded_id = vocab.c2ix.get(PLACEHOLDER)
        """The id that is never drawn, if there is one."""
        if self.excluded_id is not None and len(vocab) == 1:
            raise CharloomError(
                "This model knows only the placeholder of rare characters; train one with more."
            )
        self._uniform = uniform_source(seed).random
        self.state = network.start()
        if not prompt:
            prompt = "\n" if "\n" in vocab.c2ix else vocab.chars[0]
        for start in range(0, len(prompt) - 1, _CHUNK_CHARACTERS):
            chunk = prompt[start : min(start + _CHUNK_CHARACTERS, len(prompt) - 1)]
            network.logits(vocab.encode(chunk)[None], self.state)
        self.last_id = int(vocab.encode(prompt[-1])[0])
        if network.known_words:
            self.word = network.known_words.read(prompt[-_CHUNK_CHARACTERS:])

    def fork(self, seed: int) -> "Sampler":
        """Return a sampler of another text that continues from here."""
        other = copy.copy(self)
        other.state = self.state.copy()
        other._uniform = uniform_source(seed).random
        other._logits = None if self._logits is None else self._logits.copy()
        return other

    def predict(self) -> Prediction:
        """Return the prediction of the next character, which is not drawn yet."""
        self._logits = self._read_last()
        return Prediction(self.network, self._logits.copy(), self.word, self.excluded_id)

    def _read_last(self) -> NDArray[np.float64]:
        """Return the shifted logits ``[V]`` after the last character, which is read once only."""
        if self._logits is not None:
            return self._logits
        return shift_logits(self.network.step((self.last_id,), self.state)[0])

    def __next__(self) -> Sampled:
        return self.take()

    def take(self, choice: str = "") -> Sampled:
        """Draw the next character, or take ``choice`` instead, which may be cut.

        Either uses up one random number, so to choose what would be drawn changes nothing. Raises
        :class:`CharloomError` for a choice that the network does not know.
        """
        last_id = int(self.network.vocab.encode(choice)[0]) if choice else None
        logits, self._logits = self._read_last(), None
        exponentials = np.exp(logits)
        uniform = self._uniform()
        if last_id is None:
            if mask_logits(self.network, logits, self.config, self.word, self.excluded_id):
                logits = shift_logits(logits)
            last_id = draw(_weights(logits, self.config), uniform)
        self.last_id = last_id
        probability = exponentials.item(last_id) / np.add.reduce(exponentials).item()
        character = self.network.vocab.chars[last_id]
        if words := self.network.known_words:
            self.word = words.read(character, self.word)
        # Even if the network is certain of the placeholder, a drawn character is not impossible.
        return Sampled(character, probability or sys.float_info.min)


def uniform_source(seed: int) -> np.random.Generator:
    """Return the generator of a text's uniform random numbers, one for each character."""
    if not (is_integer(seed) and 0 <= seed <= _MAX_SEED):
        raise SettingError("seed", f"is a whole number from 0 to {_MAX_SEED:,}, not {seed!r}.")
    return np.random.Generator(np.random.PCG64(seed))


def require_words(network: NumpyLSTM, config: SamplingConfig) -> None:
    """Raise :class:`CharloomError` if ``config`` wants known words and there is no list of them."""
    if config.words == "known" and network.known_words is None:
        raise CharloomError(
            "This model has no list of known words, since it was trained by an earlier version or "
            "without words; train it again, or let it write any words."
        )


def mask_logits(
    network: NumpyLSTM,
    logits: NDArray[np.float64],
    config: SamplingConfig,
    word: str,
    excluded_id: int | None,
) -> bool:
    """Set the logits ``[V]`` of characters that must not follow to -inf; return if there are any.

    ``word`` is the unfinished word at the end of the text.
    """
    mask = None
    if config.words == "known":
        require_words(network, config)
        assert network.known_words
        mask = network.known_words.mask(word)
    if mask is not None:
        logits += mask
    elif excluded_id is not None:
        logits[excluded_id] = -math.inf
    return mask is not None or excluded_id is not None


def shift_logits(logits: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return a float64 copy of ``[…, V]`` with a maximum of 0, so that exp cannot overflow."""
    shifted = logits.astype(np.float64, order="C")
    shifted -= shifted.max(axis=-1, keepdims=True)
    return shifted


def _weights(logits: NDArray[np.float64], config: SamplingConfig) -> NDArray[np.float64]:
    """Return weights proportional to the probabilities; ``logits`` are shifted."""
    if config.temperature == 0:
        weights = np.zeros_like(logits)
        weights[logits.argmax()] = 1
        return weights
    weights = np.exp(logits / max(config.temperature, MIN_TEMPERATURE))
    if config.top_k or config.top_p < 1:
        order = np.argsort(-logits, kind="stable")
        kept = order[: config.top_k or None]
        if config.top_p < 1:
            mass = np.cumsum(weights[kept])
            kept = kept[: mass.searchsorted(config.top_p * mass[-1]) + 1]
        weights[order[len(kept) :]] = 0
    if config.min_p:
        weights[weights < config.min_p] = 0  # the likeliest has weight 1
    return weights
