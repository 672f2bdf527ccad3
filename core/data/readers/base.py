"""The ground of all readers: files, the texts in them, and limits."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from charloom.core.errors import CharloomError
from charloom.core.sanitize import quoted

MAX_BYTES = 512 * 2**20  # of all files, unpacked
MAX_FILES = 10_000  # in a folder or an archive
STDIN = "-"

# Deflate packs text 2 to 20 times; only repetitions made to fill the memory go beyond this.
_MAX_RATIO, _MIN_CHECKED_BYTES = 200, 2**24
_MAX_NAME = 200  # characters in a message
_CHUNK_BYTES = 2**20


class NotTextError(CharloomError):
    """A file is not a text. In folders and archives, such files are skipped."""


class File(NamedTuple):
    """A file to read. ``listed`` is False for one that was found in a folder or an archive."""

    name: str
    data: bytes
    listed: bool = True

    @property
    def label(self) -> str:
        """The name in messages."""
        return label(self.name)


class Document(NamedTuple):
    """A text in a file, in pieces; each record of a table or of JSON is one piece."""

    name: str
    pieces: Iterator[str]
    encoding: str = "utf-8"
    guessed: bool = False  # the encoding
    plain: bool = False
    records: bool = False


@dataclass(slots=True)
class Reading:
    """Options for reading files, and a tally of what was found and left out in them."""

    encoding: str | None = None
    column: str | None = None
    size: int = 0  # bytes
    tables: int = 0  # files with columns or fields
    marks: int = 0  # byte order marks that were dropped
    fields: dict[str, None] = field(default_factory=dict)  # that were the only ones with text
    left_out: int = 0  # records without a text
    skipped: list[str] = field(default_factory=list)  # files that are not texts

    def add_size(self, size: int, name: str) -> None:
        """Count the bytes of a text; raise :class:`CharloomError` if all are too many."""
        self.size += size
        check_size(size, name)
        if self.size > MAX_BYTES:
            raise CharloomError(
                f"The files up to {label(name)} are larger than {_limit()} together; use fewer."
            )


def label(name: str) -> str:
    """Return a file's name for messages."""
    return "Standard input" if name == STDIN else quoted(name, _MAX_NAME, keep_end=True)


def read_bounded(read: Callable[[int], bytes], name: str, packed: int | None = None) -> bytes:
    """Call ``read`` until a file ends, or to the limit, where :class:`CharloomError` is raised.

    ``packed`` is the size of the archive that it is unpacked from, in bytes: a small archive must
    not fill the memory.
    """
    chunks, size = [], 0
    while chunk := read(_CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_BYTES:
            raise _too_large(name)
        if packed is not None:
            check_ratio(size, packed, name)
        chunks.append(chunk)
    return b"".join(chunks)


def check_ratio(size: int, packed: int, name: str) -> None:
    """Raise :class:`CharloomError` if ``packed`` bytes become so many that they are no text."""
    if size > max(_MIN_CHECKED_BYTES, _MAX_RATIO * packed):
        raise CharloomError(
            f"{label(name)} unpacks to over {_MAX_RATIO} times its size, which no text does."
        )


def check_size(size: int, name: str) -> None:
    """Raise :class:`CharloomError` if a file of ``size`` bytes is too large."""
    if size > MAX_BYTES:
        raise _too_large(name)


def damaged(name: str, why: object = "") -> CharloomError:
    """Return the error that a file is damaged."""
    reason = f" ({why})" if str(why) else ""
    return CharloomError(f"{label(name)} is damaged or incomplete{reason}; get it again.")


def _too_large(name: str) -> CharloomError:
    return CharloomError(f"{label(name)} is larger than {_limit()}; use a part of it.")


def _limit() -> str:
    return f"{MAX_BYTES // 2**20:,} MB"
