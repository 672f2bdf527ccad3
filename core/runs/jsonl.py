"""Files of lines that several processes append to and others read as they grow.

A line is in the file whole or not at all; what a full disk or a loss of power has torn is passed
over by readers and ended by the next writer.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

_MOST = 1 << 17  # bytes read at a time: some milliseconds of a caller's time, however long the file
_LONG = 1 << 22  # bytes: where more than that are to be read, a sample is
_PARTS = 2048  # into which these are divided, or more so that none is larger than
_LARGEST_PART = 1 << 17  # bytes, which a processor has at hand while it searches them
_BLOCK = 1024  # bytes from the beginning of each part that are in the sample
_PARTS_AT_A_TIME = 32  # which takes milliseconds, too


def append_line(path: Path, line: bytes) -> None:
    """Add ``line``, which has no newline yet, in one write that no other writer's can mix with.

    Raises ``OSError``.
    """
    with path.open("a+b", buffering=0) as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            if file.read(1) != b"\n":
                line = b"\n" + line
        line += b"\n"
        if file.write(line) < len(line):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class LineTail:
    """Reads a file of lines from ``position`` on, each line once; there need be no file yet."""

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path, self._position = path, position
        self.has_more = False
        """Whether the last look left some of the file for the next."""

    @classmethod
    def tail(cls, path: Path, most: int = 0) -> "LineTail":
        """Read what comes from now on, and of what is there the last ``most`` bytes."""
        return cls(path, max(0, file_size(path) - most))

    def read(self) -> list[bytes]:
        """Return the new whole lines, none empty, of at most 128 KB: see :attr:`has_more`."""
        return _split(self._next(_MOST))

    def _next(self, most: int) -> bytes:
        """Return the whole lines in the next so many bytes."""
        end, piece = 0, b""
        try:
            if not self._path.is_file():  # opening a pipe would wait for ever
                raise FileNotFoundError
            with self._path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                # Of a file that was cut short, what comes from now on is read.
                self._position = min(self._position, end)
                file.seek(self._position)
                piece = file.read(min(most, end - self._position))
        except OSError:  # not there yet, or no longer
            pass
        self.has_more = self._position + len(piece) < end
        whole = piece[: piece.rfind(b"\n") + 1]
        # A line of such a length that it does not end in there is none of ours.
        self._position += len(piece if self.has_more and not whole else whole)
        return whole


class SampledLineTail(LineTail):
    """Reads a file that may have millions of lines already: of more than 4 MB it takes a sample.

    The file is divided into two thousand parts or more. Of each the first lines are taken, and for
    each of the ``sought`` words the last lines that have them, as many as stand there with them,
    and what comes after each of these. The end is read line by line, as is what is written then.
    """

    def __init__(self, path: Path, sought: Mapping[bytes, int]) -> None:
        super().__init__(path)
        self._sought = sought
        self._part = 0  # bytes; 0 as long as nothing is left out

    def read(self) -> list[bytes]:
        """Return lines that have come, all or a sample of them: see :attr:`has_more`."""
        sample: list[bytes] = []
        for _ in range(_PARTS_AT_A_TIME):
            left = file_size(self._path) - self._position
            if left > _LONG and not self._part:
                self._part = min(left // _PARTS, _LARGEST_PART)
            if left < self._part + _MOST or not self._part:
                self._part = 0
                return sample or super().read()
            sample += self._sample(self._next(self._part))
        return sample

    def _sample(self, part: bytes) -> list[bytes]:
        """Return the lines of ``part`` that stand for it, in their order."""
        head = part.find(b"\n", _BLOCK) + 1 or len(part)
        begins = set()
        for words, most in self._sought.items():
            begin = len(part)
            for _ in range(most):
                place = part.rfind(words, head, begin)
                if place < 0:
                    break
                begin = part.rfind(b"\n", 0, place) + 1
                begins |= {begin, part.find(b"\n", place) + 1}
        rest = (part[begin : part.find(b"\n", begin)] for begin in sorted(begins))
        return [*_split(part[:head]), *filter(None, rest)]


def _split(piece: bytes) -> list[bytes]:
    return [line for line in piece.split(b"\n") if line]


def file_size(path: Path) -> int:
    """Return how many bytes the file at ``path`` has: none if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
