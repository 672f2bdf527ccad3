"""Stage 10 for many texts at once: each with settings and a seed of its own, drawn side by side.

What a character costs is mostly the reading of the weights, and that costs the same for sixteen
texts as for one. So they advance together: the matrix times one vector becomes the matrix times
one matrix, with a column for each.
"""

import sys
from collections import deque
from collections.abc import Iterator, Sequence
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import (
    MIN_TEMPERATURE,
    Sampled,
    Sampler,
    shift_logits,
    uniform_source,
)

_NUMBERS = 256  # drawn at a time for each text
_ROUNDING = 1e-5
"""What a logit differs by for being summed in another order: with H 512 that is the mean over many
characters of the largest such difference. Twice it is the most by which a cumulative probability
was off, relative to the smaller side of it, in 6,400 characters."""

Floats = NDArray[np.float64]


class BatchSampler:
    """Endless texts that follow one prompt; each is the one that a :class:`Sampler` alone gives.

    ``texts`` may be read in any order, and each to any length: what is drawn of one while another
    is read waits for it.

    A product with many columns adds in another order than one with a single column, so the logits
    differ in their last digits. That matters only where a uniform number falls on the very edge
    between two characters, or a cut between two logits that are all but equal. There a stream of
    its own reads what the text has come to, and decides.
    """

    def __init__(
        self,
        model: NumpyLSTM,
        prompt: str,
        settings: Sequence[SamplingConfig],
        seeds: Sequence[int],
    ) -> None:
        """Read ``prompt`` as a :class:`Sampler` does; there are as many texts as ``seeds``."""
        first = Sampler(model, prompt, settings[0], seeds[0])
        self._model, self._never = model, first.never
        self._alone = [first.sibling(*each) for each in zip(settings, seeds, strict=True)]
        self._unread: list[list[int]] = [[] for _ in seeds]  # by the text's stream of its own
        self._state = model.start(len(seeds))
        self._state.h[:], self._state.c[:] = first.state.h, first.state.c
        self._newest = np.full(len(seeds), first.newest)
        self._rule = self._made_rule()
        self._sources = [uniform_source(seed) for seed in seeds]
        self._uniform: Iterator[Floats] = iter(())
        self._drawn, self._seconds = 0, 0.0
        self.texts = [BatchLane(self, index) for index in range(len(seeds))]

    def steer(self, index: int, settings: SamplingConfig) -> None:
        """Let the text at ``index`` be drawn with ``settings`` from the next character on."""
        self._alone[index].settings = settings
        self._rule = self._made_rule()

    def settings(self, index: int) -> SamplingConfig:
        """Return what the text at ``index`` is drawn with."""
        return self._alone[index].settings

    def _made_rule(self) -> "_BatchRule":
        return _BatchRule([alone.settings for alone in self._alone], len(self._model.vocab))

    @property
    def chars_per_second(self) -> float:
        """How fast all the texts together are drawn."""
        return len(self.texts) * self._drawn / self._seconds if self._seconds else 0.0

    def advance(self) -> None:
        """Draw the next character of every text."""
        began = perf_counter()
        logits = shift_logits(self._model.step(self._newest, self._state))  # [texts, V]
        network = np.exp(logits)
        if self._never is not None:
            logits[:, self._never] = -np.inf
            logits = shift_logits(logits)
        self._newest, doubtful = self._rule.draw(logits, self._next_uniform())
        for unread, newest in zip(self._unread, self._newest.tolist(), strict=True):
            unread.append(newest)
        for index in np.flatnonzero(doubtful).tolist():
            self._decide(index)
        chosen = np.take_along_axis(network, self._newest[:, None], axis=1)[:, 0]
        probabilities = np.maximum(chosen / network.sum(axis=1), sys.float_info.min)
        chars = self._model.vocab.chars
        drawn = zip(self._newest.tolist(), probabilities.tolist(), strict=True)
        for text, (newest, probability) in zip(self.texts, drawn, strict=True):
            text.waiting.append(Sampled(chars[newest], probability))
        self._drawn += 1
        self._seconds += perf_counter() - began

    def _next_uniform(self) -> Floats:
        """Return the next number from [0, 1) of every text."""
        row = next(self._uniform, None)
        if row is None:
            drawn = np.stack([source.random(_NUMBERS) for source in self._sources], axis=1)
            self._uniform = iter(drawn)
            row = next(self._uniform)
        return row

    def _decide(self, index: int) -> None:
        """Let the text at ``index`` take its newest character, and the state, from its stream."""
        alone, unread = self._alone[index], self._unread[index]
        alone.follow(unread[:-1])
        next(alone)
        unread.clear()
        self._newest[index] = alone.newest
        self._state.h[:, index], self._state.c[:, index] = alone.state.h[:, 0], alone.state.c[:, 0]


