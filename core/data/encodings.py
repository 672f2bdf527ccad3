"""Stage 1: decode the bytes of a text, and guess the encoding if none is given.

A byte order mark and valid UTF-8 are certain. Otherwise each of some 40 encodings is tried, and the
one in which the text is the most likely is taken.
"""

import codecs
import io
import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from charloom.core.data.encoding_scores import encoding_scores
from charloom.core.errors import SettingError
from charloom.core.sanitize import quoted

_MAX_NAME = 200  # characters in a message

# Longer marks come first: that of UTF-32 begins with that of UTF-16.
_BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
    (codecs.BOM_UTF8, "utf-8"),
)
_NON_TEXT_CODECS = ("idna", "punycode", "unicode-escape")  # for host names and source code

_CONTROLS = frozenset("\t\n\f\r\x1b\u200c\u200d\u200e\u200f")  # that texts have

_ESCAPES = (  # of encodings that consist of ASCII characters
    (b"\x1b$", ("iso2022_jp", "iso2022_jp_2004", "iso2022_jp_ext", "iso2022_jp_2", "iso2022_kr")),
    (b"~{", ("hz",)),
)

# In nats per character, as are all scores
_MIN_MEAN_SCORE = -9.5
_TIE = 12.0  # nats, of the whole text

# To guess an encoding, up to _SAMPLE_BLOCKS blocks are looked at. A margin on either side keeps the
# words at their edges whole.
_SAMPLE_BLOCK_BYTES, _SAMPLE_MARGIN_BYTES, _SAMPLE_BLOCKS = 2**12, 2**6, 32
_WIDE_SAMPLE_BYTES = 2**16
_CHUNK_BYTES = 2**16  # a multiple of a block


class Encoding(NamedTuple):
    """The encoding of a text; ``errors`` is how to decode it, ``guessed`` if it is a guess."""

    name: str
    errors: str = "strict"
    guessed: bool = False


def decode(data: bytes, name: str) -> str:
    """Return the text of ``data``; ``name`` is that of the file in messages."""
    encoding = detect(io.BytesIO(data), None, name)
    return data.decode(encoding.name, encoding.errors)


def detect(file: BinaryIO, encoding: str | None, name: str) -> Encoding:
    """Return the encoding of ``file``, or the given ``encoding`` if there is one.

    The file is read once, in pieces; if it is not UTF-8, a few times. ``name`` is that of the file
    in messages. Raises :class:`SettingError` for ``encoding`` if it is unknown or cannot be
    guessed.
    """
    if encoding is not None:
        _check_known(encoding, name)
        return Encoding(encoding)
    for mark, marked in _BYTE_ORDER_MARKS:
        if read_at(file, 0, len(mark)) == mark:
            if not _fits(file, marked):
                raise SettingError(
                    "encoding", f"must be given: {name} is marked as {marked} but damaged."
                )
            return Encoding(marked)
    look = _look_through(file)
    if guess := _escaped(file, look) or _wide(file, look):
        return Encoding(guess, "replace", guessed=True)
    if look.is_utf8:
        return Encoding("utf-8")
    if look.size - look.characters > 10 * look.lost:  # slightly damaged, or truncated
        return Encoding("utf-8", "replace")
    if guess := _most_likely(file, look):
        return Encoding(guess, "replace", guessed=True)
    raise unreadable(name)


def read_at(file: BinaryIO, start: int, size: int) -> bytes:
    """Return up to ``size`` bytes of ``file`` from ``start`` on."""
    file.seek(start)
    return file.read(size)


def _chunks(file: BinaryIO) -> Iterator[bytes]:
    """Yield the bytes that ``file`` has now: another program may never stop adding to it."""
    left = file.seek(0, io.SEEK_END)
    file.seek(0)
    while chunk := file.read(min(left, _CHUNK_BYTES)):
        left -= len(chunk)
        yield chunk


def _decoded(file: BinaryIO, encoding: str) -> Iterator[str]:
    decoder = codecs.getincrementaldecoder(encoding)()
    for chunk in _chunks(file):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", True)


@dataclass(slots=True)
class _Look:
    """The properties of a file as a whole, decoded as UTF-8."""

    is_ascii: bool = True
    is_utf8: bool = True
    has_nul: bool = False
    escapes: set[bytes] = field(default_factory=set)
    size: int = 0
    characters: int = 0
    lost: int = 0  # characters U+FFFD


def _look_through(file: BinaryIO) -> _Look:
    look, last = _Look(), b""
    decoder = codecs.getincrementaldecoder("utf-8")()
    for chunk in itertools.chain(_chunks(file), [b""]):  # the empty one is the end
        look.size += len(chunk)
        look.has_nul |= b"\0" in chunk
        for escape, _ in _ESCAPES if look.is_ascii else ():
            if (escape[:1] in chunk and escape in chunk) or escape == last + chunk[:1]:
                look.escapes.add(escape)
        last, state = chunk[-1:], decoder.getstate()
        if chunk and chunk.isascii() and not state[0]:
            look.characters += len(chunk)
            continue
        look.is_ascii &= chunk.isascii() and not state[0]
        try:
            text = decoder.decode(chunk, not chunk)
        except UnicodeDecodeError:
            look.is_utf8 = False
            decoder = codecs.getincrementaldecoder("utf-8")("replace")
            decoder.setstate(state)
            text = decoder.decode(chunk, not chunk)
        look.characters += len(text)
        look.lost += text.count("\ufffd")
    return look


