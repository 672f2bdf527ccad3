"""What a text holds before a model is trained on it, and how long training would take."""

import unicodedata
from collections import Counter
from dataclasses import dataclass

from charloom.core.data.corpus import Corpus

RARE = 4  # a character that occurs fewer times than this is rare
SHORT = 20_000  # characters; a shorter text is soon learnt by heart
MANY = 1_000  # distinct characters; with more, the output layer outweighs the LSTM
LONG_LINE = 10_000
_SHOWN = 8
_PIECE = 1 << 18  # characters counted in one go: in between, other threads of an app have a turn


@dataclass(frozen=True, slots=True)
class TextIssue:
    """Something a person should know about a text, and what becomes of it."""

    what: str
    action: str


@dataclass(frozen=True, slots=True)
class TextStatistics:
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
    findings: tuple[TextIssue, ...]


def analyze_text(corpus: Corpus) -> TextStatistics:
    """Count what is in ``corpus`` and say what Charloom would do about it."""
    text = corpus.text
    counter: Counter[str] = Counter()
    for start in range(0, len(text), _PIECE):
        counter.update(text[start : start + _PIECE])
    counts = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    rare = tuple((c, n) for c, n in counts if n < RARE)
    controls = tuple((c, n) for c, n in counts if _category(c) in ("Cc", "Cf"))
    lost = sum(n for c, n in counts if c == "\ufffd" or _category(c) in ("Cn", "Co"))
    longest_line = max(map(len, text.split("\n")))

    findings = []
    if corpus.guessed:
        findings.append(
            TextIssue(
                f"The encoding is a guess: {corpus.encoding}.",
                "Read as that; if letters look wrong, name another with --encoding.",
            )
        )
    if len(text) < SHORT:
        findings.append(
            TextIssue(
                f"The text is short: {len(text):,} characters.",
                "Settings shrink to fit it; the model will soon know it by heart (overfit).",
            )
        )
    if rare:
        findings.append(
            TextIssue(
                f"Seen fewer than {RARE} times: {_listed(rare)}.",
                f"Each keeps a place in the vocabulary; --fold {RARE} gives them one in common.",
            )
        )
    if len(counts) > MANY:
        findings.append(
            TextIssue(
                f"The vocabulary is large: {len(counts):,} distinct characters.",
                "Training is slower; --fold N gives characters rarer than N one place in common.",
            )
        )
    if controls:
        findings.append(
            TextIssue(
                f"Control and format characters: {_listed(controls)}.",
                "Kept and learnt; on the screen they appear as visible signs.",
            )
        )
    if lost:
        findings.append(
            TextIssue(
                f"No text: {lost:,} replacement, private or unassigned characters.",
                "Kept; a cleaner copy or another --encoding may bring back what they were.",
            )
        )
    if longest_line > LONG_LINE:
        findings.append(
            TextIssue(
                f"The longest line has {longest_line:,} characters.",
                "Nothing: a line end is a character like any other, only rarely seen here.",
            )
        )
    return TextStatistics(
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


def char_label(character: str) -> str:
    """Return a character that can be seen in quotes, any other by its name or code point."""
    if character.isprintable() and not character.isspace():
        return f"'{character}'"
    return unicodedata.name(character, f"U+{ord(character):04X}")


def _category(character: str) -> str:
    return "" if character in "\n\t" else unicodedata.category(character)


def _listed(counted: tuple[tuple[str, int], ...]) -> str:
    shown = ", ".join(f"{char_label(c)} ×{n:,}" for c, n in counted[:_SHOWN])
    more = len(counted) - _SHOWN
    return f"{shown} and {more:,} more" if more > 0 else shown
