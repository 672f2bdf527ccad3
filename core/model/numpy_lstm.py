"""The network in NumPy, for sampling and scoring without importing torch.

One character through one layer is a matrix times a vector and some arithmetic on short vectors. The
time goes into reading the weights and calling NumPy, and this layout saves both:

- Embedding, input weights and biases of the first layer become one table, a vector per character.
- In the layers above, input and recurrent weights are one matrix ``[W_ih | W_hh]``.
- sigmoid(x) = tanh(x / 2) / 2 + 1/2, so with the rows of the gates i, f and o halved beforehand,
  one tanh serves all four gates. Their order is i, f, o, g.
- Streams are columns: the gates of any number of streams are contiguous, and the same product
  that is matrix × vector for one stream is matrix × matrix for many.
"""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from charloom.core.config import ModelConfig
from charloom.core.errors import CharloomError, memory_for
from charloom.core.model.checkpoint import Checkpoint, Weights

if TYPE_CHECKING:
    from charloom.core.model.known_words import KnownWords

_HALF = np.array(0.5, np.float32)  # as an array, which costs NumPy less than converting a float
_MAX_SUM = 1e38  # a third of what float32 holds: room for the rounding of long sums

Array = NDArray[np.float32]


class LSTMState:
    """The hidden and cell state after a character, for one or more streams of text.

    ``h`` (hidden) and ``c`` (cell) are ``[layers, streams, H]``, float32, and may be written to in
    place. The state also holds the scratch space of a step, so one network may serve many threads
    as long as each has its own state.
    """

    def __init__(self, config: ModelConfig, streams: int = 1) -> None:
        layers, size = config.layers, config.hidden_size
        hidden = np.zeros((layers * size, streams), np.float32)
        cell = np.zeros((layers, size, streams), np.float32)
        self.h: Array = hidden.reshape(cell.shape).transpose(0, 2, 1)
        self.c: Array = cell.transpose(0, 2, 1)
        self._config = config
        # Per layer: the input of its matrix, its h and its c. Above the first layer, the input is
        # the h of the layer below followed by its own, which are adjacent in memory.
        self._layers: list[tuple[Array, Array, Array]] = [
            (
                hidden[max(0, k - 1) * size : (k + 1) * size],
                hidden[k * size : (k + 1) * size],
                cell[k],
            )
            for k in range(layers)
        ]
        self._gates: Array = np.empty((4 * size, streams), np.float32)
        self._sigmoids = self._gates[: 3 * size]
        self._i, self._f, self._o, self._g = self._gates.reshape(4, size, streams)
        self._logits: Array = np.empty((config.vocab_size, streams), np.float32)

    def copy(self) -> "LSTMState":
        """Return an independent copy."""
        copy = LSTMState(self._config, self.h.shape[1])
        copy.h[:] = self.h
        copy.c[:] = self.c
        return copy


