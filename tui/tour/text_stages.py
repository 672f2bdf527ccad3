"""Stages 1 to 5 of the tour, on the user's own text, as lines of at most 76 columns."""

import unicodedata
from collections.abc import Iterable, Sequence
from itertools import zip_longest

import numpy as np
from rich.cells import cell_len, set_cell_size

from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.sanitize import single_line
from charloom.core.wording import plural
from charloom.tui.formatting.graphemes import truncate
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_layout import (
    COLUMNS,
    align_right,
    table,
    visible_char,
    visible_chars,
    wrap,
)

_LABEL_COLUMNS = 12
_WINDOW_LABEL_COLUMNS = 9
_OPENING_CHARACTERS = 2_000
_OPENING_LINES = 10
_EXCERPT_CHARACTERS = 12  # shown with their code points
_SEARCHED_CHARACTERS = 5_000  # for an excerpt and for prose
_VOCAB_ROWS = 8  # of the most and of the least frequent characters
_MAX_UNKNOWN = 6  # kinds of unknown characters that are listed
_MIN_PROSE_CHARACTERS = 40  # of a line; a shorter one may be a heading
_MAX_TITLE = 200  # characters
_MAX_PAIRS = 18  # of a feature and its label
_NAMES = {"\n": "newline", "\t": "tab", "\r": "carriage return", "\x1b": "escape"}


def labelled_lines(rows: Iterable[tuple[str, str]]) -> list[str]:
    """Return lines of texts, each with a label before its first line."""
    return [
        line.rstrip()
        for label, text in rows
        for line in wrap(text, prefix=set_cell_size(label, _LABEL_COLUMNS))
    ]


def prose_start(subject: TourSubject) -> int:
    """Return where in the known text prose begins; stages 4 to 10 show the text from there."""
    start, last = 0, len(subject.known_text) - subject.train_config.window - 1
    for line in subject.known_text[:_SEARCHED_CHARACTERS].split("\n"):
        if len(line) >= _MIN_PROSE_CHARACTERS and start <= last:
            return start
        start += len(line) + 1
    return 0


def varied_excerpt(text: str) -> str:
    """Return the few characters of ``text`` with the most kinds of special characters."""

    def special_count(start: int) -> int:
        kinds = set(text[start : start + _EXCERPT_CHARACTERS])
        return sum(not c.isascii() or not (c.isalnum() or c == " ") for c in kinds)

    last = min(_SEARCHED_CHARACTERS, len(text) - _EXCERPT_CHARACTERS)
    start = max(range(max(1, last)), key=special_count)
    return text[start : start + _EXCERPT_CHARACTERS]


def load_text(subject: TourSubject) -> list[str]:
    """Stage 1: the source of the text, its parts, and its beginning."""
    share = subject.held_out / subject.characters
    relation = "was trained on another text; this one is treated as its training text"
    if subject.is_training_text:
        relation = "was trained on it"
    source = single_line(subject.source, _MAX_TITLE)
    lines = labelled_lines(
        [
            ("text", single_line(subject.title, _MAX_TITLE)),
            ("source", f"{source}, encoding {subject.encoding}"),
            ("model", f"{subject.ref}, which {relation}"),
            ("characters", f"{subject.characters:,}"),
            ("  to learn", f"{subject.train_characters:,} from the beginning"),
            ("  held back", f"{subject.held_out:,} at the end ({share:.0%}), for testing"),
            *(("note", note) for note in subject.notes),
        ]
    )
    opening = [
        row
        for line in subject.text[:_OPENING_CHARACTERS].split("\n")
        for row in wrap(line, prefix="  │ ")
    ]
    return [*lines, "", "It begins:", *(row.rstrip() for row in opening[:_OPENING_LINES])]


def characters(subject: TourSubject) -> list[str]:
    """Stage 2: some characters with their code points, bytes and names."""
    excerpt = varied_excerpt(subject.text)
    rows = [("", "code point", "bytes", "name")]
    rows += [(visible_char(c), f"U+{ord(c):04X}", str(utf8_size(c)), _name(c)) for c in excerpt]
    return [
        *wrap(f"{len(excerpt)} characters of the text in a row. ␣ is a space, ↵ a newline."),
        "",
        *table("<<><", rows),
        "",
        *wrap(
            f"As UTF-8, the {len(subject.text):,} characters to learn from would be "
            f"{utf8_size(subject.text):,} bytes. {len(set(subject.text)):,} of the characters are "
            "distinct."
        ),
    ]


def utf8_size(text: str) -> int:
    """Return the number of bytes of ``text`` in UTF-8."""
    return len(text.encode("utf-8", "surrogatepass"))


def _name(character: str) -> str:
    return _NAMES.get(character) or unicodedata.name(character, "without a name").lower()


