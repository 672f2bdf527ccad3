"""Seeing inside: what a network makes of a text, character by character.

*Surprise* is what a character costs, -log2 of the probability that the network gave it. *Gates* and
*cell state* are what every unit did meanwhile: f says how much of its cell it keeps, i how much of
something new it lets in, o how much of the cell the rest of the network gets to see (Hochreiter &
Schmidhuber 1997; Gers et al. 2000)::

    c = f c + i g        h = o tanh(c)

The text is read once, from the empty state; its states are kept, and all else is worked out from
them when it is asked for.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.scoring import losses
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.numpy_lstm import Array, NumpyLSTM

MAX_CHARACTERS = 10_000
"""Characters that are read: the states of one layer of 512 units take 41 MB then."""

_CHUNK = 256  # characters read between two questions whether anybody still waits


class UnitSignal(StrEnum):
    """What can be seen of a unit: its cell, as tanh(c), and its gates."""

    CELL = "cell"
    FORGET = "forget"
    INPUT = "input"
    OUTPUT = "output"


@dataclass(frozen=True, slots=True)
class NextCharacter:
    """A character that may come next, and how probable the network holds it."""

    character: str
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """A text of N characters as ``model`` read it.

    ``bits`` ``[N]`` has NaN where nothing was predicted: at the first character that was read, and
    at those that the model does not know. These are read as the placeholder of folded ones where
    there is one, and else passed over, as scoring does.
    """

    model: NumpyLSTM = field(repr=False)
    text: str
    bits: NDArray[np.float64] = field(repr=False)
    ids: NDArray[np.int64] = field(repr=False)  # [M]: those of the characters that were read
    hidden: Array = field(repr=False)  # [layers, M, H], after each of these; cell likewise
    cell: Array = field(repr=False)
    places: NDArray[np.int64] = field(repr=False)  # [M]: where in the text each of these stands

    @property
    def predicted(self) -> int:
        """How many characters were predicted."""
        return int(np.count_nonzero(~np.isnan(self.bits)))

    @property
    def bits_per_char(self) -> float:
        """The mean surprise of those that were predicted; it is what scoring the text gives."""
        return float(np.nansum(self.bits)) / self.predicted

    def alternatives(self, position: int, count: int) -> list[NextCharacter]:
        """Return the likeliest characters at ``position``, as seen from what stands before it.

        Nothing where nothing stands before it.
        """
        before = int(np.searchsorted(self.places, position))
        if before == 0:
            return []
        logits = self.model.predict(self.hidden[-1, before - 1 : before])[0].astype(np.float64)
        chances = np.exp(logits - logits.max())
        chances /= chances.sum()
        likeliest = np.argsort(-chances, kind="stable")[:count]
        chars = self.model.vocab.chars
        return [NextCharacter(chars[each], float(chances[each])) for each in likeliest]

    def signal(self, signal: UnitSignal, layer: int, unit: int) -> NDArray[np.float32]:
        """Return one signal of a unit, counted from 0, after each character ``[N]``.

        It is NaN before the first that was read.
        Raises :class:`CharloomError` where there is no such layer or unit.
        """
        settings = self.model.settings
        if not (0 <= layer < settings.layers and 0 <= unit < settings.hidden):
            raise CharloomError(
                f"This network has layers 1 to {settings.layers} "
                f"with units 1 to {settings.hidden} each."
            )
        if signal is UnitSignal.CELL:
            values = np.tanh(self.cell[layer, :, unit])
        else:
            gates = self.model.gates(self.ids, self.hidden, layer, unit)
            values = gates[(UnitSignal.INPUT, UnitSignal.FORGET, UnitSignal.OUTPUT).index(signal)]
        # one that was passed over has what the one before it has
        read = np.searchsorted(self.places, np.arange(len(self.text)), "right")
        return np.append(np.float32(np.nan), values)[read]


def trace(model: NumpyLSTM, text: str, cancelled: Callable[[], bool] = lambda: False) -> Trace:
    """Let ``model`` read ``text``, of which it takes the first :data:`LONGEST` characters.

    Raises :class:`CharloomError` when fewer than two of them are known, or it is ``cancelled``.
    """
    text = text[:MAX_CHARACTERS]
    vocab = model.vocab
    known = np.fromiter((c in vocab.c2ix for c in text), np.bool_, len(text))
    reads = np.ones_like(known) if PLACEHOLDER in vocab.c2ix else known
    if np.count_nonzero(reads) < 2 or not known[reads][1:].any():
        raise CharloomError(
            "This text is too short to look into; give two characters or more that the model knows."
        )
    ids = vocab.encode("".join(c for c, is_read in zip(text, reads, strict=True) if is_read))
    state = model.start()
    pieces = []
    for start in range(0, len(ids), _CHUNK):
        if cancelled():
            raise CharloomError("The reading was cancelled.")
        pieces.append(model.trace(ids[start : start + _CHUNK], state))
    hidden, cell = (np.concatenate(parts, axis=1) for parts in zip(*pieces, strict=True))
    places = np.flatnonzero(reads)
    bits = np.full(len(text), np.nan)
    bits[places[1:]] = losses(model.predict(hidden[-1, :-1]), ids[1:]) / math.log(2)
    bits[~known] = np.nan
    return Trace(model, text, bits, ids, hidden, cell, places)
