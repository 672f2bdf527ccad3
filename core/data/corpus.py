"""Stages 1 and 2: load a text and clean its characters (Unicode code points).

Bytes are decoded, line ends and characters normalized, Project Gutenberg's header and footer cut,
and the requested part taken out. Every adjustment is reported in :attr:`Corpus.notes`.
"""

import hashlib
import random
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypedDict, Unpack

from charloom.core.data import gutenberg, readers
from charloom.core.data.dialogue import (
    DialogueForm,
    count_timestamps,
    find_dialogue,
    strip_timestamps,
)
from charloom.core.data.line_order import is_list, shuffled_lines
from charloom.core.data.readers.base import Document, File, Reading, label
from charloom.core.data.readers.files import Source, find_sources, in_order
from charloom.core.data.slicing import span
from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import quoted
from charloom.core.wording import listed, plural

MIN_CHARACTERS = 32
MIN_DISTINCT = 2

_SURROGATE = re.compile("[\ud800-\udfff]")
# Composing takes quadratic time in the number of combining marks in a row. No language has over 30
# (UAX #15, Stream-Safe Text Format).
_MAX_COMBINING_MARKS = 100
_BETWEEN_FILES = "\n\n\n"
_MAX_LISTED = 5  # files in a note


class ReadOptions(TypedDict, total=False):
    """Options of reading a text.

    Attributes:
        encoding: name of the encoding; None (the default) detects it.
        column: column of tables, or field of JSON, that has the texts.
        separator: end of each record of a table or of JSON (by default, a newline), and what is
            between files (by default, two blank lines).
        shuffle_files: seed of a random order of the files; None (the default) sorts them by name.
        shuffle_lines: shuffle the lines; None (the default) shuffles those of a list.
        strip_timestamps: remove the times that lines begin with, as in exported chats.
        nfc: compose characters (default True).
        trim: cut Project Gutenberg's header and footer (default True).
        start: where the part to keep begins: a phrase, or an offset if it consists of digits.
        end: where the part to keep ends; None is the end of the text, as for ``start``.
        short: accept a text that is too short or too uniform to train on (default False).
    """

    encoding: str | None
    column: str | None
    separator: str | None
    shuffle_files: int | None
    shuffle_lines: bool | None
    strip_timestamps: bool
    nfc: bool
    trim: bool
    start: str | None
    end: str | None
    short: bool


@dataclass(frozen=True, slots=True)
class Corpus:
    """A clean text and its origin; ``sha256`` is that of the text as UTF-8."""

    text: str = field(repr=False)
    title: str
    source: str
    encoding: str
    sha256: str
    notes: tuple[str, ...] = ()
    guessed: bool = False  # the encoding
    shuffled: bool = False  # the lines


def load(*names: Path | str, **options: Unpack[ReadOptions]) -> Corpus:
    """Load the text of files, of all files in folders, or of standard input (``"-"``).

    Raises :class:`CharloomError` if one cannot be read or is not a text to train on.
    """
    return from_sources([source for name in names for source in find_sources(name)], **options)


def from_bytes(data: bytes, *, title: str, source: str, **options: Unpack[ReadOptions]) -> Corpus:
    """Return the text in ``data``, which may be a file of any kind that is read."""
    return from_sources([Source(title, source, lambda: data)], **options)


def from_sources(sources: Sequence[Source], **options: Unpack[ReadOptions]) -> Corpus:
    """Read, join, clean and slice texts.

    Steps: decode, line ends, Project Gutenberg's header and footer, join, NFC, slice, shuffle
    lines.
    """
    ordered = in_order(sources)
    name = label(ordered[0].name) if len(ordered) == 1 else f"The text of {len(ordered):,} files"
    reading = Reading(options.get("encoding"), options.get("column"))
    try:
        joined = _join((each.file() for each in ordered), reading, options)
        text, changes, shuffled = _finish(joined.text, options)
    except MemoryError as error:
        raise CharloomError(f"{name} does not fit in memory; use a part of it.") from error
    if not text.strip():
        raise CharloomError(f"{name} is empty; choose a text with words in it.")
    if reading.column is not None and not reading.tables:
        raise SettingError("column", "applies to tables and JSON only, and there are none.")
    if not options.get("short", False):
        _check_trainable(text, name)
    notes = [*joined.notes(reading), *changes]
    if len(joined.names) > 1:
        order = "by name" if options.get("shuffle_files") is None else "shuffled"
        separator = options.get("separator")
        between = quoted(separator) if separator else "two blank lines"
        files = f"{len(joined.names):,} files {order} with {between} between them"
        notes.insert(0, f"Joined {files}: {_file_names(joined.names)}.")
    title, source = _title(ordered, len(joined.names))
    return Corpus(
        text=text,
        title=title,
        source=source,
        encoding=", ".join(joined.encodings),
        sha256=hashlib.sha256(text.encode()).hexdigest(),
        notes=tuple(notes),
        guessed=any(joined.encodings.values()),
        shuffled=shuffled,
    )


def _title(sources: Sequence[Source], files: int) -> tuple[str, str]:
    """Return the title of a text from ``files`` files, and where it is from."""
    first, more = sources[0], len(sources) - 1
    if first.folder and all(source.folder == first.folder for source in sources):
        return Path(first.folder).name, f"{first.folder} ({plural(files, 'file')})"
    title = f"{first.title} and {more:,} more" if more else first.title
    return title, listed([source.name for source in sources], _MAX_LISTED)


