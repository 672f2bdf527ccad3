"""Stages 1 and 2: load a text and clean its characters (Unicode code points).

Bytes are decoded, line ends and characters normalized, Project Gutenberg's header and footer cut,
and the requested part taken out. Every adjustment is reported in :attr:`Corpus.notes`.
"""

import hashlib
import os
import re
import stat
import sys
import unicodedata
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TypedDict, Unpack

from charloom.core import paths
from charloom.core.data import gutenberg
from charloom.core.data.encodings import decode, unreadable
from charloom.core.data.file_formats import check_plain
from charloom.core.data.slicing import span
from charloom.core.errors import CharloomError
from charloom.core.sanitize import quoted
from charloom.core.wording import plural

MAX_BYTES = 512 * 2**20
MIN_CHARACTERS = 32
MIN_DISTINCT = 2

# Text has few control characters; binary data have more than one in ten.
_CONTROLS = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n\f\r\x1b\x85"]
_MAX_CONTROL_SHARE = 0.1
_SURROGATE = re.compile("[\ud800-\udfff]")
# Composing takes quadratic time in the number of combining marks in a row. No language has over 30
# (UAX #15, Stream-Safe Text Format).
_MAX_COMBINING_MARKS = 100
_MAX_NAME = 200  # characters in a message
_CHUNK_BYTES = 2**20


class ReadOptions(TypedDict, total=False):
    """Options of reading a text.

    Attributes:
        encoding: name of the encoding; None (the default) detects it.
        nfc: compose characters (default True).
        trim: cut Project Gutenberg's header and footer (default True).
        start: where the part to keep begins: a phrase, or an offset if it consists of digits.
        end: where the part to keep ends; None is the end of the text, as for ``start``.
        short: accept a text that is too short or too uniform to train on (default False).
    """

    encoding: str | None
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


def load(source: Path | str, **options: Unpack[ReadOptions]) -> Corpus:
    """Load the text of a file, or of standard input if ``source`` is ``"-"``.

    Raises :class:`CharloomError` if it cannot be read or is not a text to train on.
    """
    try:
        if str(source) == "-":
            return from_bytes(_read_stdin(), title="standard input", source="-", **options)
        path = paths.expand_user(str(source))
        data = _read_file(path)
        return from_bytes(data, title=_utf8(path.stem), source=_utf8(path.resolve()), **options)
    except MemoryError as error:
        raise CharloomError(
            f"{quoted(str(source), _MAX_NAME, keep_end=True)} does not fit in memory; "
            "use a part of it."
        ) from error


def from_bytes(
    data: bytes,
    *,
    title: str,
    source: str,
    encoding: str | None = None,
    nfc: bool = True,
    trim: bool = True,
    start: str | None = None,
    end: str | None = None,
    short: bool = False,
) -> Corpus:
    """Decode, clean and slice ``data``; the options are those of :class:`ReadOptions`.

    Steps: decode, line ends, Project Gutenberg's header and footer, NFC, slice.
    """
    name = "Standard input" if source == "-" else quoted(source, _MAX_NAME, keep_end=True)
    notes = []
    if encoding is None:
        check_plain(data, name)
    text, used, guessed = decode(data, encoding, name)
    if encoding is None:
        if nuls := text.count("\0"):
            raise unreadable(name, f" ({nuls:,} NUL{'s' * (nuls != 1)})", used)
        if sum(map(text.count, _CONTROLS)) > _MAX_CONTROL_SHARE * len(text):
            raise unreadable(name)
    if guessed:
        notes.append(f"Read as {used} (a guess); if that is wrong, specify the encoding.")
    if text.startswith("\ufeff"):
        text = text[1:]
        notes.append("Dropped the byte order mark.")
    if damaged := text.count("\ufffd"):
        notes.append(f"Has {damaged:,} U+FFFD in place of lost characters.")
    text, replaced = _SURROGATE.subn("\ufffd", text)
    if replaced:
        notes.append(f"Replaced {plural(replaced, 'lone surrogate')} with U+FFFD.")
    if returns := text.count("\r"):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append(f"Turned {plural(returns, 'CRLF or CR line end')} into LF.")
    if trim:
        text, note = gutenberg.trim(text)
        notes += [note] if note else []
    if nfc:
        text, note = _compose(text)
        notes += [note] if note else []
        start, end = (place and _compose(place)[0] for place in (start, end))
    if start is not None or end is not None:
        first, last = span(text, start, end)
        notes.append(f"Took the {plural(last - first, 'character')} from {first:,} to {last:,}.")
        text = text[first:last]
    if not text.strip():
        raise CharloomError(f"{name} is empty; choose a text with words in it.")
    if not short:
        _check_trainable(text, name)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Corpus(text, title, source, used, sha256, tuple(notes), guessed)


def _read_stdin() -> bytes:
    """Read standard input to its end."""
    if sys.stdin is None or sys.stdin.closed:
        raise CharloomError("There is no standard input; name a file.")
    return _read_bounded(sys.stdin.buffer, "Standard input")


def _read_file(path: Path) -> bytes:
    """Read a regular file: a pipe or a device could block or never end."""
    name = quoted(str(path), _MAX_NAME, keep_end=True)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise CharloomError(f"{name} is a folder; name a text file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise CharloomError(
                f"{name} is not a regular file; pipe it in and use '-' as its name."
            )
        if status.st_size > MAX_BYTES:
            raise _too_large(name)
        with path.open("rb") as file:
            return _read_bounded(file, name)
    except FileNotFoundError as error:
        raise CharloomError(f"There is no file {name}; check its name and folder.") from error
    except PermissionError as error:
        raise CharloomError(f"You may not read {name}; check its permissions.") from error
    except OSError as error:
        raise CharloomError(f"{name} cannot be read ({error.strerror}).") from error
    except ValueError as error:  # a NUL in the name
        raise CharloomError(f"Invalid file name: {name}.") from error


def _read_bounded(file: BinaryIO, name: str) -> bytes:
    chunks, size = [], 0
    while chunk := file.read(_CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_BYTES:
            raise _too_large(name)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(name: str) -> CharloomError:
    limit = f"{MAX_BYTES // 2**20:,} MB"
    return CharloomError(f"{name} is larger than {limit}; use a part of it.")


def _utf8(name: Path | str) -> str:
    """Return a file's name with the bytes that are not UTF-8 replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


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
