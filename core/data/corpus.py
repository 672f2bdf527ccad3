"""Stages 1 and 2: load a text and clean its characters (Unicode code points).

Bytes are decoded, line ends and characters normalized, Project Gutenberg's header and footer cut,
and the requested part taken out. Every adjustment is reported in :attr:`Corpus.notes`.
"""

import codecs
import contextlib
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
from charloom.core.data.slicing import span
from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import quoted

MAX_BYTES = 512 * 2**20
MIN_CHARACTERS = 32
MIN_DISTINCT = 2

# Longer marks come first: that of UTF-32 begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
# Text has few control characters; binary data have more than one in ten.
_CONTROLS = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n\f\r\x1b\x85"]
_MAX_CONTROL_SHARE = 0.1
_SURROGATE = re.compile("[\ud800-\udfff]")
_NON_TEXT_CODECS = ("idna", "punycode", "unicode-escape")  # for host names and source code
# Composing takes quadratic time in the number of combining marks in a row. No language has over 30
# (UAX #15, Stream-Safe Text Format).
_MAX_COMBINING_MARKS = 100
_MAX_NAME = 200  # characters in a message
_CHUNK_BYTES = 2**20
# To guess an encoding, up to _SAMPLE_BLOCKS blocks are looked at. A margin on either side keeps the
# words at their edges whole.
_SAMPLE_BLOCK_BYTES, _SAMPLE_MARGIN_BYTES, _SAMPLE_BLOCKS = 2**12, 2**6, 32


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
    text, used, guessed = _decode(data, encoding, name)
    if "\0" in text or sum(map(text.count, _CONTROLS)) > _MAX_CONTROL_SHARE * len(text):
        raise _binary(name)
    if guessed:
        notes.append(f"Read as {used} (a guess); if that is wrong, specify the encoding.")
    if text.startswith("\ufeff"):
        text = text[1:]
        notes.append("Dropped the byte order mark.")
    if damaged := text.count("\ufffd"):
        notes.append(f"Has {damaged:,} U+FFFD, which replace lost characters.")
    text, replaced = _SURROGATE.subn("\ufffd", text)
    if replaced:
        notes.append(f"Replaced {replaced:,} lone surrogates with U+FFFD.")
    if returns := text.count("\r"):
        text = text.replace("\r\n", "\n").replace("\r", "\n")
        notes.append(f"Turned {returns:,} CRLF or CR line ends into LF.")
    if trim:
        text, note = gutenberg.trim(text)
        notes += [note] if note else []
    if nfc:
        text, note = _compose(text)
        notes += [note] if note else []
        start, end = (place and _compose(place)[0] for place in (start, end))
    if start is not None or end is not None:
        first, last = span(text, start, end)
        notes.append(f"Took the {last - first:,} characters from {first:,} to {last:,}.")
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


def _binary(name: str) -> CharloomError:
    return CharloomError(
        f"{name} looks like binary data. If it is text, specify its encoding, such as utf-16-le."
    )


def _utf8(name: Path | str) -> str:
    """Return a file's name with the bytes that are not UTF-8 replaced."""
    return os.fsencode(name).decode("utf-8", "replace")


def _decode(data: bytes, encoding: str | None, name: str) -> tuple[str, str, bool]:
    """Return the text, its encoding, and whether the encoding is a guess."""
    if encoding is not None:
        shown = quoted(encoding, _MAX_NAME, keep_end=True)
        try:
            if codecs.lookup(encoding).name in _NON_TEXT_CODECS:
                raise LookupError
            return data.decode(encoding), encoding, False
        except LookupError as error:
            raise SettingError(
                "encoding", f"{shown} is unknown; try 'utf-8' or 'windows-1252'."
            ) from error
        except ValueError as error:
            raise SettingError(
                "encoding", f"{shown} does not fit {name}; leave it out to have it guessed."
            ) from error
    for mark, marked in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            try:
                return data.decode(marked), marked, False
            except UnicodeDecodeError as error:
                raise SettingError(
                    "encoding", f"must be given: {name} is marked as {marked} but damaged."
                ) from error
    try:
        return data.decode("utf-8"), "utf-8", False
    except UnicodeDecodeError:
        return _guess(data, name)


def _guess(data: bytes, name: str) -> tuple[str, str, bool]:
    """Decode text that is not valid UTF-8."""
    if b"\0" in data:
        raise _binary(name)
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    if len(data) - len(text) > 10 * lost:  # slightly damaged UTF-8, or truncated within a character
        return text, "utf-8", False

    import charset_normalizer  # deferred: slow to import, and few texts need it

    sample = _sample(data)
    # By default it looks at five places; more are more reliable.
    matches = charset_normalizer.from_bytes(sample, steps=min(20, max(5, len(sample) >> 11)))
    best = matches.best()
    # It breaks ties by name, so that French becomes Czech. The most common legacy encoding is the
    # better guess unless the letters of another language fit clearly better; English fits all.
    western = best is not None and any(
        "cp1252" in match.could_be_from_charset
        and match.chaos <= best.chaos
        and (
            match.coherence > best.coherence - 0.05 or match.language == best.language == "English"
        )
        for match in matches
    )
    for encoding in ["cp1252"] * western + [match.encoding for match in matches]:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding.replace("cp125", "windows-125"), True
    raise SettingError("encoding", f"must be given: it cannot be guessed for {name}.")


def _sample(data: bytes) -> bytes:
    """Return bytes to guess an encoding from: blocks all over a long text that are not ASCII.

    Guessing takes up to a hundred times the memory of its input. The blocks begin and end with
    blanks or punctuation, which are not part of a longer character in any encoding.
    """
    if len(data) <= _SAMPLE_BLOCK_BYTES * _SAMPLE_BLOCKS:
        return data
    starts = [
        at
        for at in range(0, len(data), _SAMPLE_BLOCK_BYTES)
        if not data[at : at + _SAMPLE_BLOCK_BYTES].isascii()
    ]
    blocks = (
        data[max(0, at - _SAMPLE_MARGIN_BYTES) : at + _SAMPLE_BLOCK_BYTES + _SAMPLE_MARGIN_BYTES]
        for at in starts[:: len(starts) // _SAMPLE_BLOCKS + 1]
    )
    pieces = (re.search(rb"[\t-/].*[\t-/]", block, re.DOTALL) for block in blocks)
    return b"".join(piece[0] for piece in pieces if piece)


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
            f"{name} has only {len(text)} characters; training needs at least {MIN_CHARACTERS}."
        )
    if len(set(text)) < MIN_DISTINCT:
        raise CharloomError(f"{name} repeats a single character; choose a text with words in it.")
