"""From bytes to clean text: decoding, line ends, wrapping cut away, a passage taken out.

Nothing is changed silently: every adjustment becomes a sentence in :attr:`Corpus.notes`.
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

from charloom.core.data import gutenberg
from charloom.core.data.slicing import span
from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import quoted

MAX_BYTES = 512 * 2**20
MIN_CHARACTERS = 32
MIN_DISTINCT = 2

# The longer marks first: UTF-32's begins with UTF-16's.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
# Text has few of these; compressed or otherwise binary bytes have more than one in ten.
_CONTROLS = [chr(c) for c in (*range(0x20), *range(0x7F, 0xA0)) if chr(c) not in "\t\n\f\r\x1b\x85"]
_MOST_CONTROLS = 0.1
_SURROGATE = re.compile("[\ud800-\udfff]")
_NO_TEXTS = ("idna", "punycode", "unicode-escape")  # codecs for names of hosts and for source code
# Composing takes time in the square of how many marks pile up on a character. In no language are
# there more than 30 (UAX #15, Stream-Safe Text Format); more is play, or worse.
_HIGHEST_PILE = 100
_MAX_NAME = 200  # characters in a message
_CHUNK = 2**20
# What is looked at to guess an encoding: how many bytes, how many more on either side so that no
# word is lost between two pieces, and how often.
_PIECE, _MARGIN, _PIECES = 2**12, 2**6, 32


class ReadOptions(TypedDict, total=False):
    """How a text is read; what is left out takes the default.

    ``encoding``: its name, or None (the default) to recognise it; ``nfc`` (True): compose
    characters; ``trim`` (True): cut Project Gutenberg's header and footer; ``start`` and ``end``
    (None): a phrase, or an offset in characters when made of digits alone, of the part to keep;
    ``short`` (False): accept what is too short or too uniform to train on.
    """

    encoding: str | None
    nfc: bool
    trim: bool
    start: str | None
    end: str | None
    short: bool


@dataclass(frozen=True, slots=True)
class Corpus:
    """A clean text and where it came from; ``sha256`` is that of the text as UTF-8."""

    text: str = field(repr=False)
    title: str
    source: str
    encoding: str
    sha256: str
    notes: tuple[str, ...] = ()
    guessed: bool = False  # whether the encoding is a guess


def load(source: Path | str, **reading: Unpack[ReadOptions]) -> Corpus:
    """Read the text in a file, or on standard input when ``source`` is ``"-"``.

    Raises :class:`CharloomError` when it cannot be read or is no text to train on.
    """
    try:
        if str(source) == "-":
            return from_bytes(_read_stdin(), title="standard input", source="-", **reading)
        path = Path(source)
        data = _read_file(path)
        return from_bytes(data, title=_utf8(path.stem), source=_utf8(path.resolve()), **reading)
    except MemoryError as error:
        raise CharloomError(
            f"{quoted(str(source), _MAX_NAME, keep_end=True)} is too large for this machine's "
            "memory; cut out a part of it."
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
    """Decode, clean and slice ``data``; see :class:`Trace` for the choices, :func:`load` for use.

    The steps, in this order: decode, newlines, Gutenberg's header and footer, NFC, slice.
    """
    name = "Standard input" if source == "-" else quoted(source, _MAX_NAME, keep_end=True)
    notes = []
    text, used, guessed = _decode(data, encoding, name)
    if "\0" in text or sum(map(text.count, _CONTROLS)) > _MOST_CONTROLS * len(text):
        raise _binary(name)
    if guessed:
        notes.append(f"Read as {used} (a guess); if that is wrong, specify the encoding.")
    if text.startswith("\ufeff"):
        text = text[1:]
        notes.append("Dropped the byte order mark.")
    if damaged := text.count("\ufffd"):
        notes.append(f"Has {damaged:,} U+FFFD, which stand for characters that were lost.")
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
        text, note = _composed(text)
        notes += [note] if note else []
        start, end = (place and _composed(place)[0] for place in (start, end))
    if start is not None or end is not None:
        first, last = span(text, start, end)
        notes.append(f"Took the {last - first:,} characters from {first:,} to {last:,}.")
        text = text[first:last]
    _check(text, name, short)
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return Corpus(text, title, source, used, sha256, tuple(notes), guessed)


def _read_stdin() -> bytes:
    """Read standard input to its end."""
    if sys.stdin is None or sys.stdin.closed:
        raise CharloomError("There is no standard input to read; name a file.")
    return _read_bounded(sys.stdin.buffer, "Standard input")


def _read_file(path: Path) -> bytes:
    """Read a regular file; a pipe or a device could block, or never end."""
    name = quoted(str(path), _MAX_NAME, keep_end=True)
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise CharloomError(f"{name} is a folder; name a text file in it.")
        if not stat.S_ISREG(status.st_mode):
            raise CharloomError(f"{name} is not a regular file; pipe it in and name it '-'.")
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
        raise CharloomError(f"There can be no file called {name}.") from error


def _read_bounded(file: BinaryIO, name: str) -> bytes:
    chunks, size = [], 0
    while chunk := file.read(_CHUNK):
        size += len(chunk)
        if size > MAX_BYTES:
            raise _too_large(name)
        chunks.append(chunk)
    return b"".join(chunks)


def _too_large(name: str) -> CharloomError:
    limit = f"{MAX_BYTES // 2**20:,} MB"
    return CharloomError(f"{name} is larger than {limit}; cut out a part of it.")


def _binary(name: str) -> CharloomError:
    return CharloomError(
        f"{name} looks like binary data. If it is text, specify its encoding, such as utf-16-le."
    )


def _utf8(name: Path | str) -> str:
    """Return a file's name in a form that can be written anywhere as UTF-8."""
    return os.fsencode(name).decode("utf-8", "replace")


