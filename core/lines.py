"""Files of lines that several processes append to and others read as they grow.

A line is in the file whole or not at all; what a full disk or a loss of power has torn is passed
over by readers and ended by the next writer.
"""

import errno
import os
from pathlib import Path

_MOST = 1 << 19  # bytes read at a time: some milliseconds of a caller's time, however long the file


def append(path: Path, line: bytes) -> None:
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


class Lines:
    """Reads a file of lines from ``position`` on, each line once; there need be no file yet."""

    def __init__(self, path: Path, position: int = 0) -> None:
        self._path, self._position = path, position
        self.behind = False
        """Whether the last look left some of the file for the next."""

    @classmethod
    def tail(cls, path: Path, most: int = 0) -> "Lines":
        """Read what comes from now on, and of what is there the last ``most`` bytes."""
        return cls(path, max(0, size(path) - most))

    def read(self) -> list[bytes]:
        """Return the whole lines that have come, half a megabyte at most: see :attr:`behind`."""
        end, piece = 0, b""
        try:
            with self._path.open("rb") as file:
                end = file.seek(0, os.SEEK_END)
                # Of a file that was cut short, what comes from now on is read.
                self._position = min(self._position, end)
                file.seek(self._position)
                piece = file.read(min(_MOST, end - self._position))
        except OSError:  # not there yet, or no longer
            pass
        self.behind = self._position + len(piece) < end
        whole, newline, _ = piece.rpartition(b"\n")
        if not newline and self.behind:  # a line of that length is none of ours
            self._position += len(piece)
        self._position += len(whole) + len(newline)
        return whole.split(b"\n") if newline else []


def size(path: Path) -> int:
    """Return how many bytes the file at ``path`` has: none if it is not there."""
    try:
        return path.stat().st_size
    except OSError:
        return 0
