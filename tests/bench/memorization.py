"""Verbatim matches: time and memory to index a megabyte, and time to search it.

Alone: ``python -m tests.bench.memorization``.
"""

import random
import tracemalloc
from collections.abc import Callable

import numpy as np

from charloom.core.analysis.memorization import CorpusIndex, VerbatimMatch
from charloom.core.analysis.repetition import repetition_period
from tests.bench.harness import Row, median, print_rows, seconds, spread
from tests.bench.sampling import CHARACTERS, MEGABYTE

_TIMES = 5
_QUERIES = 200
_LENGTH = 500  # characters of a generation


def rows() -> list[Row]:
    """Measure on words with natural frequencies, and on one letter repeated a million times."""
    text = _words()
    random_ = random.Random(1)
    pieces = [_garbled(text, random_) for _ in range(_QUERIES)]
    index = CorpusIndex(text)
    queries = [_milliseconds(index.longest_match, piece) for piece in pieces]
    periodic = _milliseconds(CorpusIndex("a" * MEGABYTE).longest_match, "a" * _LENGTH)
    plain = [_milliseconds(lambda piece: _longest(text, piece), piece) for piece in pieces[:5]]
    loops = [_milliseconds(repetition_period, 2 * piece) for piece in pieces]
    size, peak = _memory(text)
    return [
        _indexing("words", text, "≤ 2,000 ms"),
        _indexing("one letter", "a" * MEGABYTE, "reported"),
        Row(
            "memory of that index, as a multiple of the text",
            f"{size:.1f} ×",
            f"{peak:.1f} × during a search",
            "",
            "≤ 10 ×",
        ),
        Row(
            f"longest match of {_LENGTH} characters in 1 MB, ms",
            spread(queries),
            f"with `str.find` {spread(plain, '{:,.0f}')}",
            f"{median(plain) / median(queries):,.0f} ×",
            "≤ 50 ms",
        ),
        Row("the same in one letter a million times, ms", f"{periodic:,.0f}", "", "", "reported"),
        Row("checking a text for repetition, ms", spread(loops), "", "", "≤ 1 ms"),
    ]


def _indexing(what: str, text: str, target: str) -> Row:
    times = [1000 * seconds(lambda: CorpusIndex(text)) for _ in range(_TIMES)]
    return Row(f"indexing 1 MB, {what}, ms", spread(times), "", "", target)


def _memory(text: str) -> tuple[float, float]:
    """Return the memory of an index, and the peak with a search, as multiples of the text."""
    tracemalloc.start()
    index = CorpusIndex(text)
    size, _ = tracemalloc.get_traced_memory()
    assert index.longest_match(text[:_LENGTH]).length == _LENGTH
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(text), peak / len(text)


def _words() -> str:
    """Return a megabyte of made-up words; the n-th is 1/n as frequent as the first."""
    chance = np.random.default_rng(0)
    letters = list(CHARACTERS[1:])
    words = ["".join(chance.choice(letters, chance.integers(1, 10))) for _ in range(5_000)]
    weights = 1 / np.arange(1, len(words) + 1)
    return " ".join(chance.choice(words, MEGABYTE // 3, p=weights / weights.sum()))[:MEGABYTE]


def _garbled(text: str, random_: random.Random) -> str:
    """Return a piece of ``text`` with one character in twenty replaced."""
    place = random_.randrange(len(text) - _LENGTH)
    piece = text[place : place + _LENGTH]
    return "".join(random_.choice(CHARACTERS) if random_.random() < 0.05 else c for c in piece)


def _longest(text: str, piece: str) -> VerbatimMatch:
    """Find the longest match with ``str.find``."""
    best = VerbatimMatch(0, 0, 0)
    for start in range(len(piece)):
        while start + best.length < len(piece):
            place = text.find(piece[start : start + best.length + 1])
            if place < 0:
                break
            best = VerbatimMatch(start, best.length + 1, place)
    return best


def _milliseconds(search: Callable[[str], object], text: str) -> float:
    return 1000 * seconds(lambda: search(text))


if __name__ == "__main__":
    print_rows(rows())