def _decode(data: bytes, encoding: str | None, name: str) -> tuple[str, str, bool]:
    """Return the text, its encoding and whether that is a guess."""
    if encoding is not None:
        shown = quoted(encoding, _MAX_NAME, keep_end=True)
        try:
            if codecs.lookup(encoding).name in _NO_TEXTS:
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
    """Decode what is not quite UTF-8, or not at all."""
    if b"\0" in data:
        raise _binary(name)
    text = data.decode("utf-8", "replace")
    lost = text.count("\ufffd")
    if len(data) - len(text) > 10 * lost:  # UTF-8 cut off in mid-character, or a little damaged
        return text, "utf-8", False

    import charset_normalizer  # deferred: few texts need it, and importing it takes a while

    sample = _sample(data)
    # Of its own accord it looks at five places; the more, the surer it is.
    matches = charset_normalizer.from_bytes(sample, steps=min(20, max(5, len(sample) >> 11)))
    best = matches.best()
    # It breaks ties by name, which makes French Czech. The commonest of the old encodings is the
    # better guess, unless the letters of another language fit clearly better; those of English are
    # the same in all.
    western = best is not None and any(
        "cp1252" in each.could_be_from_charset
        and each.chaos <= best.chaos
        and (each.coherence > best.coherence - 0.05 or each.language == best.language == "English")
        for each in matches
    )
    for encoding in ["cp1252"] * western + [each.encoding for each in matches]:
        with contextlib.suppress(UnicodeDecodeError):
            return data.decode(encoding), encoding.replace("cp125", "windows-125"), True
    raise SettingError("encoding", f"must be given: it cannot be guessed for {name}.")


def _sample(data: bytes) -> bytes:
    """Return what tells the encoding: of a long text some pieces, from all over it, beyond ASCII.

    Guessing takes up to a hundred times the memory of what it is shown. The pieces begin and end
    with blanks or signs, which are part of a longer character in no encoding.
    """
    if len(data) <= _PIECE * _PIECES:
        return data
    starts = [at for at in range(0, len(data), _PIECE) if not data[at : at + _PIECE].isascii()]
    blocks = (
        data[max(0, at - _MARGIN) : at + _PIECE + _MARGIN]
        for at in starts[:: len(starts) // _PIECES + 1]
    )
    pieces = (re.search(rb"[\t-/].*[\t-/]", block, re.DOTALL) for block in blocks)
    return b"".join(piece[0] for piece in pieces if piece)


def _composed(text: str) -> tuple[str, str]:
    """Return ``text`` in NFC, and a sentence on what became of it, if anything did."""
    if text.isascii():
        return text, ""
    # By their decomposed forms, as some characters are taken apart into marks alone.
    marks = [c for c in set(text) if unicodedata.combining(unicodedata.normalize("NFD", c)[0])]
    if marks and re.search(f"[{''.join(marks)}]{{{_HIGHEST_PILE + 1}}}", text):
        return text, f"Left uncomposed: over {_HIGHEST_PILE:,} combining marks stand in a row."
    composed = unicodedata.normalize("NFC", text)
    return composed, "" if composed == text else "Composed the characters (NFC)."


def _check(text: str, name: str, short: bool) -> None:
    """Raise :class:`CharloomError` unless there is enough to learn from; ``short``: anything."""
    if not text.strip():
        raise CharloomError(f"{name} is empty; choose a text with words in it.")
    if short:
        return
    if len(text) < MIN_CHARACTERS:
        raise CharloomError(
            f"{name} gives only {len(text)} characters; {MIN_CHARACTERS} are the least to train on."
        )
    if len(set(text)) < MIN_DISTINCT:
        raise CharloomError(f"{name} repeats one single character; choose a text with words in it.")
