"""How well a model predicts a text: the two measures of loss, in NumPy.

*Carried*: each character is predicted from all that stands before it, or from at least the
``CONTEXT`` characters before it. *Windowed-W*: independent windows of W characters, each from the
empty state; a window reads W + 1 characters and predicts W of them, as transformer baselines do
with block size W, and a last, shorter window is counted too.

In both, every character but the first is predicted once. Characters the model does not know are
counted, not predicted, and the text is not changed for them: the network reads the placeholder in
their place when it has one, and nothing otherwise.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.numpy_lstm import Array, NumpyLSTM

CONTEXT = 1_000
"""Characters each parallel lane reads, uncounted, before its own begin."""

_LANE = 10 * CONTEXT  # characters a lane counts: what it reads uncounted is at most a tenth of it
_LANES = 64  # per worker: matrix products are near their best speed, and their memory is small
_LOGITS = 1 << 20  # computed at a time by a worker: 4 MB
_WORKERS = 8  # more would mostly wait for each other


@dataclass(frozen=True, slots=True)
class Score:
    """The mean loss over the ``characters`` that were predicted; ``unknown`` ones were not."""

    characters: int
    nats_per_char: float
    unknown: int

    @property
    def bits_per_char(self) -> float:
        """The loss in bits."""
        return self.nats_per_char / math.log(2)


@dataclass(frozen=True, slots=True)
class _EncodedText:
    """``ids`` ``[N]``, and for each whether its prediction counts."""

    ids: NDArray[np.int64]
    known: NDArray[np.bool_]
    unknown: int


def carried(model: NumpyLSTM, text: str) -> Score:
    """Return the carried loss of ``text``."""
    read = _read(model, text)
    predictions = len(read.ids) - 1
    lanes = max(1, predictions // _LANE)
    bounds = np.arange(lanes + 1) * predictions // lanes
    return _score(model, read, np.maximum(bounds[:-1] - CONTEXT, 0), bounds[:-1], bounds[1:])


def windowed(model: NumpyLSTM, text: str, window: int = 256) -> Score:
    """Return the windowed loss of ``text`` for windows of ``window`` predicted characters."""
    if window < 1:
        raise CharloomError(f"A window has one character or more, not {window!r}.")
    read = _read(model, text)
    predictions = len(read.ids) - 1
    first = np.arange(0, predictions, window)
    return _score(model, read, first, first, np.minimum(first + window, predictions))


def losses(logits: Array, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cross-entropy ``[…]`` in nats of logits ``[…, V]``, which are used up."""
    logits -= logits.max(axis=-1, keepdims=True)  # so that no exp overflows
    labelled = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    nats: NDArray[np.float64] = np.log(np.exp(logits, logits).sum(axis=-1, dtype=np.float64))
    return nats - labelled


def _read(model: NumpyLSTM, text: str) -> _EncodedText:
    vocab = model.vocab
    known = np.fromiter((c in vocab.c2ix for c in text), np.bool_, len(text))
    unknown = len(text) - int(np.count_nonzero(known))
    if PLACEHOLDER not in vocab.c2ix:
        text = "".join(c for c in text if c in vocab.c2ix)
        known = known[known]
    if not known[1:].any():
        raise CharloomError(
            "This text is too short to score; give at least two characters that the model knows."
        )
    return _EncodedText(vocab.encode(text), known, unknown)


class _Lanes:
    """Stretches of a text, read side by side, each from the empty state.

    ``spans`` ``[lanes, 3]``: where a lane starts reading, the first prediction it counts, and the
    one it ends before. Prediction p is of character p + 1, from character p and those before it.
    """

    def __init__(self, model: NumpyLSTM, text: _EncodedText, spans: NDArray[np.int64]) -> None:
        self._model = model
        self._text = text
        self._position, self._first, self._until = np.split(spans, 3, axis=1)
        self._state = model.start(len(spans))

    def read(self, steps: int) -> float:
        """Go on by ``steps`` characters and return the sum of the losses that count, in nats."""
        positions = self._position + np.arange(steps)
        self._position = self._position + steps
        counts = (positions >= self._first) & (positions < self._until)
        positions = np.minimum(positions, len(self._text.ids) - 2)  # a lane past its end idles
        counts &= self._text.known[positions + 1]
        logits = self._model.logits(self._text.ids[positions], self._state)
        return float(losses(logits, self._text.ids[positions + 1])[counts].sum())


def _score(
    model: NumpyLSTM,
    text: _EncodedText,
    start: NDArray[np.int64],
    first: NDArray[np.int64],
    until: NDArray[np.int64],
) -> Score:
    """Return the mean over the predictions that the lanes count; see :class:`_Lanes`.

    Each thread reads lanes of its own: NumPy computes outside the interpreter's lock.
    """
    workers = min(os.cpu_count() or 1, _WORKERS)
    chunk = max(1, _LOGITS // (_LANES * len(model.vocab)))
    spans = np.stack([start, first, until], axis=1)
    total = 0.0
    with ThreadPoolExecutor(workers) as pool:
        for batch in np.array_split(spans, math.ceil(len(spans) / (workers * _LANES))):
            parts = np.array_split(batch, min(workers, len(batch)))
            lanes = [_Lanes(model, text, part) for part in parts]
            length = int((batch[:, 2] - batch[:, 0]).max())
            for offset in range(0, length, chunk):
                steps = min(chunk, length - offset)
                total += sum(pool.map(_Lanes.read, lanes, repeat(steps)))
    characters = int(np.count_nonzero(text.known[1:]))
    return Score(characters, total / characters, text.unknown)
