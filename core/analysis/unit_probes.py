"""Units of a network whose cell follows a property of the text.

A unit tracks a property as well as tanh(c), its cell state after each character, correlates with
it (Pearson's r). The property is chosen on the first half of a text and the score is measured on
the second half, so that none of thousands of units scores high by chance. Units of this kind were
first shown by Karpathy, Johnson & Fei-Fei, "Visualizing and Understanding Recurrent Networks",
2015, §4.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.activations import Trace

Floats = NDArray[np.float32]

_QUOTES = {"“": "”", "«": "»", "„": "“", '"': '"'}
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MAX_SPANS = 20
_MIN_STD = 1e-4  # a smaller standard deviation is rounding


class UnitProbe(NamedTuple):
    """A unit, from 0, and the property that it tracks best.

    ``score`` is the correlation on the second half of the text; ``sign`` is -1 if the cell is low
    where the property is present or large.
    """

    layer: int
    unit: int
    tracks: str
    score: float
    sign: int


class Span(NamedTuple):
    """The characters from ``start`` up to, but not including, ``end``."""

    start: int
    end: int


def _run_lengths(text: str, matches: Callable[[str], bool]) -> list[int]:
    """Return, for each character, the length of the run of matching characters that it ends."""
    lengths = []
    length = 0
    for character in text:
        length = length + 1 if matches(character) else 0
        lengths.append(length)
    return lengths


def _inside(text: str, marks: Mapping[str, str]) -> list[int]:
    """Return 1 from each opening mark up to the character before its closing mark, else 0.

    An empty line closes all open marks.
    """
    inside = []
    open_until: list[str] = []
    previous = ""
    for character in text:
        if character == previous == "\n":
            open_until.clear()
        if open_until and character == open_until[-1]:
            open_until.pop()
        elif character in marks:
            open_until.append(marks[character])
        inside.append(int(bool(open_until)))
        previous = character
    return inside


def _position_in_line(text: str) -> list[int]:
    first, newline, rest = text.partition("\n")  # the position in the first line is unknown
    return [0] * len(first) + _run_lengths(newline + rest, lambda character: character != "\n")


PROPERTIES: Mapping[str, Callable[[str], list[int]]] = {
    "position in line": _position_in_line,
    "inside quotation marks": partial(_inside, marks=_QUOTES),
    "inside brackets": partial(_inside, marks=_BRACKETS),
    "after a newline": lambda text: [character == "\n" for character in text],
    "word length": partial(_run_lengths, matches=str.isalnum),
    "capital letters": lambda text: [character.isupper() for character in text],
}
"""The properties: each function returns a number per character, computed from the text up to it."""


def rank_units(trace: Trace) -> list[UnitProbe]:
    """Return every unit with the property that it tracks best.

    The best unit of each property comes first, then all others, both sorted by score. A property
    that is constant in one half of the text is left out; without any, the list is empty.
    """
    layers, _, size = trace.cell.shape
    cells = np.tanh(np.concatenate(trace.cell, axis=1))  # [M, layers * H]
    values = {
        name: np.array(measure(trace.text), np.float32)[trace.positions]
        for name, measure in PROPERTIES.items()
    }
    middle = len(cells) // 2
    halves = (slice(middle), slice(middle, None))
    values = {n: v for n, v in values.items() if all(np.ptp(v[half]) > 0 for half in halves)}
    if not values:
        return []
    names = list(values)
    first, second = (  # [units, properties]
        np.stack([_correlations(cells[half], v[half]) for v in values.values()], axis=1)
        for half in halves
    )
    best = np.abs(first).argmax(axis=1)
    units = np.arange(layers * size)
    signs = np.where(first[units, best] < 0, -1, 1)
    scores = second[units, best] * signs
    probes = [
        UnitProbe(u // size, u % size, names[best[u]], float(scores[u]), int(signs[u]))
        for u in np.argsort(-scores, kind="stable").tolist()
    ]
    best_probes = {probe.tracks: probe for probe in reversed(probes)}.values()
    return sorted(probes, key=lambda probe: probe not in best_probes)  # stable


def strong_spans(values: Floats, sign: int = 1) -> list[Span]:
    """Return the spans where a signal ``[N]`` is strongest, at most 20, in the order of the text.

    In a span the signal is more than a standard deviation above its mean, or below it with ``sign``
    -1. The strength of a span is the sum of the excess.
    """
    excess = np.nan_to_num(sign * (values - np.nanmean(values))) - np.nanstd(values)
    is_strong = np.concatenate([[False], excess > 0, [False]])
    edges = np.flatnonzero(is_strong[1:] != is_strong[:-1])
    spans = [Span(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
    spans.sort(key=lambda span: -float(excess[span.start : span.end].sum()))
    return sorted(spans[:_MAX_SPANS])


def _correlations(signals: Floats, values: Floats) -> Floats:
    """Return Pearson's r ``[units]`` of ``[T, units]`` and ``[T]``; 0 where a signal is constant.

    For a property that is only present or absent, both cases weigh the same, however rare one is.
    """
    weights = np.full(len(values), 1 / len(values), np.float32)
    if set(np.unique(values)) == {0, 1}:
        weights = np.where(values == 1, 0.5 / values.sum(), 0.5 / (1 - values).sum())
        weights = weights.astype(np.float32)
    mean = weights @ signals
    std = np.sqrt(np.maximum(weights @ signals**2 - mean**2, 0))
    values = values - np.float32(weights @ values)
    values = values / np.float32(np.sqrt(weights @ values**2))
    correlations = (weights * values) @ signals / np.where(std > _MIN_STD, std, np.inf)
    return correlations.astype(np.float32)
