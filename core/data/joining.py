"""Stages 1 and 2: read files, clean their texts piece by piece, and join them."""

import math
import random
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from charloom.core.data import gutenberg, readers
from charloom.core.data.cleaning import MAX_COMBINING_MARKS, compose, whole_lines
from charloom.core.data.readers.base import Document, Reading
from charloom.core.data.readers.files import Source
from charloom.core.data.spool import closed_on_error
from charloom.core.data.text_file import TextFile, TextPart
from charloom.core.sanitize import quoted
from charloom.core.wording import listed, plural

_SURROGATE = re.compile("[\ud800-\udfff]")
_BETWEEN_FILES = "\n\n\n"
MAX_LISTED = 5  # files in a note


Progress = Callable[[int, int], object]
"""Called with the bytes done and those in all (0: unknown)."""


class ReadProgress:
    """Adds up the bytes that are read or counted, and those that will be; its share only grows."""

    def __init__(self, report: Progress | None) -> None:
        self._report, self._done, self._total = report, 0.0, 0
        self._share = 0.0

    def expect(self, size: int) -> None:
        """Add ``size`` bytes that will be read."""
        self._total += size

    def advance(self, size: float) -> None:
        """Report ``size`` bytes more that were read."""
        self._done += size
        done = math.ceil(max(self._share * self._total, min(self._done, self._total)))
        self._share = done / max(1, self._total)
        if self._report:
            self._report(done, self._total)

    def advance_unknown(self, size: int) -> None:
        """Report ``size`` bytes more of a file of unknown size."""
        self._done += size
        self._total += size
        if self._report:
            self._report(round(self._done), 0)

    def last_part(self, size: int) -> Callable[[int], None]:
        """Return a function that reports bytes of the last part, which has ``size`` in all."""
        scale = (self._total - self._done) / max(1, size)
        return lambda done: self.advance(done * scale)


@dataclass(slots=True)
class Joined:
    """The texts of files, cleaned, one after the other, and what was changed in them."""

    text: TextFile
    names: list[str] = field(default_factory=list)
    encodings: dict[str, bool] = field(default_factory=dict)  # and whether each is a guess
    lost: int = 0
    surrogates: int = 0
    returns: int = 0
    composed: bool = False
    uncomposed: bool = False
    cuts: list[str] = field(default_factory=list)

    def add(self, document: Document, end: str, *, nfc: bool, trim: bool) -> bool:
        """Add the text of ``document``, whose records get an ``end``, unless it is blank."""
        self.encodings[document.encoding] = document.guessed
        pieces = document.pieces
        if document.records:
            pieces = (self._unify_ends(record).rstrip("\n") + end for record in pieces)
        start, marked = len(self.text), False
        for piece in whole_lines(pieces):
            marked |= self._write(self._clean(piece, nfc))
        if document.plain and trim and marked:
            self._trim(start)
        if all(map(str.isspace, self.text.pieces(start))):
            self.text.truncate(start)
        return len(self.text) > start

    def _clean(self, piece: str, nfc: bool) -> str:
        self.lost += piece.count("\ufffd")
        clean = self._unify_ends(piece)
        if nfc:
            composed = compose(clean)
            self.uncomposed |= composed is None
            self.composed |= composed not in (None, clean)
            clean = composed or clean
        return clean

    def _write(self, piece: str) -> bool:
        """Add ``piece``, and return whether it may have a mark of Project Gutenberg."""
        try:
            self.text.write(piece)
        except UnicodeEncodeError:
            replaced, surrogates = _SURROGATE.subn("\ufffd", piece)
            self.surrogates += surrogates
            self.text.write(replaced)
        # Marks begin lines, and pieces end at line ends unless a line is long.
        return any(hint in piece for hint in gutenberg.HINTS)

    def _unify_ends(self, text: str) -> str:
        if "\r" in text:
            self.returns += text.count("\r")
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        return text

    def _trim(self, start: int) -> None:
        """Cut what Project Gutenberg adds to the text from ``start`` on."""
        books, note = gutenberg.find_books(TextPart(self.text, start, len(self.text)))
        if not note:
            return
        self.cuts.append(note)
        with closing(TextFile.of(self._books(start, books))) as kept:
            self.text.truncate(start)
            for piece in kept.pieces():
                self.text.write(piece)

    def _books(self, start: int, books: Iterable[tuple[int, int]]) -> Iterator[str]:
        for number, (begin, end) in enumerate(books):
            yield gutenberg.BETWEEN_BOOKS * (number > 0)
            yield from self.text.pieces(start + begin, start + end)

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
            yield f"Read the field {listed([*map(quoted, reading.fields)], MAX_LISTED)}."
        if reading.left_out:
            yield f"Left out {plural(reading.left_out, 'record')} without a text."
        if skipped := reading.skipped:
            yield f"Skipped {plural(len(skipped), 'file')} without text: {file_names(skipped)}."
        if self.uncomposed:
            yield f"Left uncomposed: over {MAX_COMBINING_MARKS:,} combining marks in a row."
        if self.composed:
            yield "Composed the characters (NFC)."


def file_names(names: Sequence[str]) -> str:
    """Return the names of some files for a note."""
    return listed([Path(name).name for name in names], MAX_LISTED)


def join(
    text: TextFile,
    sources: Iterable[Source],
    reading: Reading,
    progress: ReadProgress,
    *,
    separator: str | None,
    shuffle_seed: int | None,
    nfc: bool,
    trim: bool,
) -> Joined:
    """Join the texts of ``sources`` in ``text``, which is empty, in their order or shuffled."""
    joined = Joined(text)
    spans: list[tuple[str, int, int, bool]] = []
    for source in sources:
        with source.file(progress.advance_unknown) as file:
            progress.expect(2 * file.size)  # it is read, then counted
            text.spool.reserve(file.size)
            with closing(readers.read(file, reading)) as documents:
                for document in documents:
                    start = len(text)
                    if joined.add(document, separator or "\n", nfc=nfc, trim=trim):
                        spans.append((document.name, start, len(text), document.records))
    if shuffle_seed is not None:
        random.Random(shuffle_seed).shuffle(spans)
    joined.names = [name for name, *_ in spans]
    if len(spans) > 1:
        after_records = False
        with closed_on_error(TextFile()) as ordered:
            for number, (_, start, end, records) in enumerate(spans):
                if number and not (records and after_records):
                    ordered.strip_line_ends()
                    ordered.write(separator or _BETWEEN_FILES)
                for piece in text.pieces(start, end):
                    ordered.write(piece)
                after_records = records
        text.take(ordered)
    return joined