@dataclass(slots=True)
class _Joined:
    """The texts of files as one, and what was changed in them."""

    text: str = ""
    names: list[str] = field(default_factory=list)
    encodings: dict[str, bool] = field(default_factory=dict)  # and whether each is a guess
    lost: int = 0
    surrogates: int = 0
    returns: int = 0
    cuts: list[str] = field(default_factory=list)

    def clean(self, document: Document, end: str, trim: bool) -> str:
        """Return the whole text of ``document``, whose records get an ``end``."""
        if document.records:
            text = "".join(record.rstrip("\n") + end for record in document.pieces)
        else:
            text = "".join(document.pieces)
        self.encodings[document.encoding] = document.guessed
        self.lost += text.count("\ufffd")
        text, replaced = _SURROGATE.subn("\ufffd", text)
        self.surrogates += replaced
        if returns := text.count("\r"):
            self.returns += returns
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        if trim and document.plain:
            text, note = gutenberg.trim(text)
            self.cuts += [note] if note else []
        return text

    def notes(self, reading: Reading) -> Iterator[str]:
        """Yield a sentence on each kind of change."""
        if guesses := [encoding for encoding, guessed in self.encodings.items() if guessed]:
            encodings = ", ".join(guesses)
            yield f"Read as {encodings} (a guess); if that is wrong, specify the encoding."
        if reading.marks:
            yield "Dropped the byte order mark."
        if self.lost:
            yield f"Has {self.lost:,} U+FFFD in place of lost characters."
        if self.surrogates:
            yield f"Replaced {plural(self.surrogates, 'lone surrogate')} with U+FFFD."
        if self.returns:
            yield f"Turned {plural(self.returns, 'CRLF or CR line end')} into LF."
        if len(self.cuts) > 1:
            yield f"Cut what Project Gutenberg adds to {len(self.cuts):,} files."
        else:
            yield from self.cuts
        if reading.fields:
            yield f"Read the field {listed([*map(quoted, reading.fields)], _MAX_LISTED)}."
        if reading.left_out:
            yield f"Left out {plural(reading.left_out, 'record')} without a text."
        if skipped := reading.skipped:
            yield f"Skipped {plural(len(skipped), 'file')} without text: {_file_names(skipped)}."


def _file_names(names: Sequence[str]) -> str:
    return listed([Path(name).name for name in names], _MAX_LISTED)


def _join(files: Iterable[File], reading: Reading, options: ReadOptions) -> _Joined:
    """Join the texts of ``files``."""
    joined, separator = _Joined(), options.get("separator")
    texts = [
        (document.name, text, document.records)
        for file in files
        for document in readers.read(file, reading)
        if (text := joined.clean(document, separator or "\n", options.get("trim", True))).strip()
    ]
    if (seed := options.get("shuffle_files")) is not None:
        random.Random(seed).shuffle(texts)
    pieces: list[str] = []
    after_records = False
    for name, text, records in texts:
        if pieces and not (records and after_records):
            pieces[-1] = pieces[-1].rstrip("\n")
            pieces.append(separator or _BETWEEN_FILES)
        pieces.append(text)
        joined.names.append(name)
        after_records = records
    joined.text = "".join(pieces)
    return joined


def _finish(text: str, options: ReadOptions) -> tuple[str, list[str], bool]:
    """Compose, slice, strip and shuffle ``text``; return it, notes, and if it was shuffled."""
    notes = []
    start, end = options.get("start"), options.get("end")
    if options.get("nfc", True):
        text, note = _compose(text)
        notes += [note] if note else []
        start, end = (place and _compose(place)[0] for place in (start, end))
    if start is not None or end is not None:
        first, last = span(text, start, end)
        notes.append(f"Took the {plural(last - first, 'character')} from {first:,} to {last:,}.")
        text = text[first:last]
    if options.get("strip_timestamps"):
        notes.append(f"Removed the times from {plural(count_timestamps(text), 'line')}.")
        text = strip_timestamps(text)
    shuffle = options.get("shuffle_lines")
    if shuffle is None:
        shuffle = is_list(text) and find_dialogue(text).form is DialogueForm.PLAIN
    if shuffle:
        lines = plural(text.removesuffix("\n").count("\n") + 1, "line")
        notes.append(f"Shuffled the {lines}, so that the held-out ones are a random sample.")
        text = shuffled_lines(text)
    return text, notes, shuffle


def _compose(text: str) -> tuple[str, str]:
    """Return ``text`` in NFC and a note, which is empty if nothing changed."""
    if text.isascii():
        return text, ""
    # In decomposed form, since some characters decompose into marks only.
    marks = [c for c in set(text) if unicodedata.combining(unicodedata.normalize("NFD", c)[0])]
    if marks and re.search(f"[{''.join(marks)}]{{{_MAX_COMBINING_MARKS + 1}}}", text):
        return text, f"Left uncomposed: over {_MAX_COMBINING_MARKS:,} combining marks in a row."
    composed = unicodedata.normalize("NFC", text)
    return composed, "" if composed == text else "Composed the characters (NFC)."


def _check_trainable(text: str, name: str) -> None:
    if len(text) < MIN_CHARACTERS:
        raise CharloomError(
            f"{name} has only {plural(len(text), 'character')}; "
            f"training needs at least {MIN_CHARACTERS}."
        )
    if len(set(text)) < MIN_DISTINCT:
        raise CharloomError(f"{name} repeats a single character; choose a text with words in it.")
