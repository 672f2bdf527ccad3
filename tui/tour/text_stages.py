"""Stations 1 to 5 of the tour, on the person's own text: lines of at most 76 columns."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest

import numpy as np

from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.sanitize import sanitize, single_line
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import (
    COLUMNS,
    pad,
    table,
    truncate,
    visible_char,
    visible_chars,
    width,
    wrap,
)

_LABEL = 12
_OPENING_ROWS = 10
_PIECE = 12  # characters that are shown with their code points
_SEARCHED = 5_000  # characters in which such a piece is looked for
_LISTED = 8  # characters of either end of the vocabulary
_KINDS = 6  # of unknown characters that are told
_LONG_LINE = 40  # one that is prose rather than a heading
_LONGEST = 200  # characters of a title
_PAIRS = 18
_NAMES = {"\n": "newline", "\t": "tab", "\r": "carriage return", "\x1b": "escape"}


def labelled_lines(rows: Iterable[tuple[str, str]], label: int = _LABEL) -> list[str]:
    """Return lines with a label each, and beside it what is to be said."""
    lines = []
    for name, said in rows:
        first, *more = wrap(said, COLUMNS - label)
        lines.append((pad(name, label) + first).rstrip())
        lines += [" " * label + line for line in more]
    return lines


def prose_start(subject: TourSubject) -> int:
    """Return where in the known text the first line of prose begins: what stations 4 to 10 show."""
    start, last = 0, len(subject.known) - subject.training.window - 1
    for line in subject.known[:_SEARCHED].split("\n"):
        if len(line) >= _LONG_LINE and start <= last:
            return start
        start += len(line) + 1
    return 0


def varied_excerpt(text: str) -> str:
    """Return a few characters of ``text``, those among which there are most kinds of signs."""

    def kinds(start: int) -> int:
        there = set(text[start : start + _PIECE])
        return sum(not c.isascii() or not (c.isalnum() or c == " ") for c in there)

    starts = range(max(1, min(_SEARCHED, len(text) - _PIECE)))
    start = max(starts, key=kinds)
    return text[start : start + _PIECE]


def load_text(subject: TourSubject) -> list[str]:
    """Station 1: where the text comes from, what became of it, and how it begins."""
    held = subject.held_out / subject.characters
    lines = labelled_lines(
        [
            ("text", single_line(subject.title, _LONGEST)),
            ("from", f"{single_line(subject.source, _LONGEST)}, encoding {subject.encoding}"),
            ("model", f"{subject.ref}, which {_relation(subject)}"),
            ("characters", f"{subject.characters:,}"),
            ("  to learn", f"{subject.learned:,} from its beginning on"),
            ("  held back", f"{subject.held_out:,} at its end ({held:.0%}), to be tested with"),
            *(("note", note) for note in subject.notes),
        ]
    )
    opening = subject.text[:2_000].split("\n")
    rows = [row for line in opening for row in _rows(sanitize(line))]
    return [*lines, "", "It begins:", *(f"  │ {row}".rstrip() for row in rows[:_OPENING_ROWS])]


def _relation(subject: TourSubject) -> str:
    if subject.own:
        return "learned from it"
    return "learned another text; this one is treated as if it were to learn it"


def _rows(line: str) -> list[str]:
    room = COLUMNS - 4
    return [line] if width(line) <= room else wrap(line, room)


def characters(subject: TourSubject) -> list[str]:
    """Station 2: some characters, their code points, bytes and names."""
    shown = varied_excerpt(subject.text)
    size = len(subject.text.encode("utf-8", "surrogatepass"))
    rows = [("", "code point", "bytes", "name")]
    rows += [(visible_char(c), f"U+{ord(c):04X}", str(_bytes(c)), _name(c)) for c in shown]
    return [
        *wrap(
            f"{len(shown)} characters, one after the other, as they stand in the text. ␣ shows "
            "that there is a space, ↵ a newline."
        ),
        "",
        *table("<<><", rows),
        "",
        *wrap(
            f"The {len(subject.text):,} characters to learn from would be {size:,} bytes as UTF-8; "
            f"{len(set(subject.text)):,} of them are distinct."
        ),
    ]


def _bytes(character: str) -> int:
    return len(character.encode("utf-8", "surrogatepass"))


def _name(character: str) -> str:
    return _NAMES.get(character) or unicodedata.name(character, "without a name").lower()


def vocabulary(subject: TourSubject) -> list[str]:
    """Station 3: the tables, the commonest and the rarest characters, and V."""
    vocab = subject.vocab
    counts = np.bincount(vocab.encode(subject.known), minlength=len(vocab))
    order = [int(each) for each in np.argsort(-counts, kind="stable")]
    met = [each for each in order if counts[each]]
    common, rare = met[:_LISTED], met[_LISTED:][-_LISTED:][::-1]

    def listed(ids: Iterable[int]) -> list[str]:
        rows = [(visible_char(vocab.ix2c[each]), str(each), f"{counts[each]:,}") for each in ids]
        return table("<>>", [("", "id", "count"), *rows])

    left, right = listed(common), listed(rare) if rare else []
    gap = max(map(width, left)) + 8
    most = met[0]
    frequent = visible_char(vocab.ix2c[most])
    return [
        f"The model knows V = {len(vocab):,} characters. As they occur in the text:",
        "",
        (pad("commonest", gap) + "rarest" * bool(rare)).rstrip(),
        *(
            (pad(one, gap) + other).rstrip()
            for one, other in zip_longest(left, right, fillvalue="")
        ),
        "",
        f"c2ix['{frequent}'] = {most}     ix2c[{most}] = '{frequent}'",
        *_unmet(subject, len(vocab) - len(met)),
    ]


def _unmet(subject: TourSubject, absent: int) -> list[str]:
    told = []
    if absent:
        told.append(f"{absent:,} more that the model knows do not occur here.")
    if subject.unknown:
        listed = ", ".join(f"{visible_char(c)} ×{n:,}" for c, n in subject.unknown[:_KINDS])
        more = len(subject.unknown) - _KINDS
        others = f" and {more:,} more kinds" if more > 0 else ""
        becomes = (
            f"all of them have the one id of {PLACEHOLDER}."
            if PLACEHOLDER in subject.vocab.c2ix
            else "as in a prompt, each is replaced by its nearest kin or dropped."
        )
        told.append(f"Not known to the model: {listed}{others}; {becomes}")
    return [line for sentence in told for line in wrap(sentence)]


def ids(subject: TourSubject) -> list[str]:
    """Station 4: a line of the text with the ids under its characters."""
    start = prose_start(subject)
    cell = max(3, len(str(len(subject.vocab) - 1)) + 1)
    room = (COLUMNS - _LABEL) // cell
    lines = []
    for first in (start, start + room):
        row = subject.known[first : first + room]
        if row:
            encoded = subject.vocab.encode(row)
            lines += ["", _line("characters", map(visible_char, row), cell)]
            lines += [_line("ids", map(str, encoded), cell)]
    return [
        "As it stands in the text, each id under its character:",
        *lines,
        "",
        *wrap(
            f"So the text to learn from is a row of {len(subject.known):,} numbers from 0 to "
            f"{len(subject.vocab) - 1:,}, and decoding gives every character of it back."
        ),
    ]


def _line(label: str, cells: Iterable[str], size: int) -> str:
    return pad(label, _LABEL) + "".join(pad(cell, size, right=True) for cell in cells)


def windows(subject: TourSubject) -> list[str]:
    """Station 5: a window, its features over its labels, and the lessons in it."""
    length, start = subject.training.window, prose_start(subject)
    text = subject.known[start : start + length + 1]
    wide = max(map(width, map(visible_char, text)))
    room = (COLUMNS - 10) // (wide + 1)
    whole = len(text) <= room
    drawn = [visible_char(c) for c in text[:room]]
    encoded = subject.vocab.encode(text[: _PAIRS + 1])
    size = max(3, len(str(int(encoded.max()))) + 1)
    pairs = min(length, _PAIRS, (COLUMNS - _LABEL) // size)
    shown = [visible_char(c) for c in text[: pairs + 1]]
    last = drawn[:-1] if whole else drawn
    return [
        f"A window of T = {length:,} characters. The labels begin, and end, one further on:",
        "",
        _drawn("text", drawn, wide, "" if whole else " …"),
        _drawn("features", last, wide, "]" if whole else " …", bracket=0),
        _drawn("labels", ["", *drawn[1:]], wide, "]" if whole else " …", bracket=1),
        "",
        _line("feature", shown[:-1], size),
        _line("  its id", map(str, encoded[:pairs]), size),
        _line("", ["↓"] * pairs, size),
        _line("label", shown[1:], size),
        _line("  its id", map(str, encoded[1 : pairs + 1]), size),
        "",
        *(
            f"having read  {_read(text[: n + 1])}  the right answer is  {visible_char(text[n + 1])}"
            for n in (0, 1, 2)
        ),
        "",
        *wrap(
            f"There are {len(subject.known) - length:,} such windows, one for each place in the "
            f"text at which one can begin; each has {length:,} lessons in it."
        ),
    ]


def _drawn(
    label: str, cells: Sequence[str], wide: int, ending: str, bracket: int | None = None
) -> str:
    """Return cells in a row, each with a blank before it; the one at ``bracket`` has a bracket."""
    row = "".join(
        ("[" if place == bracket else " ") + pad(cell, wide) for place, cell in enumerate(cells)
    )
    return truncate(pad(label, 9) + row.rstrip() + ending)


def _read(text: str) -> str:
    return pad(visible_chars(text), 6)
