"""Which units of a network track something that has a name, and where in a text they do.

A unit tracks a property as well as tanh(c), its cell state after each character, correlates with
it (Pearson's r). What it tracks is found on the first half of a text, and how well on the second,
so that among thousands of units none is praised for a coincidence. Units such as these were first
shown by Karpathy, Johnson & Fei-Fei, "Visualizing and Understanding Recurrent Networks", 2015, §4.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.activations import Trace

Floats = NDArray[np.float32]

_QUOTES = {"“": "”", "«": "»", "„": "“", '"': '"'}
_BRACKETS = {"(": ")", "[": "]", "{": "}"}
_MOST_SPANS = 20
_STILL = 1e-4  # a standard deviation below it is rounding


class UnitProbe(NamedTuple):
    """A unit, from 0, and the property that it tracks best.

    ``score`` is the correlation on the second half of the text; ``sign`` is -1 where the cell is
    low when the property is there, or large.
    """

    layer: int
    unit: int
    tracks: str
    score: float
    sign: int


class Span(NamedTuple):
    """The characters from ``start`` to before ``end``."""

    start: int
    end: int


def _place_in_line(text: str) -> list[int]:
    first, newline, others = text.partition("\n")
    return [0] * len(first) + _counted(newline + others, lambda character: character != "\n")


def _word_length(text: str) -> list[int]:
    return _counted(text, str.isalnum)


def _in_quotes(text: str) -> list[int]:
    return _within(text, _QUOTES)


def _in_brackets(text: str) -> list[int]:
    return _within(text, _BRACKETS)


def _after_newline(text: str) -> list[int]:
    return [character == "\n" for character in text]


def _capital(text: str) -> list[int]:
    return [character.isupper() for character in text]


PROPERTIES: Mapping[str, Callable[[str], list[int]]] = {
    "position in line": _place_in_line,
    "inside quotation marks": _in_quotes,
    "inside brackets": _in_brackets,
    "after a newline": _after_newline,
    "word length": _word_length,
    "capital letters": _capital,
}
"""What is looked for: a number for each character, of the text up to and including it."""


def rank_units(reading: Trace) -> list[UnitProbe]:
    """Return every unit with what it tracks best: the best for each property, then all others.

    Both are sorted by score. A property that does not change in one half of the text is not looked
    for.
    """
    layers, _, size = reading.cell.shape
    signals = np.tanh(np.concatenate(reading.cell, axis=1))  # [M, layers * H]
    values = {
        name: np.array(measure(reading.text), np.float32)[reading.places]
        for name, measure in PROPERTIES.items()
    }
    half = len(signals) // 2
    halves = (slice(half), slice(half, None))
    values = {n: v for n, v in values.items() if all(np.ptp(v[part]) > 0 for part in halves)}
    if not values:
        return []
    names = list(values)
    chosen, judged = (  # [units, properties]
        np.stack([_correlations(signals[part], v[part]) for v in values.values()], axis=1)
        for part in halves
    )
    best = np.abs(chosen).argmax(axis=1)
    units = np.arange(layers * size)
    signs = np.where(chosen[units, best] < 0, -1, 1)
    scores = judged[units, best] * signs
    trackers = [
        UnitProbe(u // size, u % size, names[best[u]], float(scores[u]), int(signs[u]))
        for u in np.argsort(-scores, kind="stable").tolist()
    ]
    first = {tracker.tracks: tracker for tracker in reversed(trackers)}.values()
    return sorted(trackers, key=lambda tracker: tracker not in first)  # stable


def strong_spans(values: Floats, sign: int = 1) -> list[Span]:
    """Return where a signal ``[N]`` is strongest: the strongest spans, in the order of the text.

    A span is a run of characters at which it is more than a standard deviation above its mean (or,
    with ``sign`` -1, below); how strong it is, is the sum of what lies beyond.
    """
    beyond = np.nan_to_num(sign * (values - np.nanmean(values))) - np.nanstd(values)
    inside = np.concatenate([[False], beyond > 0, [False]])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    found = [Span(int(start), int(end)) for start, end in edges.reshape(-1, 2)]
    found.sort(key=lambda span: -float(beyond[span.start : span.end].sum()))
    return sorted(found[:_MOST_SPANS])


def _correlations(signals: Floats, values: Floats) -> Floats:
    """Return Pearson's r ``[units]`` of ``[T, units]`` and ``[T]``; 0 where a signal stands still.

    Of what is there or is not, both weigh the same, however rare one of them is.
    """
    weights = np.full(len(values), 1 / len(values), np.float32)
    if set(np.unique(values)) == {0, 1}:
        weights = np.where(values == 1, 0.5 / values.sum(), 0.5 / (1 - values).sum())
        weights = weights.astype(np.float32)
    mean = weights @ signals
    spread = np.sqrt(np.maximum(weights @ signals**2 - mean**2, 0))
    values = values - np.float32(weights @ values)
    values = values / np.sqrt(weights @ values**2, dtype=np.float32)
    found = (weights * values) @ signals / np.where(spread > _STILL, spread, np.inf)
    return found.astype(np.float32)


def _counted(text: str, counts: Callable[[str], bool]) -> list[int]:
    """Return how many characters in a row, up to each one, are such that count."""
    lengths = []
    length = 0
    for character in text:
        length = length + 1 if counts(character) else 0
        lengths.append(length)
    return lengths


def _within(text: str, marks: Mapping[str, str]) -> list[int]:
    """Return 1 from an opening mark on to before the one that closes it, and 0 elsewhere.

    An empty line closes whatever was left open.
    """
    inside = []
    open_until: list[str] = []
    before = ""
    for character in text:
        if character == before == "\n":
            open_until.clear()
        if open_until and character == open_until[-1]:
            open_until.pop()
        elif character in marks:
            open_until.append(marks[character])
        inside.append(int(bool(open_until)))
        before = character
    return inside
