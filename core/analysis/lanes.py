"""Parallel lanes in which a long text is read, spread over all of it.

The text is cut into windows; each lane reads consecutive windows, and all lanes the same number of
them at any time. So a reading may end after any window: it has then read a stretch of every part of
the text. Everything that is to be compared is measured on these stretches.
"""

import math
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

WINDOW = 256
CONTEXT_WINDOWS = 4
CONTEXT = CONTEXT_WINDOWS * WINDOW
"""Characters that a lane reads, uncounted, before those it counts, to fill the carried state."""

MAX_LANES = 64
"""More would be no faster on a CPU."""

_MIN_LANES = 16  # for the standard error, and a matrix product's best width
_LANE_WINDOWS = 16  # of a lane, at least, where there are more lanes: the context is a quarter


MIN_CHARACTERS, MAX_CHARACTERS = 1 << 19, 1 << 21
"""Characters of a long text that are read, at least and at most, unless all are asked for."""
MAX_STANDARD_ERROR = 0.002
"""Nats per character: of a loss that is as certain, no more than ``MIN_CHARACTERS`` are read."""


class Lanes(NamedTuple):
    """The windows ``first[i] <= w < last[i]`` of each lane, of which it reads up to ``rows``."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    rows: int

    @classmethod
    def plan(
        cls,
        predictions: int,
        limit: int | None = None,
        max_lanes: int = MAX_LANES,
        window: int = WINDOW,
    ) -> Self:
        """Cut ``predictions`` into lanes that read all of it, or about ``limit`` characters.

        Their number is 16 times a power of two, or that of the windows if those are fewer.
        """
        windows = math.ceil(predictions / window)
        needed = min(windows, math.ceil((limit or predictions) / window))
        lanes = _MIN_LANES
        while 2 * lanes <= min(max_lanes, needed // _LANE_WINDOWS):
            lanes *= 2
        lanes = min(lanes, needed)
        bounds = np.arange(lanes + 1) * windows // lanes
        first, last = bounds[:-1], bounds[1:]
        most = int((last - first).max())
        return cls(first, last, most if needed == windows else math.ceil(needed / lanes))

    @property
    def read(self) -> int:
        """Characters read for the carried loss, with context."""
        return len(self.first) * (self.rows + CONTEXT_WINDOWS) * WINDOW


class Mean(NamedTuple):
    """A mean loss in nats per character over ``characters``, and its standard error."""

    nats: float
    standard_error: float | None
    characters: int

    @property
    def is_certain(self) -> bool:
        """True if reading more is not worth it."""
        error = self.standard_error
        enough = self.characters >= MIN_CHARACTERS
        return enough and error is not None and error <= MAX_STANDARD_ERROR

    def needed(self, limit: int) -> int:
        """Return about how many characters make the loss certain, ``limit`` at most."""
        if self.standard_error is None:
            return limit
        certain = self.characters * (self.standard_error / MAX_STANDARD_ERROR) ** 2
        return min(limit, max(MIN_CHARACTERS, int(certain)))


def mean(sums: NDArray[np.float64], counts: NDArray[np.int64]) -> Mean:
    """Return the mean loss of lanes, given the sums and the numbers of their losses ``[lanes]``.

    The standard error is that of a ratio estimate from clusters (Cochran, "Sampling Techniques",
    1977, section 6): neighbouring losses depend on each other, those of different lanes hardly. It
    is that of the text as a sample of its kind, also if all of it was read; None for one lane.
    """
    counted, lanes = int(counts.sum()), int(np.count_nonzero(counts))
    nats = float(sums.sum()) / counted
    if lanes < 2:
        return Mean(nats, None, counted)
    spread = float(np.square(sums - nats * counts).sum())
    return Mean(nats, math.sqrt(spread * lanes / (lanes - 1)) / counted, counted)
