"""Levels that show a number as a colour, or as a mark where the terminal has no colours.

The colours are variables of the themes in :mod:`tui.formatting.themes`.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.activations import UnitSignal

UNKNOWN = -1
"""The level of NaN."""


@dataclass(frozen=True, slots=True)
class ColorScale:
    """Levels between ``edges``, from low to high; a colour is a theme variable, "" for none."""

    unit: str
    edges: tuple[float, ...]
    colors: tuple[str, ...]
    marks: str
    labels: tuple[str, ...]

    def levels(self, values: NDArray[np.floating]) -> NDArray[np.intp]:
        """Return the level of each value; that of NaN is :data:`UNKNOWN`."""
        return np.where(np.isnan(values), UNKNOWN, np.searchsorted(self.edges, values, "right"))


_HEAT = ("", *(f"heat-{n}" for n in range(1, 6)))
BITS = ColorScale("bits", (1, 2, 4, 6, 9), _HEAT, " ▁▃▅▆█", ("<1", "1", "2", "4", "6", "9+"))
GATE = ColorScale(
    "open", (0.1, 0.3, 0.5, 0.7, 0.9), _HEAT, " ▁▃▅▆█", ("0", ".1", ".3", ".5", ".7", ".9")
)
CELL = ColorScale(
    "tanh c",
    (-0.8, -0.5, -0.2, 0.2, 0.5, 0.8),
    ("cold-3", "cold-2", "cold-1", "", "warm-1", "warm-2", "warm-3"),
    "▁▂▃▄▅▆█",
    ("-1", "-.8", "-.5", "0", ".2", ".5", ".8"),
)


def scale_for(signal: UnitSignal) -> ColorScale:
    """Return the scale that shows ``signal``."""
    return CELL if signal is UnitSignal.CELL else GATE
