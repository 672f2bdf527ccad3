"""Losses of a model on a text, computed with NumPy; long ones: :mod:`core.analysis.long_scoring`.

*Carried* is the stateful loss: each character is predicted from all characters before it, or from
at least the ``CONTEXT`` before it. *Windowed-W*: independent windows of W characters, each from the
empty state; a window reads W + 1 characters and predicts W of them, as transformer baselines do
with block size W, and a last, shorter window is counted too.

In both, every character but the first is predicted once. Unknown characters are counted, not
predicted: the network reads its placeholder in their place, or skips them if it has none.
"""

import math
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import repeat

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.lanes import CONTEXT, WINDOW, Lanes, mean
from charloom.core.data.spool import Spool
from charloom.core.data.text_file import Characters, pieces_of
from charloom.core.data.vocab import PLACEHOLDER, Vocab
from charloom.core.errors import Cancelled, CharloomError, memory_for
from charloom.core.model.numpy_lstm import Array, NumpyLSTM

_LANES_PER_WORKER = 64  # matrix products are near their best speed, and their memory is small
_PRODUCT_WIDTH = 16  # a matrix product is fastest with a multiple of so many columns
_MAX_LOGITS = 1 << 20  # computed at a time by a worker: 4 MB
_MAX_WORKERS = 8  # more would mostly wait for each other


@dataclass(frozen=True, slots=True)
class Score:
    """The mean loss over the predicted ``characters``; ``unknown`` ones were not predicted.

    The standard error is in nats, and None if it is unknown. ``left_out`` characters of a long text
    were not read.
    """

    characters: int
    nats_per_char: float
    unknown: int
    standard_error: float | None = None
    left_out: int = 0

    @property
    def bits_per_char(self) -> float:
        """The loss in bits."""
        return self.nats_per_char / math.log(2)


@dataclass(frozen=True, slots=True)
class EncodedText:
    """The ``ids`` ``[N]`` of a text; ``known`` ``[N]`` tells which predictions are counted.

    Those of a long text are on disk.
    """

    ids: NDArray[np.unsignedinteger]  # of one or two bytes
    known: NDArray[np.bool_]
    unknown: int


def score(model: NumpyLSTM, text: Characters, window: int | None = None) -> Score:
    """Return the windowed loss of ``text``, or the carried loss if there is no ``window``."""
    return carried(model, text) if window is None else windowed(model, text, window)


def carried(
    model: NumpyLSTM,
    text: Characters,
    cancelled: Callable[[], bool] = lambda: False,
    limit: int | None = None,
) -> Score:
    """Return the carried loss of ``text``.

    With ``limit``, about that many characters are counted, in stretches spread over the text.
    Raises :class:`Cancelled` as soon as ``cancelled``, which is called for every few thousand
    characters, returns true.
    """
    with encoded(model.vocab, text) as known_text:
        lanes = _plan(known_text, WINDOW, limit)
        first = lanes.first * WINDOW
        last = np.minimum(lanes.last, lanes.first + lanes.rows)
        until = np.minimum(last * WINDOW, len(known_text.ids) - 1)
        spans = np.stack([np.maximum(first - CONTEXT, 0), first, until], axis=1)
        return _score(model, known_text, spans, np.arange(len(first)), cancelled)


def windowed(model: NumpyLSTM, text: Characters, window: int = WINDOW) -> Score:
    """Return the windowed loss of ``text`` for windows of ``window`` predicted characters."""
    check_window(window)
    with encoded(model.vocab, text) as known_text:
        predictions = len(known_text.ids) - 1
        first = np.arange(0, predictions, window)
        spans = np.stack([first, first, np.minimum(first + window, predictions)], axis=1)
        return _score(model, known_text, spans, _plan(known_text, window).first)


def check_window(window: int) -> None:
    """Raise :class:`CharloomError` if ``window`` is no number of characters."""
    if window < 1:
        raise CharloomError(f"A window has one character or more, not {window!r}.")


