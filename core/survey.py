"""What a text holds before a model is trained on it, and how long training would take."""

import time
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from core.corpus import Corpus
from core.settings import ModelSettings, TrainSettings

RARE = 4  # a character that occurs fewer times than this is rare
SHORT = 20_000  # characters; a shorter text is soon learnt by heart
MANY = 1_000  # distinct characters; with more, the output layer outweighs the LSTM
LONG_LINE = 10_000
# The share of this machine's peak rate of arithmetic that training reaches: the matrix products of
# a window are smaller than the one that is timed, and elementwise work stands between them.
EFFICIENCY = 0.45
_TIMED_SECONDS = 0.1
_SHOWN = 8


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a person should know about a text, and what becomes of it."""

    what: str
    action: str


@dataclass(frozen=True, slots=True)
class Survey:
    """The measure of a text. Characters are code points; ``rare`` and ``controls`` have counts."""

    characters: int
    utf8_bytes: int
    lines: int
    longest_line: int
    distinct: int
    rare: tuple[tuple[str, int], ...]
    controls: tuple[tuple[str, int], ...]  # control and format characters, but newline and tab
    non_text: float  # share of these, and of unassigned, private and replacement characters
    encoding: str
    guessed: bool
    findings: tuple[Finding, ...]


def survey(corpus: Corpus) -> Survey:
    """Count what is in ``corpus`` and say what Charloom would do about it."""
    text = corpus.text
    counts = sorted(Counter(text).items(), key=lambda item: (-item[1], item[0]))
    rare = tuple((c, n) for c, n in counts if n < RARE)
    controls = tuple((c, n) for c, n in counts if _category(c) in ("Cc", "Cf"))
    lost = sum(n for c, n in counts if c == "\ufffd" or _category(c) in ("Cn", "Co"))
    longest_line = max(map(len, text.split("\n")))

    findings = []
    if corpus.guessed:
        findings.append(
            Finding(
                f"The encoding is a guess: {corpus.encoding}.",
                "Read as that; if letters look wrong, name another with --encoding.",
            )
        )
    if len(text) < SHORT:
        findings.append(
            Finding(
                f"The text is short: {len(text):,} characters.",
                "Settings shrink to fit it; the model will soon know it by heart (overfit).",
            )
        )
    if rare:
        findings.append(
            Finding(
                f"Seen fewer than {RARE} times: {_listed(rare)}.",
                f"Each keeps a place in the vocabulary; --fold {RARE} gives them one in common.",
            )
        )
    if len(counts) > MANY:
        findings.append(
            Finding(
                f"The vocabulary is large: {len(counts):,} distinct characters.",
                "Training is slower; --fold N gives characters rarer than N one place in common.",
            )
        )
    if controls:
        findings.append(
            Finding(
                f"Control and format characters: {_listed(controls)}.",
                "Kept and learnt; on the screen they appear as visible signs.",
            )
        )
    if lost:
        findings.append(
            Finding(
                f"No text: {lost:,} replacement, private or unassigned characters.",
                "Kept; a cleaner copy or another --encoding may bring back what they were.",
            )
        )
    if longest_line > LONG_LINE:
        findings.append(
            Finding(
                f"The longest line has {longest_line:,} characters.",
                "Nothing: a line end is a character like any other, only rarely seen here.",
            )
        )
    return Survey(
        characters=len(text),
        utf8_bytes=len(text.encode()),
        lines=text.count("\n") + (not text.endswith("\n")),
        longest_line=longest_line,
        distinct=len(counts),
        rare=rare,
        controls=controls,
        non_text=(lost + sum(n for _, n in controls)) / len(text),
        encoding=corpus.encoding,
        guessed=corpus.guessed,
        findings=tuple(findings),
    )


def label(character: str) -> str:
    """Return a character that can be seen in quotes, any other by its name or code point."""
    if character.isprintable() and not character.isspace():
        return f"'{character}'"
    return unicodedata.name(character, f"U+{ord(character):04X}")


def estimate(
    characters: int, presets: Mapping[str, tuple[ModelSettings, TrainSettings]], gflops: float
) -> dict[str, float]:
    """Return the seconds that each preset would train for on a text of so many characters.

    ``gflops`` is this machine's peak, in 10⁹ operations per second; see :func:`measure_gflops`.
    A preset bounded by minutes takes those; one without a bound is taken for one epoch.
    """
    return {
        name: _seconds(characters, model, training, gflops)
        for name, (model, training) in presets.items()
    }


def measure_gflops() -> float:
    """Time float32 matrix products for a moment; return the best rate in 10⁹ operations/s."""
    size = 512
    a, b = np.ones((2, size, size), dtype=np.float32)
    out = a @ b  # the first product also starts the threads, and is not timed
    best = np.inf
    end = time.perf_counter() + _TIMED_SECONDS
    while (begin := time.perf_counter()) < end:
        np.matmul(a, b, out=out)
        best = min(best, time.perf_counter() - begin)
    return float(2 * size**3 / best / 1e9)


def _category(character: str) -> str:
    return "" if character in "\n\t" else unicodedata.category(character)


def _listed(counted: tuple[tuple[str, int], ...]) -> str:
    shown = ", ".join(f"{label(c)} ×{n:,}" for c, n in counted[:_SHOWN])
    more = len(counted) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown


def _seconds(
    characters: int, model: ModelSettings, training: TrainSettings, gflops: float
) -> float:
    if training.minutes is not None:
        return 60 * training.minutes
    if training.steps is not None:
        seen: float = training.steps * training.batch * training.window
    else:
        # One pass over contiguous lanes sees each character once. Shuffled windows have stride 1,
        # so that each character is seen once for every place it can have in a window.
        train = round(characters * (1 - training.held_out))
        shuffled = training.order == "shuffled"
        per_epoch = max(train - training.window, 0) * training.window if shuffled else train
        seen = (1 if training.epochs is None else training.epochs) * per_epoch
    # Two operations for each weight of a matrix product, forward; twice that again, backward.
    # The Embedding is a lookup and costs nothing beside them.
    inputs = [model.embedding] + [model.hidden] * (model.layers - 1)
    weights = sum(4 * model.hidden * (size + model.hidden) for size in inputs)
    weights += model.hidden * model.vocab_size
    return seen * 6 * weights / (gflops * 1e9 * EFFICIENCY)