def vocabulary(subject: TourSubject) -> list[str]:
    """Stage 3: V, and the most and least frequent characters with their ids."""
    vocab = subject.vocab
    counts = np.bincount(vocab.encode(subject.known_text), minlength=len(vocab))
    by_count = [int(id_) for id_ in np.argsort(-counts, kind="stable") if counts[id_]]
    frequent, rest = by_count[:_VOCAB_ROWS], by_count[_VOCAB_ROWS:]
    rare = rest[-_VOCAB_ROWS:][::-1]

    def id_table(ids: Iterable[int]) -> list[str]:
        rows = [(visible_char(vocab.ix2c[id_]), str(id_), f"{counts[id_]:,}") for id_ in ids]
        return table("<>>", [("", "id", "count"), *rows])

    left, right = id_table(frequent), id_table(rare) if rare else []
    columns = max(map(cell_len, left)) + 8
    example = frequent[0]
    label = visible_char(vocab.ix2c[example])
    pairs = zip_longest(
        ["most frequent", *left], ["least frequent" * bool(rare), *right], fillvalue=""
    )
    return [
        f"The model knows V = {len(vocab):,} characters. Their counts in the text:",
        "",
        *((set_cell_size(cell, columns) + other).rstrip() for cell, other in pairs),
        "",
        f"c2ix['{label}'] = {example}     ix2c[{example}] = '{label}'",
        *_mismatch(subject, len(vocab) - len(by_count)),
    ]


def _mismatch(subject: TourSubject, absent: int) -> list[str]:
    """Return lines on characters that only the model has, or only the text."""
    lines = []
    if absent:
        lines += wrap(f"{absent:,} other characters that the model knows do not occur here.")
    if subject.unknown:
        kinds = [f"{visible_char(c)} ×{n:,}" for c, n in subject.unknown[:_MAX_UNKNOWN]]
        more = len(subject.unknown) - _MAX_UNKNOWN
        others = f" and {plural(more, 'more kind')}" if more > 0 else ""
        result = "each is replaced by a similar one or dropped, as in a prompt."
        if PLACEHOLDER in subject.vocab.c2ix:
            result = f"all of them get the one id of {PLACEHOLDER}."
        lines += wrap(f"Not known to the model: {', '.join(kinds)}{others}; {result}")
    return lines


def ids(subject: TourSubject) -> list[str]:
    """Stage 4: two lines of the text with the ids below the characters."""
    start = prose_start(subject)
    columns = max(3, len(str(len(subject.vocab) - 1)) + 1)
    per_line = (COLUMNS - _LABEL_COLUMNS) // columns
    lines = []
    for line_start in (start, start + per_line):
        if text := subject.known_text[line_start : line_start + per_line]:
            encoded = subject.vocab.encode(text)
            lines += ["", _cells("characters", map(visible_char, text), columns)]
            lines += [_cells("ids", map(str, encoded), columns)]
    return [
        "Some of the text, with the id below each character:",
        *lines,
        "",
        *wrap(
            f"So the text to learn from becomes a row of {len(subject.known_text):,} numbers from "
            f"0 to {len(subject.vocab) - 1:,}. Decoding gives every character back."
        ),
    ]


def _cells(label: str, cells: Iterable[str], columns: int) -> str:
    row = "".join(align_right(cell, columns) for cell in cells)
    return set_cell_size(label, _LABEL_COLUMNS) + row


def windows(subject: TourSubject) -> list[str]:
    """Stage 5: a window with its features above its labels."""
    length, start = subject.train_config.window, prose_start(subject)
    text = subject.known_text[start : start + length + 1]
    wide = max(map(cell_len, map(visible_char, text)))
    room = (COLUMNS - _WINDOW_LABEL_COLUMNS - 1) // (wide + 1)
    is_whole = len(text) <= room
    cells = [visible_char(c) for c in text[:room]]
    features = cells[:-1] if is_whole else cells
    more, end = ("", "]") if is_whole else (" …", " …")
    encoded = subject.vocab.encode(text[: _MAX_PAIRS + 1])
    columns = max(3, len(str(int(encoded.max()))) + 1)
    pairs = min(length, _MAX_PAIRS, (COLUMNS - _LABEL_COLUMNS) // columns)
    paired = [visible_char(c) for c in text[: pairs + 1]]
    return [
        f"A window of T = {length:,} characters. The labels start and end one character later:",
        "",
        _window_row("text", cells, wide, more),
        _window_row("features", features, wide, end, bracket=0),
        _window_row("labels", ["", *cells[1:]], wide, end, bracket=1),
        "",
        _cells("feature", paired[:-1], columns),
        _cells("  its id", map(str, encoded[:pairs]), columns),
        _cells("", ["↓"] * pairs, columns),
        _cells("label", paired[1:], columns),
        _cells("  its id", map(str, encoded[1 : pairs + 1]), columns),
        "",
        *(
            f"after  {set_cell_size(visible_chars(text[: n + 1]), 6)}  the right answer is  "
            f"{visible_char(text[n + 1])}"
            for n in range(3)
        ),
        "",
        *wrap(
            f"There are {len(subject.known_text) - length:,} such windows, one for each position "
            f"where one can begin. Each contains {length:,} exercises."
        ),
    ]


def _window_row(
    label: str, cells: Sequence[str], columns: int, end: str, bracket: int | None = None
) -> str:
    """Return cells in a row, with a bracket before the one at index ``bracket``."""
    row = "".join(
        ("[" if index == bracket else " ") + set_cell_size(cell, columns)
        for index, cell in enumerate(cells)
    )
    return truncate(set_cell_size(label, _WINDOW_LABEL_COLUMNS) + row.rstrip() + end, COLUMNS)
