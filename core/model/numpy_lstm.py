"""The network in NumPy: what samples and scores, so that neither ever waits for torch.

One character through one layer is a matrix times a vector and some arithmetic on short vectors, so
what costs time is reading the weights and calling NumPy, and the layout here saves both:

- Embedding, input weights and biases of the first layer become one table, a vector per character.
- In the layers above, input and recurrent weights are one matrix ``[W_ih | W_hh]``.
- sigmoid(x) = tanh(x / 2) / 2 + 1/2, so with the rows of the gates i, f and o halved beforehand,
  one tanh serves all four gates. They stand in the order i, f, o, g.
- Streams are columns: the gates of any number of streams are contiguous, and the same product
  that is matrix × vector for one stream is matrix × matrix for many.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from charloom.core.config import ModelConfig
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint

_HALF = np.array(0.5, np.float32)  # as an array, which costs NumPy less than converting a float
_LARGEST = 1e38  # a third of what float32 holds: room for the rounding of long sums

Array = NDArray[np.float32]


class LSTMState:
    """What the network carries from one character to the next, for one or more streams of text.

    ``h`` (hidden) and ``c`` (cell) are ``[layers, streams, H]``, float32, and may be written to in
    place. Beside them stands the scratch space of a step, so one model may serve many threads as
    long as each has a state of its own.
    """

    def __init__(self, settings: ModelConfig, streams: int = 1) -> None:
        layers, size = settings.layers, settings.hidden_size
        hidden = np.zeros((layers * size, streams), np.float32)
        cell = np.zeros((layers, size, streams), np.float32)
        self.h: Array = hidden.reshape(cell.shape).transpose(0, 2, 1)
        self.c: Array = cell.transpose(0, 2, 1)
        self._settings = settings
        # Per layer: what its matrix is multiplied with, its h and its c. Above the first layer
        # that is the h of the layer below and its own, which lie one after the other.
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
        self._logits: Array = np.empty((settings.vocab_size, streams), np.float32)

    def copy(self) -> "LSTMState":
        """Return a state that goes on from here independently: a branch."""
        branch = LSTMState(self._settings, self.h.shape[1])
        branch.h[:] = self.h
        branch.c[:] = self.c
        return branch


class NumpyLSTM:
    """Embedding → LSTM → Linear as ``torch.nn`` computes them, in float32.

    H hidden size, V vocabulary size. A model does not change; :class:`LSTMState` does.
    Raises :class:`CharloomError` when the weights are so large that float32 could overflow.
    """

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.vocab = checkpoint.vocab
        self.settings = checkpoint.model
        given = {name: np.asarray(t, np.float32) for name, t in checkpoint.tensors.items()}
        self._weights: list[Array] = []  # [4H, H], and [4H, 2H] above the first layer
        self._biases: list[Array] = []  # [4H, 1]; the first one's is in the table
        with np.errstate(over="ignore", invalid="ignore"):  # what overflows is refused below
            for k in range(self.settings.layers):
                inputs = _prepared(given[f"lstm.weight_ih_l{k}"])
                weights = _prepared(given[f"lstm.weight_hh_l{k}"])
                bias = _prepared(given[f"lstm.bias_ih_l{k}"] + given[f"lstm.bias_hh_l{k}"])
                bias = bias[:, None]
                if k == 0:
                    self._table: Array = inputs @ given["embedding.weight"].T + bias  # [4H, V]
                else:
                    weights = np.concatenate([inputs, weights], axis=1)
                self._weights.append(weights)
                self._biases.append(bias)
        # The table again, V times [4H, 1]: a column of the other is scattered over memory.
        self._columns: list[Array] = list(np.ascontiguousarray(self._table.T)[:, :, None])
        self._head = given[
            "embedding.weight" if self.settings.tie_weights else "head.weight"
        ]  # [V, H]
        self._head_bias = given["head.bias"][:, None]
        self._check_size()

    def _check_size(self) -> None:
        """Refuse weights with which anything could overflow: h is never outside [-1, 1]."""
        matrices = [*self._weights, self._head]
        addends = [self._table, *self._biases[1:], self._head_bias]
        for matrix, addend in zip(matrices, addends, strict=True):
            reach = np.abs(matrix).sum(axis=1, dtype=np.float64) + np.abs(addend).max(axis=1)
            if not (reach < _LARGEST).all():  # false for NaN, too
                raise CharloomError("The weights of this model are too large to compute with.")

    def start(self, streams: int = 1) -> LSTMState:
        """Return the empty state."""
        return LSTMState(self.settings, streams)

    def step(self, ids: Sequence[int] | NDArray[np.int64], state: LSTMState) -> Array:
        """Let each stream read one character, and return the logits of the next ``[streams, V]``.

        ``state`` goes on in place. The result is its scratch space: valid until the next step.
        """
        logits = state._logits
        self._head.dot(self._advance(ids, state), logits)
        logits += self._head_bias
        return logits.T

    def logits(self, ids: NDArray[np.int64], state: LSTMState) -> Array:
        """Let each stream read T characters ``[streams, T]``, and return ``[streams, T, V]``.

        ``state`` goes on in place, so a long text can be read in pieces.
        """
        streams, length = ids.shape
        hidden = np.empty((length, self.settings.hidden_size, streams), np.float32)
        for t, column in enumerate(ids.T):
            hidden[t] = self._advance(column, state)
        logits: Array = np.matmul(self._head, hidden)
        logits += self._head_bias
        return logits.transpose(2, 0, 1)

    def trace(self, ids: NDArray[np.int64], state: LSTMState) -> tuple[Array, Array]:
        """Let one stream read T characters ``[T]``; return h and c after each ``[layers, T, H]``.

        ``state`` goes on in place, so a long text can be read in pieces.
        """
        layers, size = self.settings.layers, self.settings.hidden_size
        hidden = np.empty((layers, len(ids), size), np.float32)
        cell = np.empty_like(hidden)
        for t in range(len(ids)):
            self._advance(ids[t : t + 1], state)
            hidden[:, t] = state.h[:, 0]
            cell[:, t] = state.c[:, 0]
        return hidden, cell

    def predict(self, hidden: Array) -> Array:
        """Return the logits ``[T, V]`` of what follows, from the last layer's h ``[T, H]``."""
        logits: Array = hidden @ self._head.T
        logits += self._head_bias[:, 0]
        return logits

    def gates(self, ids: NDArray[np.int64], hidden: Array, layer: int, unit: int) -> Array:
        """Return what the gates of a unit were as it read ``ids`` ``[T]`` from the empty state.

        ``hidden`` ``[layers, T, H]`` is the h that :meth:`trace` gave. The result ``[4, T]`` has
        the gates i, f and o, from 0 to 1, and g, what i lets in, from -1 to 1.
        """
        rows = np.arange(4) * self.settings.hidden_size + unit
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
        """Read one character per stream; return the last layer's h ``[H, streams]``."""
        gates, sigmoids = state._gates, state._sigmoids
        i, f, o, g = state._i, state._f, state._o, state._g
        addend = self._columns[ids[0]] if len(ids) == 1 else self._table.take(ids, axis=1)
        for k, (inputs, h, c) in enumerate(state._layers):
            self._weights[k].dot(inputs, gates)  # the method: np.dot costs a detour
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


def _prepared(weights: Array) -> Array:
    """Reorder the 4H rows from i, f, g, o to i, f, o, g, and halve those of i, f and o."""
    i, f, g, o = np.split(weights, 4)
    return np.concatenate([i * _HALF, f * _HALF, o * _HALF, g])
