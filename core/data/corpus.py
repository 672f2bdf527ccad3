"""Stages 1 and 2: load a text and clean its characters (Unicode code points).

Bytes are decoded, line ends and characters normalized, Project Gutenberg's header and footer cut,
and the requested part taken out, all of it in pieces: a text may be larger than the memory. Every
adjustment is reported in :attr:`Corpus.notes`.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypedDict, Unpack

from charloom.core.data.cleaning import compose, whole_lines
from charloom.core.data.dialogue import DialogueForm, find_dialogue, strip_timestamps
from charloom.core.data.joining import MAX_LISTED, Progress, ReadProgress, file_names, join
from charloom.core.data.line_order import MAX_JUDGED, is_list, shuffled_lines
from charloom.core.data.readers.base import Reading, label
from charloom.core.data.readers.files import Source, find_sources, in_order
from charloom.core.data.slicing import span
from charloom.core.data.spool import closed_on_error
from charloom.core.data.text_file import CharacterCounts, TextFile
from charloom.core.errors import CharloomError, SettingError, memory_for
from charloom.core.sanitize import quoted
from charloom.core.wording import listed, plural

MIN_CHARACTERS = 32
MIN_DISTINCT = 2


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

    stored: TextFile = field(repr=False)
    counts: CharacterCounts = field(repr=False, compare=False)
    title: str
    source: str
    encoding: str
    notes: tuple[str, ...] = ()
    guessed: bool = False  # the encoding
    shuffled: bool = False  # the lines

    @property
    def text(self) -> str:
        """The whole text. Parts of a long one are in :attr:`stored`."""
        return str(self.stored)

    @property
    def sha256(self) -> str:
        """The digest of the text as UTF-8."""
        return self.counts.sha256


def load(
    *names: Path | str, on_read: Progress | None = None, **options: Unpack[ReadOptions]
) -> Corpus:
    """Load the text of files, of all files in folders, or of standard input (``"-"``).

    Raises :class:`CharloomError` if one cannot be read or is not a text to train on.
    """
    sources = [source for name in names for source in find_sources(name)]
    return from_sources(sources, on_read, **options)


def from_bytes(data: bytes, *, title: str, source: str, **options: Unpack[ReadOptions]) -> Corpus:
    """Return the text in ``data``, which may be a file of any kind that is read."""
    return from_sources([Source(title, source, partial(io.BytesIO, data))], **options)


def from_sources(
    sources: Sequence[Source], on_read: Progress | None = None, **options: Unpack[ReadOptions]
) -> Corpus:
    """Read, join, clean and slice texts.

    Steps: decode, line ends, NFC, Project Gutenberg's header and footer, join, slice, shuffle
    lines; then the characters are counted. ``on_read`` is called with the bytes that were read
    and those in all; it may raise to cancel.
    """
    ordered = in_order(sources)
    name = label(ordered[0].name) if len(ordered) == 1 else f"The text of {len(ordered):,} files"
    progress = ReadProgress(on_read)
    reading = Reading(
        options.get("encoding"), options.get("column"), progress.advance, progress.expect
    )
    with memory_for(name, "use a part of it"), closed_on_error(TextFile()) as text:
        joined = join(
            text,
            ordered,
            reading,
            progress,
            separator=options.get("separator"),
            shuffle_seed=options.get("shuffle_files"),
            nfc=options.get("nfc", True),
            trim=options.get("trim", True),
        )
        changes, shuffled = _finish(text, options)
        counts = text.count(progress.last_part(text.spool.size))
        if all(map(str.isspace, map(chr, counts.points))):
            raise CharloomError(f"{name} is empty; choose a text with words in it.")
        if reading.column is not None and not reading.tables:
            raise SettingError("column", "applies to tables and JSON only, and there are none.")
        if not options.get("short", False):
            _check_trainable(text, counts, name)
    notes = [*joined.notes(reading), *changes]
    if len(joined.names) > 1:
        order = "by name" if options.get("shuffle_files") is None else "shuffled"
        separator = options.get("separator")
        between = quoted(separator) if separator else "two blank lines"
        files = f"{len(joined.names):,} files {order} with {between} between them"
        notes.insert(0, f"Joined {files}: {file_names(joined.names)}.")
    title, source = _title(ordered, len(joined.names))
    return Corpus(
        stored=text,
        counts=counts,
        title=title,
        source=source,
        encoding=", ".join(joined.encodings),
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
    return title, listed([source.name for source in sources], MAX_LISTED)


def _finish(text: TextFile, options: ReadOptions) -> tuple[list[str], bool]:
    """Slice, strip and shuffle ``text``; return notes, and if it was shuffled."""
    notes = []
    start, end = options.get("start"), options.get("end")
    if options.get("nfc", True):
        start, end = (place and (compose(place) or place) for place in (start, end))
    if start is not None or end is not None:
        first, last = span(text, start, end)
        notes.append(f"Took the {plural(last - first, 'character')} from {first:,} to {last:,}.")
        text.take(TextFile.of(text.pieces(first, last)))
    if options.get("strip_timestamps"):
        lines = 0
        with closed_on_error(TextFile()) as stripped:
            for piece in whole_lines(text.pieces()):
                rest, count = strip_timestamps(piece)
                stripped.write(rest)
                lines += count
        text.take(stripped)
        notes.append(f"Removed the times from {plural(lines, 'line')}.")
    shuffle = options.get("shuffle_lines")
    if shuffle is None:
        shuffle = is_list(text) and find_dialogue(text[:MAX_JUDGED]).form is DialogueForm.PLAIN
    if shuffle:
        whole = str(text)
        lines = whole.removesuffix("\n").count("\n") + 1
        shown = plural(lines, "line")
        notes.append(f"Shuffled the {shown}, so that the held-out ones are a random sample.")
        text.take(TextFile.of([shuffled_lines(whole)]))
    return notes, shuffle


def _check_trainable(text: TextFile, counts: CharacterCounts, name: str) -> None:
    if len(text) < MIN_CHARACTERS:
        raise CharloomError(
            f"{name} has only {plural(len(text), 'character')}; "
            f"training needs at least {MIN_CHARACTERS}."
        )
    if len(counts.points) < MIN_DISTINCT:
        raise CharloomError(f"{name} repeats a single character; choose a text with words in it.")