class BatchLane(Iterator[Sampled]):
    """One of the texts: what was drawn of it and waits, then what comes."""

    def __init__(self, streams: BatchSampler, index: int) -> None:
        self._streams, self._index = streams, index
        self.waiting: deque[Sampled] = deque()

    @property
    def settings(self) -> SamplingConfig:
        """What it is drawn with; a change holds from the next character that has to be drawn on."""
        return self._streams.settings(self._index)

    @settings.setter
    def settings(self, settings: SamplingConfig) -> None:
        self._streams.steer(self._index, settings)

    def __next__(self) -> Sampled:
        if not self.waiting:
            self._streams.advance()
        return self.waiting.popleft()


class _BatchRule:
    """How the texts are drawn: what :mod:`core.sampling.sampler` does for one, for all at once."""

    def __init__(self, settings: Sequence[SamplingConfig], size: int) -> None:
        column = (len(settings), 1)
        temperature = np.array([each.temperature for each in settings]).reshape(column)
        top_k = np.array([each.top_k or size for each in settings]).reshape(column)
        top_p = np.array([each.top_p for each in settings]).reshape(column)
        self._temperature = np.maximum(temperature, MIN_TEMPERATURE)
        self._top_k = np.where(temperature == 0, 1, np.minimum(top_k, size))
        self._top_p = np.where(top_p == 1, np.inf, top_p)
        self._cuts = bool((self._top_k < size).any() or (top_p < 1).any())
        # Relative to the smaller side, what a cumulative weight may differ by.
        self._slack = 2 * _ROUNDING / self._temperature

    def draw(self, logits: Floats, uniform: Floats) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Draw an id for each text from logits ``[texts, V]``, and tell where rounding decided."""
        weights = np.exp(logits / self._temperature)
        doubtful = np.zeros(len(logits), np.bool_)
        if self._cuts:
            weights, doubtful = self._cut(logits, weights)
        cumulative = np.add.accumulate(weights, axis=1)
        target = uniform[:, None] * cumulative[:, -1:]
        return (cumulative <= target).sum(axis=1), doubtful | self._close(cumulative, target)

    def _cut(self, logits: Floats, weights: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        order = np.argsort(-logits, axis=1, kind="stable")
        ranks = np.arange(logits.shape[1])
        ordered = np.take_along_axis(weights, order, axis=1)
        ordered[ranks >= self._top_k] = 0
        mass = np.cumsum(ordered, axis=1)
        reach = self._top_p * mass[:, -1:]
        kept = np.minimum((mass < reach).sum(axis=1, keepdims=True) + 1, self._top_k)
        ordered[ranks >= kept] = 0
        cut = np.empty_like(weights)
        np.put_along_axis(cut, order, ordered, axis=1)
        descending = np.take_along_axis(logits, order, axis=1)
        last, next_ = kept - 1, np.minimum(kept, logits.shape[1] - 1)
        gap = np.take_along_axis(descending, last, 1) - np.take_along_axis(descending, next_, 1)
        even = (gap <= 4 * _ROUNDING) & (last != next_)
        return cut, even[:, 0] | self._close(mass, reach)

    def _close(self, cumulative: Floats, target: Floats) -> NDArray[np.bool_]:
        """Return for which texts a cumulative weight may be on either side of its target."""
        smaller = np.minimum(cumulative, cumulative[:, -1:] - cumulative)
        close = np.abs(cumulative - target) <= smaller * self._slack
        return np.asarray(close.any(axis=1))
