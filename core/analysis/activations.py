"""Surprise and activations of a network, character by character.

*Surprise* is -log2 of the probability that the network gave the character that came. The *gates*
and the *cell state* belong to each unit: f says how much of its cell it keeps, i how much new input
it lets in, o how much of the cell the rest of the network sees (Hochreiter & Schmidhuber 1997;
Gers et al. 2000)::

    c = f c + i g        h = o tanh(c)

The network reads the text once, from the empty state. The states are stored; everything else is
computed from them on request.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.scoring import losses
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import Cancelled, CharloomError, memory_for
from charloom.core.model.numpy_lstm import Array, NumpyLSTM

MAX_CHARACTERS = 10_000
"""Characters of a traced text: the states of one layer of 512 units then take 41 MB."""

_CHUNK_CHARACTERS = 256  # read between two checks for cancellation


class UnitSignal(StrEnum):
    """A signal of a unit: its cell, as tanh(c), or one of its gates."""

    CELL = "cell"
    FORGET = "forget"
    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class NextCharacter:
    """A possible next character and its predicted probability."""

    character: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A text of N characters as ``network`` read it; M of them were read.

    ``bits`` ``[N]`` is NaN where nothing was predicted: at the first character that was read, and
    at characters that the vocabulary lacks. As in scoring, the network reads the placeholder for
    these if it has one, and skips them otherwise.
    """

    network: NumpyLSTM = field(repr=False)
    text: str
    bits: NDArray[np.float64] = field(repr=False)
    ids: NDArray[np.int64] = field(repr=False)  # [M]: the characters that were read
    hidden: Array = field(repr=False)  # [layers, M, H]: the state after each of them
    cell: Array = field(repr=False)  # [layers, M, H]
    positions: NDArray[np.int64] = field(repr=False)  # [M]: their positions in the text

    @property
    def predicted(self) -> int:
        """The number of predicted characters."""
        return int(np.count_nonzero(~np.isnan(self.bits)))

    @property
    def bits_per_char(self) -> float:
        """The mean surprise of the predicted characters; equal to the carried score of the text."""
        return float(np.nansum(self.bits)) / self.predicted

    def alternatives(self, position: int, count: int) -> list[NextCharacter]:
        """Return the ``count`` likeliest characters at ``position``, given the text before it.

        The list is empty if no character was read before ``position``.
        """
        read_before = int(np.searchsorted(self.positions, position))
        if read_before == 0:
            return []
        hidden = self.hidden[-1, read_before - 1 : read_before]
        logits = self.network.predict(hidden)[0].astype(np.float64)
        probabilities = np.exp(logits - logits.max())
        probabilities /= probabilities.sum()
        likeliest = np.argsort(-probabilities, kind="stable")[:count]
        chars = self.network.vocab.chars
        return [NextCharacter(chars[i], float(probabilities[i])) for i in likeliest]

    def signal(self, signal: UnitSignal, layer: int, unit: int) -> NDArray[np.float32]:
        """Return a signal ``[N]`` of a unit after each character; layer and unit count from 0.

        It is NaN before the first character that was read; a skipped character has the value of
        the one before it. Raises :class:`CharloomError` if there is no such layer or unit.
        """
        config = self.network.config
        if not (0 <= layer < config.layers and 0 <= unit < config.hidden_size):
            raise CharloomError(
                f"This network has layers 1 to {config.layers} "
                f"with units 1 to {config.hidden_size} each."
            )
        if signal is UnitSignal.CELL:
            values = np.tanh(self.cell[layer, :, unit])
        else:
            gates = self.network.gates(self.ids, self.hidden, layer, unit)
            values = gates[(UnitSignal.INPUT, UnitSignal.FORGET, UnitSignal.OUTPUT).index(signal)]
        read_up_to = np.searchsorted(self.positions, np.arange(len(self.text)), "right")
        return np.append(np.float32(np.nan), values)[read_up_to]


def trace(network: NumpyLSTM, text: str, cancelled: Callable[[], bool] = lambda: False) -> Trace:
    """Return the trace of ``network`` on the first :data:`MAX_CHARACTERS` characters of ``text``.

    Raises :class:`CharloomError` when fewer than two of them are in the vocabulary, and
    :class:`Cancelled` as soon as ``cancelled`` returns true.
    """
    text = text[:MAX_CHARACTERS]
    vocab = network.vocab
    is_known = np.fromiter((c in vocab.c2ix for c in text), np.bool_, len(text))
    is_read = np.ones_like(is_known) if PLACEHOLDER in vocab.c2ix else is_known
    if np.count_nonzero(is_read) < 2 or not is_known[is_read][1:].any():
        raise CharloomError(
            "This text is too short to inspect. Use one with at least two characters that the "
            "model knows."
        )
    positions = np.flatnonzero(is_read)
    ids = vocab.encode("".join(text[i] for i in positions))
    config = network.config
    states = (
        f"the states of {config.layers} × {config.hidden_size:,} units at {len(ids):,} characters"
    )
    with memory_for(states, "use a shorter text or a smaller model"):
        state = network.start()
        chunks = []
        for start in range(0, len(ids), _CHUNK_CHARACTERS):
            if cancelled():
                raise Cancelled("The trace was cancelled.")
            chunks.append(network.trace(ids[start : start + _CHUNK_CHARACTERS], state))
        hidden, cell = (np.concatenate(parts, axis=1) for parts in zip(*chunks, strict=True))
    bits = np.full(len(text), np.nan)
    bits[positions[1:]] = losses(network.predict(hidden[-1, :-1]), ids[1:]) / math.log(2)
    bits[~is_known] = np.nan
    return Trace(network, text, bits, ids, hidden, cell, positions)
