"""Stage 2: the characters of a text of any length, which are read from memory or disk in pieces."""

import hashlib
import operator
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from charloom.core.data.spool import Spool, closed_on_error

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

PIECE_CHARACTERS = 1 << 16  # which fit into a processor's cache
_COUNTED_BYTES = 1 << 20  # at a time
_ASCII = 128  # characters, of one byte each
_MARGIN_CHARACTERS = 1_000  # in which a match is seen whole


class Characters(Protocol):
    """A text whose characters are counted and read in parts: a str, or one on disk."""

    def __len__(self) -> int: ...
    def __getitem__(self, part: slice, /) -> str: ...


@dataclass(frozen=True, slots=True)
class CharacterCounts:
    """The distinct characters of a text, ``[V]`` each, and its digest and longest line."""

    points: "NDArray[np.int64]"  # code points, ascending
    counts: "NDArray[np.int64]"
    sha256: str = ""  # of the text as UTF-8
    longest_line: int = 0

    def items(self) -> list[tuple[str, int]]:
        """Return the characters with their counts, by code point."""
        return list(zip(map(chr, self.points.tolist()), self.counts.tolist(), strict=True))


class TextFile:
    """A text as UTF-8, to be written from its beginning to its end, and then read."""

    def __init__(self, path: Path | None = None) -> None:
        """Begin an empty text, or open the file ``path``, whose characters :meth:`count` finds."""
        self.spool = Spool(path)
        self._pending: list[bytes] = []  # not in the spool yet
        self._pending_characters = 0
        self._starts = [0]  # of each piece, in characters,
        self._offsets = [0]  # and in bytes; both end with the end

    def __len__(self) -> int:
        return self._starts[-1] + self._pending_characters

    def __getitem__(self, part: slice) -> str:
        start, stop, _ = part.indices(len(self))
        return "".join(self.pieces(start, stop))

    def __str__(self) -> str:
        return self[:]

    def __eq__(self, other: object) -> bool:
        """Return whether ``other`` is a text with the same characters."""
        if not isinstance(other, TextFile) or len(self) != len(other):
            return False
        return all(map(operator.eq, pieces_of(self), pieces_of(other)))

    __hash__ = None  # type: ignore[assignment]

    @classmethod
    def of(cls, pieces: Iterable[str]) -> Self:
        """Return the text in ``pieces``."""
        with closed_on_error(cls()) as text:
            for piece in pieces:
                text.write(piece)
        return text

    def take(self, other: Self) -> None:
        """Become the text ``other``, which is not used any more."""
        self.close()
        vars(self).update(vars(other))

    def close(self) -> None:
        """Give back the memory, or the disk space."""
        self.spool.close()

    def write(self, text: str) -> None:
        """Add ``text``. Raises ``UnicodeEncodeError`` if it has lone surrogates."""
        self._pending.append(text.encode())
        self._pending_characters += len(text)
        if self._pending_characters >= PIECE_CHARACTERS:
            self._flush()

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[str]:
        """Yield the characters from ``start`` to ``stop``, about :data:`PIECE_CHARACTERS` each."""
        self._flush()
        stop = len(self) if stop is None else stop
        index = bisect_right(self._starts, start) - 1
        while start < stop:
            begin, offset = self._starts[index], self._offsets[index]
            data = self.spool.read(offset, self._offsets[index + 1] - offset)
            piece = data.decode()[start - begin : stop - begin]
            yield piece
            index += 1
            start = self._starts[index]

    def truncate(self, characters: int) -> None:
        """Drop all but the first ``characters``."""
        self._flush()
        index = bisect_right(self._starts, characters) - 1
        begin = self[self._starts[index] : characters]
        self.spool.truncate(self._offsets[index])
        del self._starts[index + 1 :], self._offsets[index + 1 :]
        self.write(begin)

    def strip_line_ends(self) -> None:
        """Drop the line ends at the end."""
        while tail := self[-PIECE_CHARACTERS:]:
            kept = len(tail.rstrip("\n"))
            if kept == len(tail):
                break
            self.truncate(len(self) - len(tail) + kept)

    def count(self, on_progress: Callable[[int], object] = lambda _size: None) -> CharacterCounts:
        """Count the characters and lines in one pass.

        If the text is not UTF-8, this raises ``ValueError`` or gives a digest that no text has.
        ``on_progress`` is called with the bytes of each piece.
        """
        import numpy as np  # deferred: many texts are read where nothing is counted

        self._flush()
        starts, offsets = [0], [0]
        counts = np.zeros(_ASCII, np.int64)
        digest = hashlib.sha256()
        longest = line = 0  # the characters of the line that is not ended
        while offsets[-1] < self.spool.size:
            data = self._whole_characters(offsets[-1])
            digest.update(data)
            first_bytes, others = _split_utf8(data)
            counts[:_ASCII] += _count_bytes(first_bytes)[:_ASCII]
            if len(others):
                found = np.bincount(others, minlength=len(counts))
                found[: len(counts)] += counts
                counts = found
            ends = np.flatnonzero(first_bytes == ord("\n"))
            if len(ends):
                inner = int(np.diff(ends).max(initial=1)) - 1
                longest = max(longest, line + int(ends[0]), inner)
                line = len(first_bytes) - int(ends[-1]) - 1
            else:
                line += len(first_bytes)
            starts.append(starts[-1] + len(first_bytes))
            offsets.append(offsets[-1] + len(data))
            on_progress(len(data))
        self._starts, self._offsets = starts, offsets
        points = np.flatnonzero(counts)
        return CharacterCounts(points, counts[points], digest.hexdigest(), max(longest, line))

    def _whole_characters(self, start: int) -> bytes:
        """Return the bytes of about :data:`_COUNTED_BYTES` from ``start`` on."""
        end = _COUNTED_BYTES
        data = self.spool.read(start, end + 3)
        while end < len(data) and data[end] & 0xC0 == 0x80:  # not the first byte of a character
            end += 1
        return data[:end]

    def _flush(self) -> None:
        if self._pending:
            data = b"".join(self._pending)
            self._starts.append(self._starts[-1] + self._pending_characters)
            self._offsets.append(self._offsets[-1] + len(data))
            self._pending, self._pending_characters = [], 0
            self.spool.write(data)


