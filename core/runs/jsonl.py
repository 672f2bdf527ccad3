"""Append lines to files, and read them as the files grow, from any number of processes.

A line is complete or it is no line: readers ignore one that a full disk or a loss of power has cut
off, and the next writer ends it with a newline.
"""

import errno
import os
from collections.abc import Mapping
from pathlib import Path

_MAX_BYTES_PER_READ = 1 << 17  # takes milliseconds, however long the file is
_MIN_SAMPLED_BYTES = 1 << 22  # if more than that is unread, a sample is read
_PARTS = 2048  # into which these are divided, or more, because of the limit on the next line
_MAX_PART_BYTES = 1 << 17  # fits into a processor's cache while it is searched
_HEAD_BYTES = 1024  # from the start of each part, are in the sample
_PARTS_PER_READ = 32  # takes milliseconds, too


def append_line(path: Path, line: bytes) -> None:
    """Append ``line``, given without a newline, in one write, so that writers do not interfere.

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
    """Reads the lines of a file from ``position`` on, each once; the file may not exist yet."""

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path, self._position = path, position
        self.has_more = False
        """True if the last read left a part of the file for the next one."""

    @classmethod
    def tail(cls, path: Path, past_bytes: int = 0) -> "LineTail":
        """Return a reader of new lines and of the last ``past_bytes`` of those already there."""
        return cls(path, max(0, file_size(path) - past_bytes))

    def read(self) -> list[bytes]:
        """Return the new lines without empty ones, of at most 128 KB: see :attr:`has_more`."""
        return _split(self._read(_MAX_BYTES_PER_READ))

    def _read(self, max_bytes: int) -> bytes:
        """Return the complete lines in the next ``max_bytes``."""
        end, data = 0, b""
        try:
            if not self._path.is_file():  # opening a pipe would block
                raise FileNotFoundError
            with self._path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                self._position = min(self._position, end)  # the file may have been truncated
                file.seek(self._position)
                data = file.read(min(max_bytes, end - self._position))
        except OSError:  # not there yet, or no longer
            pass
        self.has_more = self._position + len(data) < end
        lines = data[: data.rfind(b"\n") + 1]
        # A line that is longer than ``max_bytes`` is none of ours: skip it.
        self._position += len(data if self.has_more and not lines else lines)
        return lines


class SampledLineTail(LineTail):
    """Reads a file that may have millions of lines: a sample, if more than 4 MB are unread.

    The unread bytes are divided into two thousand parts or more. From each part the sample has the
    first lines and, for every key of ``sought``, the last lines that contain it, as many as its
    value says, each with the line after it. The last part is read in full, and so are new lines.
    """

    def __init__(self, path: Path, sought: Mapping[bytes, int]) -> None:
        super().__init__(path)
        self._sought = sought
        self._part_bytes = 0  # 0 while nothing is skipped

    def read(self) -> list[bytes]:
        """Return new lines, all or a sample of them: see :attr:`has_more`."""
        sample: list[bytes] = []
        for _ in range(_PARTS_PER_READ):
            unread = file_size(self._path) - self._position
            if unread > _MIN_SAMPLED_BYTES and not self._part_bytes:
                self._part_bytes = min(unread // _PARTS, _MAX_PART_BYTES)
            if unread < self._part_bytes + _MAX_BYTES_PER_READ or not self._part_bytes:
                self._part_bytes = 0
                return sample or super().read()
            sample += self._sample(self._read(self._part_bytes))
        return sample

    def _sample(self, part: bytes) -> list[bytes]:
        """Return the sampled lines of ``part`` in their order."""
        head = part.find(b"\n", _HEAD_BYTES) + 1 or len(part)
        starts = set()
        for key, count in self._sought.items():
            start = len(part)
            for _ in range(count):
                found = part.rfind(key, head, start)
                if found < 0:
                    break
                start = part.rfind(b"\n", 0, found) + 1
                starts |= {start, part.find(b"\n", found) + 1}
        lines = (part[start : part.find(b"\n", start)] for start in sorted(starts))
        return [*_split(part[:head]), *filter(None, lines)]


def _split(data: bytes) -> list[bytes]:
    return [line for line in data.split(b"\n") if line]


def file_size(path: Path) -> int:
    """Return the size of a file in bytes, 0 if it does not exist."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