def unreadable(name: str, why: str = "", encoding: str = "utf-8") -> SettingError:
    """Return the error for a file ``name`` that does not look like text; ``encoding`` may fit."""
    return SettingError(
        "encoding",
        f"must be given: {name} looks like binary data{why}. "
        f"If it is text, specify its encoding, such as {encoding}.",
    )


def misfit(encoding: str, name: str) -> SettingError:
    """Return the error for a file ``name`` that is not in the ``encoding`` that was given."""
    shown = quoted(encoding, _MAX_NAME, keep_end=True)
    return SettingError(
        "encoding", f"{shown} does not fit {name}; leave it out to have it guessed."
    )


def _check_known(encoding: str, name: str) -> None:
    try:
        codec = codecs.lookup(encoding)
        if codec.name in _NON_TEXT_CODECS or not codec._is_text_encoding:
            raise LookupError
    except LookupError as error:
        shown = quoted(encoding, _MAX_NAME, keep_end=True)
        raise SettingError(
            "encoding", f"{shown} is unknown; try 'utf-8' or 'windows-1252'."
        ) from error
    except ValueError as error:  # a NUL
        raise misfit(encoding, name) from error


def _fits(file: BinaryIO, encoding: str) -> bool:
    try:
        for _ in _decoded(file, encoding):
            pass
    except UnicodeDecodeError:
        return False
    return True


def _escaped(file: BinaryIO, look: _Look) -> str | None:
    """Return the encoding of East Asian text in ASCII characters, if the file is in one."""
    for escape, encodings in _ESCAPES:
        if escape in look.escapes and look.is_ascii:
            for encoding in encodings:
                with suppress(UnicodeDecodeError):
                    ascii_pieces = [piece.isascii() for piece in _decoded(file, encoding)]
                    if not all(ascii_pieces):
                        return encoding
    return None


def _wide(file: BinaryIO, look: _Look) -> str | None:
    """Return which UTF-16 or UTF-32 a file without a byte order mark is in, if any."""
    if look.has_nul:  # the high byte of a blank
        start = read_at(file, 0, _WIDE_SAMPLE_BYTES)
        for encoding in ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be"):
            if _is_of_one_script(start.decode(encoding, "replace")):
                return encoding
    return None


def _most_likely(file: BinaryIO, look: _Look) -> str | None:
    """Return the most likely encoding of a file that is not UTF-8; None if none is likely."""
    sample = _sample(file, look)
    scores = sorted(encoding_scores(sample), key=lambda item: -item[0])
    best, length, _ = scores[0]
    if best < _MIN_MEAN_SCORE * length:
        return None
    likely = [encoding for score, _, encoding in scores if score > best - _TIE]
    return next((encoding for encoding in likely if _fits(file, encoding)), likely[0])


def _is_of_one_script(text: str) -> bool:
    """Return whether ``text`` uses few of Unicode's blocks of 256, as bytes read wrongly do not."""
    blocks = Counter(ord(character) >> 8 for character in text)
    common = sum(count for _, count in blocks.most_common(2))
    wrong = sum(
        c == "\ufffd" or unicodedata.category(c)[0] == "C" for c in text if c not in _CONTROLS
    )
    return common > 0.9 * len(text) and wrong < 0.01 * len(text) + 1


def _sample(file: BinaryIO, look: _Look) -> bytes:
    """Return bytes to guess an encoding from: blocks all over a long text that are not ASCII.

    The blocks begin and end with blanks or punctuation, which are not part of a longer character in
    any encoding.
    """
    if look.size <= _SAMPLE_BLOCK_BYTES * _SAMPLE_BLOCKS:
        return read_at(file, 0, look.size)
    if look.has_nul:  # UTF-16 or UTF-32, whose characters stay whole at the start
        return read_at(file, 0, _WIDE_SAMPLE_BYTES)
    starts = [
        number * _CHUNK_BYTES + at
        for number, chunk in enumerate(_chunks(file))
        for at in range(0, len(chunk), _SAMPLE_BLOCK_BYTES)
        if not chunk[at : at + _SAMPLE_BLOCK_BYTES].isascii()
    ]
    margin = _SAMPLE_MARGIN_BYTES
    blocks = (
        read_at(file, max(0, at - margin), _SAMPLE_BLOCK_BYTES + margin + min(at, margin))
        for at in starts[:: len(starts) // _SAMPLE_BLOCKS + 1]
    )
    pieces = (re.search(rb"[\t-/].*[\t-/]", block, re.DOTALL) for block in blocks)
    joined = b"".join(piece[0] for piece in pieces if piece)
    return joined or read_at(file, 0, _WIDE_SAMPLE_BYTES)
