"""Sample many texts from one prompt at once, each with its own settings and seed.

Most of the cost of a character is reading the weights, which costs the same for sixteen texts as
for one. So all texts advance together, one column each: matrix × vector becomes matrix × matrix.
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
    mask_logits,
    shift_logits,
    uniform_source,
)

_UNIFORMS_PER_DRAW = 256
_ROUNDING = 1e-5
"""Difference of a logit that is summed in another order: with H 512, the mean over many
characters of the largest such difference. In 6,400 characters, no cumulative probability was off by
more than twice this, relative to the smaller side of it."""

Floats = NDArray[np.float64]


class BatchSampler:
    """Endless texts that continue one prompt; each equals that of a :class:`Sampler` of its own.

    ``lanes`` holds one iterator per text. They may be read in any order and to any length:
    characters sampled for one while another is read wait in its queue.

    A product with many columns sums in another order than one with a single column, so the logits
    differ in their last digits. That matters only if a uniform number falls on the edge between two
    characters, or if a cut separates two almost equal logits. In these cases the text's own
    :class:`Sampler` reads the text so far and decides.
    """

    def __init__(
        self,
        network: NumpyLSTM,
        prompt: str,
        configs: Sequence[SamplingConfig],
        seeds: Sequence[int],
    ) -> None:
        """Read ``prompt`` like a :class:`Sampler`; there is one text for each of ``seeds``."""
        first = Sampler(network, prompt, configs[0], seeds[0])
        self.network, self._excluded_id = network, first.excluded_id
        self._samplers = [first.fork(*pair) for pair in zip(configs, seeds, strict=True)]
        self._unread: list[list[int]] = [[] for _ in seeds]  # ids its sampler has not read yet
        self._state = network.start(len(seeds))
        self._state.h[:], self._state.c[:] = first.state.h, first.state.c
        self._last_ids = np.full(len(seeds), first.last_id)
        self._words = [first.word] * len(seeds)
        self._rule = self._make_rule()
        self._sources = [uniform_source(seed) for seed in seeds]
        self._uniforms: Iterator[Floats] = iter(())
        self._steps, self._seconds = 0, 0.0
        self.lanes = [BatchLane(self, index) for index in range(len(seeds))]

    def config(self, index: int) -> SamplingConfig:
        """Return the settings of the text at ``index``."""
        return self._samplers[index].config

    def set_config(self, index: int, config: SamplingConfig) -> None:
        """Sample the text at ``index`` with ``config`` from the next character on."""
        self._samplers[index].config = config
        self._rule = self._make_rule()

    def _make_rule(self) -> "_BatchRule":
        configs = [sampler.config for sampler in self._samplers]
        return _BatchRule(configs, len(self.network.vocab))

    @property
    def chars_per_second(self) -> float:
        """The speed of all texts together."""
        return len(self.lanes) * self._steps / self._seconds if self._seconds else 0.0

    def step(self) -> None:
        """Sample the next character of every text."""
        began = perf_counter()
        logits = shift_logits(self.network.step(self._last_ids, self._state))  # [texts, V]
        exponentials = np.exp(logits)
        masked = [
            mask_logits(self.network, row, sampler.config, word, self._excluded_id)
            for row, sampler, word in zip(logits, self._samplers, self._words, strict=True)
        ]
        if any(masked):
            logits = shift_logits(logits)
        self._last_ids, ambiguous = self._rule.draw(logits, self._next_uniforms())
        for unread, last_id in zip(self._unread, self._last_ids.tolist(), strict=True):
            unread.append(last_id)
        for index in np.flatnonzero(ambiguous).tolist():
            self._resolve_exactly(index)
        chosen = np.take_along_axis(exponentials, self._last_ids[:, None], axis=1)[:, 0]
        probabilities = np.maximum(chosen / exponentials.sum(axis=1), sys.float_info.min)
        chars = self.network.vocab.chars
        if words := self.network.known_words:
            self._words = [
                words.read(chars[last_id], word)
                for last_id, word in zip(self._last_ids.tolist(), self._words, strict=True)
            ]
        for lane, last_id, probability in zip(
            self.lanes, self._last_ids.tolist(), probabilities.tolist(), strict=True
        ):
            lane.pending.append(Sampled(chars[last_id], probability))
        self._steps += 1
        self._seconds += perf_counter() - began

    def _next_uniforms(self) -> Floats:
        """Return the next number from [0, 1) for every text, ``[texts]``."""
        row = next(self._uniforms, None)
        if row is None:
            columns = [source.random(_UNIFORMS_PER_DRAW) for source in self._sources]
            self._uniforms = iter(np.stack(columns, axis=1))
            row = next(self._uniforms)
        return row

    def _resolve_exactly(self, index: int) -> None:
        """Take the last character and the state of the text at ``index`` from its sampler."""
        sampler, unread = self._samplers[index], self._unread[index]
        sampler.advance_with(unread[:-1])
        next(sampler)
        unread.clear()
        self._last_ids[index] = sampler.last_id
        self._state.h[:, index] = sampler.state.h[:, 0]
        self._state.c[:, index] = sampler.state.c[:, 0]


class BatchLane(Iterator[Sampled]):
    """One of the texts of a :class:`BatchSampler`."""

    def __init__(self, batch: BatchSampler, index: int) -> None:
        self._batch, self._index = batch, index
        self.pending: deque[Sampled] = deque()  # sampled but not yet read

    @property
    def network(self) -> NumpyLSTM:
        """The network that predicts the characters."""
        return self._batch.network

    @property
    def config(self) -> SamplingConfig:
        """The text's settings; a change applies to characters that are not sampled yet."""
        return self._batch.config(self._index)

    @config.setter
    def config(self, config: SamplingConfig) -> None:
        self._batch.set_config(self._index, config)

    def __next__(self) -> Sampled:
        if not self.pending:
            self._batch.step()
        return self.pending.popleft()