def losses(logits: Array, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cross-entropy ``[…]`` in nats of logits ``[…, V]``, which are overwritten."""
    logits -= logits.max(axis=-1, keepdims=True)  # so that no exp overflows
    label_logits = np.take_along_axis(logits, labels[..., None], axis=-1)[..., 0]
    log_sum: NDArray[np.float64] = np.log(np.exp(logits, logits).sum(axis=-1, dtype=np.float64))
    return log_sum - label_logits


@contextmanager
def encoded(vocab: Vocab, text: Characters) -> Iterator[EncodedText]:
    """Encode ``text``; raises :class:`CharloomError` if there is nothing to predict."""
    with closing(Spool()) as all_ids, closing(Spool()) as masks:
        for piece in pieces_of(text):
            mask, ids = vocab.knows(piece), vocab.encode_narrow(piece)
            if PLACEHOLDER not in vocab.c2ix:
                mask, ids = mask[mask], ids[mask]
            all_ids.write(ids.tobytes())
            masks.write(mask.tobytes())
        if masks.size == 0 or not (known := masks.array(np.dtype(np.bool_)))[1:].any():
            raise CharloomError(
                "This text is too short to score; "
                "give at least two characters that the model knows."
            )
        unknown = len(text) - int(np.count_nonzero(known))
        yield EncodedText(all_ids.array(vocab.id_type), known, unknown)


def _workers() -> int:
    return min(os.cpu_count() or 1, _MAX_WORKERS)


def _plan(text: EncodedText, window: int, limit: int | None = None) -> Lanes:
    return Lanes.plan(len(text.ids) - 1, limit, _LANES_PER_WORKER * _workers(), window)


class _Lanes:
    """Parallel stretches of a text, read as a batch, each from the empty state.

    ``spans`` ``[lanes, 3]``: where a lane starts reading, the first prediction it counts, and the
    end (exclusive). Prediction p is of character p + 1, from character p and those before it.
    """

    def __init__(self, model: NumpyLSTM, text: EncodedText, spans: NDArray[np.int64]) -> None:
        self._model = model
        self._text = text
        self._position, self._first, self._until = np.split(spans, 3, axis=1)
        self._state = model.start(len(spans))

    def score_chunk(self, steps: int) -> NDArray[np.float64]:
        """Advance by ``steps`` characters; return the sums of the counted losses ``[lanes]``."""
        positions = self._position + np.arange(steps)
        self._position = self._position + steps
        counts = (positions >= self._first) & (positions < self._until)
        positions = np.minimum(positions, len(self._text.ids) - 2)  # a lane past its end idles
        counts &= self._text.known[positions + 1]
        features, labels = (
            self._text.ids[at].astype(np.int64) for at in (positions, positions + 1)
        )
        nats = losses(self._model.logits(features, self._state), labels)
        sums: NDArray[np.float64] = np.where(counts, nats, 0.0).sum(axis=1)
        return sums


def _score(
    model: NumpyLSTM,
    text: EncodedText,
    spans: NDArray[np.int64],
    groups: NDArray[np.int64],
    cancelled: Callable[[], bool] = lambda: False,
) -> Score:
    """Return the mean over the predictions that the lanes of ``spans`` count; see :class:`_Lanes`.

    ``groups`` has the first lane of each group that the standard error is computed from. Each
    thread has lanes of its own: NumPy releases the interpreter's lock.
    """
    workers = _workers()
    chunk = max(1, _MAX_LOGITS // (_LANES_PER_WORKER * len(model.vocab)))
    sums = []
    subject = f"scoring with a network of {model.config.parameters:,} parameters"
    with memory_for(subject, "choose a smaller one"), ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(spans), workers * _LANES_PER_WORKER):
            batch = spans[start : start + workers * _LANES_PER_WORKER]
            width = math.ceil(len(batch) / workers)
            if width > _PRODUCT_WIDTH:
                width = math.ceil(width / _PRODUCT_WIDTH) * _PRODUCT_WIDTH
            parts = range(0, len(batch), width)
            lanes = [_Lanes(model, text, batch[part : part + width]) for part in parts]
            length = int((batch[:, 2] - batch[:, 0]).max())
            total = np.zeros(len(batch))
            for offset in range(0, length, chunk):
                if cancelled():
                    raise Cancelled("The scoring was cancelled.")
                steps = min(chunk, length - offset)
                total += np.concatenate([*pool.map(_Lanes.score_chunk, lanes, repeat(steps))])
            sums.append(total)
    known = text.known[1:]  # predictions that are counted
    counts = np.array([np.count_nonzero(known[start:end]) for _, start, end in spans])
    loss = mean(np.add.reduceat(np.concatenate(sums), groups), np.add.reduceat(counts, groups))
    left_out = int(np.count_nonzero(known)) - loss.characters
    return Score(loss.characters, loss.nats, text.unknown, loss.standard_error, left_out)