@dataclass(frozen=True, slots=True)
class TextPart:
    """The characters of ``text`` from ``start`` to ``stop``, which are not copied."""

    text: Characters
    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __getitem__(self, part: slice) -> str:
        start, stop, _ = part.indices(len(self))
        return self.text[self.start + start : self.start + stop]


def pieces_of(text: Characters) -> Iterator[str]:
    """Yield ``text`` in pieces of :data:`PIECE_CHARACTERS`."""
    for start in range(0, len(text), PIECE_CHARACTERS):
        yield text[start : start + PIECE_CHARACTERS]


def find_all(
    pattern: re.Pattern[str], text: Characters, start: int = 0, hints: Iterable[str] = ()
) -> Iterator[tuple[int, re.Match[str]]]:
    """Yield the matches of ``pattern`` from ``start`` on, each with the place where it begins.

    A match may have up to 1,000 characters. With ``hints``, only pieces with one of them are
    searched, which is much faster.
    """
    hints = tuple(hints)
    for begin in range(start, len(text), PIECE_CHARACTERS):
        low = max(0, begin - _MARGIN_CHARACTERS)
        end = begin + PIECE_CHARACTERS
        window = text[low : end + _MARGIN_CHARACTERS]
        if hints and not any(hint in window for hint in hints):
            continue
        for match in pattern.finditer(window, max(begin, start) - low):
            if low + match.start() >= end:
                break
            yield low + match.start(), match
            start = low + match.end()


def _split_utf8(data: bytes) -> "tuple[NDArray[np.uint8], NDArray[np.uint32]]":
    """Return the first byte of each character, and the code points of those beyond ASCII."""
    import numpy as np

    first_bytes = np.frombuffer(data, np.uint8)
    if data.isascii():
        return first_bytes, np.zeros(0, np.uint32)
    others = first_bytes[first_bytes >= _ASCII].tobytes().decode()
    # The bytes after the first are 0x80 to 0xBF, which are the lowest ones if they have a sign.
    first_bytes = first_bytes[first_bytes.view(np.int8) > 0xBF - 0x100]
    return first_bytes, np.frombuffer(others.encode("utf-32-le"), "<u4")


def _count_bytes(values: "NDArray[np.uint8]") -> "NDArray[np.int64]":
    """Return the number of each byte in ``values``; counting pairs takes half the time."""
    import numpy as np

    even = len(values) // 2 * 2
    pairs = np.bincount(values[:even].view(np.uint16), minlength=2**16).reshape(2**8, 2**8)
    counts = np.bincount(values[even:], minlength=2**8)
    counts += pairs.sum(0) + pairs.sum(1)
    return counts


def code_points(text: str) -> "NDArray[np.unsignedinteger]":
    """Return the code points of ``text``, ``[len(text)]``, in one byte each if it is ASCII."""
    import numpy as np

    if text.isascii():
        return np.frombuffer(text.encode(), np.uint8)
    # surrogatepass: a lone surrogate, from a badly decoded text, is a character too
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