class _BatchRule:
    """The sampling rule of :mod:`core.sampling.sampler`, for all texts at once."""

    def __init__(self, configs: Sequence[SamplingConfig], vocab_size: int) -> None:
        temperature = np.array([[config.temperature] for config in configs])
        top_k = np.array([[config.top_k or vocab_size] for config in configs])
        top_p = np.array([[config.top_p] for config in configs])
        min_p = np.array([[config.min_p if config.temperature else 0.0] for config in configs])
        self._temperature = np.maximum(temperature, MIN_TEMPERATURE)
        self._top_k = np.where(temperature == 0, 1, np.minimum(top_k, vocab_size))
        self._top_p = np.where(top_p == 1, np.inf, top_p)
        self._has_top_cuts = bool((self._top_k < vocab_size).any() or (top_p < 1).any())
        self._has_min_p = bool(min_p.any())
        with np.errstate(divide="ignore"):  # the lowest logit that min-p keeps, if it is finite
            self._floor = np.maximum(self._temperature * np.log(min_p), -sys.float_info.max)
        # possible error of a cumulative weight, relative to the smaller side of it
        self._slack = 2 * _ROUNDING / self._temperature

    def draw(self, logits: Floats, uniforms: Floats) -> tuple[NDArray[np.intp], NDArray[np.bool_]]:
        """Draw an id for each text from logits ``[texts, V]``; also return where rounding decided.

        Both results are ``[texts]``.
        """
        weights = np.exp(logits / self._temperature)
        ambiguous = np.zeros(len(logits), np.bool_)
        if self._has_top_cuts:
            weights, ambiguous = self._cut(logits, weights)
        if self._has_min_p:
            ambiguous |= self._apply_min_p(logits, weights)
        cumulative = np.add.accumulate(weights, axis=1)
        target = uniforms[:, None] * cumulative[:, -1:]
        return (cumulative <= target).sum(axis=1), ambiguous | self._is_close(cumulative, target)

    def _cut(self, logits: Floats, weights: Floats) -> tuple[Floats, NDArray[np.bool_]]:
        """Apply top-k and top-p; return the weights and where rounding may move a cut."""
        order = np.argsort(-logits, axis=1, kind="stable")
        ranks = np.arange(logits.shape[1])
        ordered = np.take_along_axis(weights, order, axis=1)
        ordered[ranks >= self._top_k] = 0
        mass = np.cumsum(ordered, axis=1)
        target = self._top_p * mass[:, -1:]
        kept = np.minimum((mass < target).sum(axis=1, keepdims=True) + 1, self._top_k)
        ordered[ranks >= kept] = 0
        result = np.empty_like(weights)
        np.put_along_axis(result, order, ordered, axis=1)

        descending = np.take_along_axis(logits, order, axis=1)
        last, after = kept - 1, np.minimum(kept, logits.shape[1] - 1)
        with np.errstate(invalid="ignore"):  # two characters that are left out
            gap = np.take_along_axis(descending, last, 1) - np.take_along_axis(descending, after, 1)
        tied = (gap <= 4 * _ROUNDING) & (last != after)
        return result, tied[:, 0] | self._is_close(mass, target)

    def _apply_min_p(self, logits: Floats, weights: Floats) -> NDArray[np.bool_]:
        """Remove the weights below min-p; return where rounding may decide."""
        weights[logits < self._floor] = 0
        close = np.abs(logits - self._floor) <= 4 * _ROUNDING
        likeliest = -self._floor <= 4 * _ROUNDING  # is close, too, but always stays
        return np.asarray(close.sum(axis=1) > likeliest[:, 0])

    def _is_close(self, cumulative: Floats, target: Floats) -> NDArray[np.bool_]:
        """Return for which texts a cumulative weight may be on either side of its target."""
        smaller = np.minimum(cumulative, cumulative[:, -1:] - cumulative)
        close = np.abs(cumulative - target) <= smaller * self._slack
        return np.asarray(close.any(axis=1))