class NumpyLSTM:
    """Embedding → LSTM → Linear as ``torch.nn`` computes them, in float32.

    H hidden size, V vocabulary size. The network is immutable; :class:`LSTMState` changes.
    Raises :class:`CharloomError` if the weights are so large that float32 could overflow, or if
    memory is short.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.vocab = checkpoint.vocab
        self.config = checkpoint.model
        self._words = checkpoint.words
        parameters = f"a network of {self.config.parameters:,} parameters"
        with memory_for(parameters, "choose a smaller model"):
            self._set_weights(checkpoint.tensors)
            self._check_size()

    def _set_weights(self, stored: Weights) -> None:
        tensors = {name: np.asarray(t, np.float32) for name, t in stored.items()}
        self._weights: list[Array] = []  # [4H, H], and [4H, 2H] above the first layer
        self._biases: list[Array] = []  # [4H, 1]; that of the first layer is in the table
        with np.errstate(over="ignore", invalid="ignore"):  # refused below
            for k in range(self.config.layers):
                inputs = _reorder_gates(tensors[f"lstm.weight_ih_l{k}"])
                weights = _reorder_gates(tensors[f"lstm.weight_hh_l{k}"])
                bias = _reorder_gates(tensors[f"lstm.bias_ih_l{k}"] + tensors[f"lstm.bias_hh_l{k}"])
                bias = bias[:, None]
                if k == 0:
                    self._table: Array = inputs @ tensors["embedding.weight"].T + bias  # [4H, V]
                else:
                    weights = np.concatenate([inputs, weights], axis=1)
                self._weights.append(weights)
                self._biases.append(bias)
        # The table as V contiguous vectors [4H, 1]: its own columns are scattered in memory.
        self._columns: list[Array] = list(np.ascontiguousarray(self._table.T)[:, :, None])
        self._head = tensors[
            "embedding.weight" if self.config.tie_weights else "head.weight"
        ]  # [V, H]
        self._head_bias = tensors["head.bias"][:, None]

    @cached_property
    def known_words(self) -> "KnownWords | None":
        """The words of the training text, if the checkpoint lists them."""
        from charloom.core.model.known_words import KnownWords  # deferred: few texts need it

        return KnownWords(self._words, self.vocab) if self._words else None

    def _check_size(self) -> None:
        """Raise if a sum could overflow; h is always in [-1, 1]."""
        matrices = [*self._weights, self._head]
        addends = [self._table, *self._biases[1:], self._head_bias]
        for matrix, addend in zip(matrices, addends, strict=True):
            reach = np.abs(matrix).sum(axis=1, dtype=np.float64) + np.abs(addend).max(axis=1)
            if not (reach < _MAX_SUM).all():  # also false for NaN
                raise CharloomError("The weights of this model are too large for float32 sums.")

    def start(self, streams: int = 1) -> LSTMState:
        """Return the empty state."""
        return LSTMState(self.config, streams)

    def step(self, ids: Sequence[int] | NDArray[np.int64], state: LSTMState) -> Array:
        """Read one character per stream and return the logits of the next one ``[streams, V]``.

        Updates ``state`` in place. The result is part of its scratch space: valid until the next
        step.
        """
        logits = state._logits
        self._head.dot(self._advance(ids, state), logits)
        logits += self._head_bias
        return logits.T

    def logits(self, ids: NDArray[np.int64], state: LSTMState) -> Array:
        """Read T characters per stream, ``[streams, T]``, and return logits ``[streams, T, V]``.

        Updates ``state`` in place, so a long text can be read in chunks.
        """
        streams, length = ids.shape
        hidden = np.empty((length, self.config.hidden_size, streams), np.float32)
        for t, column in enumerate(ids.T):
            hidden[t] = self._advance(column, state)
        logits: Array = np.matmul(self._head, hidden)
        logits += self._head_bias
        return logits.transpose(2, 0, 1)

    def trace(self, ids: NDArray[np.int64], state: LSTMState) -> tuple[Array, Array]:
        """Read T characters ``[T]`` in one stream; return h and c after each, ``[layers, T, H]``.

        Updates ``state`` in place, so a long text can be read in chunks.
        """
        layers, size = self.config.layers, self.config.hidden_size
        hidden = np.empty((layers, len(ids), size), np.float32)
        cell = np.empty_like(hidden)
        for t in range(len(ids)):
            self._advance(ids[t : t + 1], state)
            hidden[:, t] = state.h[:, 0]
            cell[:, t] = state.c[:, 0]
        return hidden, cell

    def predict(self, hidden: Array) -> Array:
        """Return the next characters' logits ``[T, V]`` from the last layer's h ``[T, H]``."""
        logits: Array = hidden @ self._head.T
        logits += self._head_bias[:, 0]
        return logits

    def gates(self, ids: NDArray[np.int64], hidden: Array, layer: int, unit: int) -> Array:
        """Return the gates of a unit while it read ``ids`` ``[T]`` from the empty state.

        ``hidden`` ``[layers, T, H]`` is the h of :meth:`trace`. The result ``[4, T]`` has the gates
        i, f and o, from 0 to 1, and the candidate g, from -1 to 1.
        """
        rows = np.arange(4) * self.config.hidden_size + unit
        before = np.zeros_like(hidden[layer])
        before[1:] = hidden[layer, :-1]
        inputs = np.concatenate([hidden[layer - 1], before], axis=1) if layer else before
        gates: Array = self._weights[layer][rows] @ inputs.T
        gates += self._biases[layer][rows] if layer else self._table[rows][:, ids]
        np.tanh(gates, gates)
        gates[:3] *= _HALF
        gates[:3] += _HALF
        return gates

    def _advance(self, ids: Sequence[int] | NDArray[np.int64], state: LSTMState) -> Array:
        """Read one character per stream and return the last layer's h ``[H, streams]``."""
        gates, sigmoids = state._gates, state._sigmoids
        i, f, o, g = state._i, state._f, state._o, state._g
        addend = self._columns[ids[0]] if len(ids) == 1 else self._table.take(ids, axis=1)
        for k, (inputs, h, c) in enumerate(state._layers):
            self._weights[k].dot(inputs, gates)  # the method is faster than np.dot
            gates += self._biases[k] if k else addend
            np.tanh(gates, gates)
            sigmoids *= _HALF
            sigmoids += _HALF
            c *= f
            i *= g
            c += i
            np.tanh(c, h)
            h *= o
        return h


def _reorder_gates(weights: Array) -> Array:
    """Return the 4H rows in the order i, f, o, g instead of i, f, g, o, with i, f, o halved."""
    i, f, g, o = np.split(weights, 4)
    return np.concatenate([i * _HALF, f * _HALF, o * _HALF, g])
