"""Statistics of a text, and the issues that matter for training on it."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace

from charloom.core.data.cleaning import whole_lines
from charloom.core.data.corpus import Corpus
from charloom.core.data.dialogue import count_timestamps
from charloom.core.data.line_order import MAX_JUDGED, is_sorted
from charloom.core.data.text_file import TextPart, pieces_of
from charloom.core.data.vocab import MAX_CHARACTERS, fitting_min_count
from charloom.core.wording import plural

RARE_COUNT = 4  # a character that occurs fewer times is rare
SHORT_CHARACTERS = 20_000  # a shorter text is soon memorized
MANY_DISTINCT = 1_000  # more make training slower
LONG_LINE_CHARACTERS = 10_000
_MAX_LISTED = 8
_MANY_TIMESTAMPS = 0.5  # of the lines


@dataclass(frozen=True, slots=True)
class TextIssue:
    """A property of a text that the user should know about.

    Attributes:
        summary: a sentence on what was found.
        advice: a sentence on what Charloom does about it and what the user can do. A front end
            replaces ``{option}`` in it with its name for the setting.
        option: that setting's command-line option, without dashes.
    """

    summary: str
    advice: str
    option: str = ""


@dataclass(frozen=True, slots=True)
class TextStatistics:
    """Statistics of a text; characters are code points.

    Attributes:
        rare: the characters that occur fewer than :data:`RARE_COUNT` times, with their counts.
        controls: control and format characters except newline and tab, with their counts.
        non_text: share of ``controls`` and of unassigned, private and replacement characters.
    """

    characters: int
    utf8_bytes: int
    lines: int
    longest_line: int
    distinct: int
    rare: tuple[tuple[str, int], ...]
    controls: tuple[tuple[str, int], ...]
    non_text: float
    encoding: str
    guessed: bool
    issues: tuple[TextIssue, ...]


def analyze_text(corpus: Corpus) -> TextStatistics:
    """Return the statistics of ``corpus`` and the issues found in it."""
    text = corpus.stored
    counter = dict(corpus.counts.items())
    counts = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    controls = tuple((c, n) for c, n in counts if _category(c) in ("Cc", "Cf"))
    lost = sum(n for c, n in counts if c == "\ufffd" or _category(c) in ("Cn", "Co"))
    statistics = TextStatistics(
        characters=len(text),
        utf8_bytes=text.spool.size,
        lines=counter.get("\n", 0) + (text[-1:] != "\n"),
        longest_line=corpus.counts.longest_line,
        distinct=len(counts),
        rare=tuple((c, n) for c, n in counts if n < RARE_COUNT),
        controls=controls,
        non_text=(lost + sum(n for _, n in controls)) / len(text),
        encoding=corpus.encoding,
        guessed=corpus.guessed,
        issues=(),
    )
    min_count = fitting_min_count(counter.values())
    return replace(statistics, issues=tuple(_find_issues(corpus, statistics, lost, *min_count)))


def _find_issues(
    corpus: Corpus, found: TextStatistics, lost: int, min_count: int, size: int
) -> Iterator[TextIssue]:
    """Yield the issues of a text.

    ``lost`` characters are no text. Mapping those that occur fewer than ``min_count`` times to one
    entry leaves a vocabulary of ``size``; 0 if that is not needed.
    """
    start = TextPart(corpus.stored, 0, min(len(corpus.stored), MAX_JUDGED))
    timestamps = lines = 0
    for piece in whole_lines(pieces_of(start)):  # the app answers keys between two
        timestamps += count_timestamps(piece)
        lines += piece.count("\n")
    timestamp_share = timestamps / (lines + (start[-1:] != "\n"))
    checks = (
        (
            corpus.guessed,
            f"The encoding is a guess: {corpus.encoding}.",
            "If letters look wrong, specify another with {option}.",
            "encoding",
        ),
        (
            found.characters < SHORT_CHARACTERS,
            f"The text is short: {plural(found.characters, 'character')}.",
            "Training settings are reduced to fit; the model will soon overfit.",
        ),
        (
            found.rare,
            f"Seen fewer than {RARE_COUNT} times: {_listed(found.rare)}.",
            f"Each gets its own vocabulary entry; {{option}} {RARE_COUNT} maps them all to one.",
            "fold",
        ),
        (
            min_count,
            f"Too many distinct characters: {found.distinct:,}; a model can have "
            f"{MAX_CHARACTERS:,}.",
            f"{{option}} {min_count} maps all that occur fewer times to one entry, which leaves "
            f"{size:,}.",
            "fold",
        ),
        (
            MANY_DISTINCT < found.distinct <= MAX_CHARACTERS,
            f"The vocabulary is large: {found.distinct:,} distinct characters.",
            "Training is slower; {option} N maps all that occur fewer than N times to one entry.",
            "fold",
        ),
        (
            found.controls,
            f"Control and format characters: {_listed(found.controls)}.",
            "They are learned like all others and shown as visible symbols.",
        ),
        (
            lost,
            f"Not text: {lost:,} replacement, private or unassigned characters.",
            "They are kept; a cleaner copy or another {option} may restore them.",
            "encoding",
        ),
        (
            timestamp_share > _MANY_TIMESTAMPS and found.lines > 1,
            f"{timestamp_share:.0%} of the lines begin with a time.",
            "With {option} the model learns what was said, not when.",
            "strip-timestamps",
        ),
        (
            is_sorted(corpus.stored),
            "The lines are sorted, and the end of the text is held out.",
            "If each line is a text of its own, {option} makes the held-out ones a random sample.",
            "shuffle-lines",
        ),
        (
            found.longest_line > LONG_LINE_CHARACTERS,
            f"The longest line has {found.longest_line:,} characters.",
            "No action needed: a line end is a character like any other, only rare in this text.",
        ),
    )
    for is_issue, *issue in checks:
        if is_issue:
            yield TextIssue(*issue)


def char_label(character: str) -> str:
    """Return a visible character in quotes, and the name or code point of any other."""
    if character.isprintable() and not character.isspace():
        return f"'{character}'"
    return unicodedata.name(character, f"U+{ord(character):04X}")


def _category(character: str) -> str:
    return "" if character in "\n\t" else unicodedata.category(character)


def _listed(counted: tuple[tuple[str, int], ...]) -> str:
    shown = ", ".join(f"{char_label(c)} ×{n:,}" for c, n in counted[:_MAX_LISTED])
    more = len(counted) - _MAX_LISTED
    return f"{shown} and {more:,} more" if more > 0 else shown
