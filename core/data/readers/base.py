"""The ground of all readers: files, the texts in them, and limits."""

import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple, cast

from charloom.core import paths
from charloom.core.data.spool import MAX_MEMORY_BYTES, storing_text
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder
from charloom.core.sanitize import quoted

MAX_PART_BYTES = 512 * 2**20  # of a part of a document, which is read at once
MAX_FILES = 10_000  # in a folder or an archive
STDIN = "-"

# Deflate packs text 2 to 20 times; only repetitions made to fill memory or disk go beyond this.
_MAX_RATIO, _MIN_CHECKED_BYTES = 200, 2**24
_MAX_NAME = 200  # characters in a message
_CHUNK_BYTES = 2**20


class NotTextError(CharloomError):
    """A file is not a text. In folders and archives, such files are skipped."""


class File(NamedTuple):
    """A file to read, whose ``stream`` can be read again from the start.

    ``listed`` is False for one that was found in a folder or an archive.
    """

    name: str
    stream: BinaryIO
    listed: bool = True

    @property
    def size(self) -> int:
        """The number of bytes."""
        position = self.stream.tell()
        size = self.stream.seek(0, os.SEEK_END)
        self.stream.seek(position)
        return size

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
    """Options for reading files, and a tally of what was found and left out in them.

    ``on_progress`` is called with numbers of bytes that were read; it may raise to cancel.
    ``expect`` is called with the bytes of unpacked files, which will be read.
    """

    encoding: str | None = None
    column: str | None = None
    on_progress: Callable[[int], object] = lambda _size: None
    expect: Callable[[int], object] = lambda _size: None
    tables: int = 0  # files with columns or fields
    marks: int = 0  # byte order marks that were dropped
    fields: dict[str, None] = field(default_factory=dict)  # that were the only ones with text
    left_out: int = 0  # records without a text
    skipped: list[str] = field(default_factory=list)  # files that are not texts


def label(name: str) -> str:
    """Return a file's name for messages."""
    return "Standard input" if name == STDIN else quoted(name, _MAX_NAME, keep_end=True)


def spool(
    read: Callable[[int], bytes],
    name: str,
    packed: int | None = None,
    on_read: Callable[[int], object] = lambda _size: None,
) -> BinaryIO:
    """Call ``read`` until a file ends, and return a copy of it, in memory or on disk.

    ``packed`` is the size of the archive that it is unpacked from, in bytes: a small archive must
    not fill the disk. ``on_read`` is called with the bytes of each piece; it may raise to cancel.
    """
    copy: BinaryIO = io.BytesIO()
    size = 0
    try:
        while chunk := read(_CHUNK_BYTES):
            size += len(chunk)
            if packed is not None:
                check_ratio(size, packed, name)
            with storing_text():
                if size > MAX_MEMORY_BYTES >= size - len(chunk):
                    start = copy.getvalue()  # type: ignore[attr-defined]
                    file = tempfile.TemporaryFile(dir=make_folder(paths.models_dir()))  # noqa: SIM115
                    copy = cast("BinaryIO", file)
                    copy.write(start)
                copy.write(chunk)
            on_read(len(chunk))
    except BaseException:
        with suppress(OSError):  # a full disk: the rest cannot be flushed
            copy.close()
        raise
    return copy


def read_part(read: Callable[[int], bytes], name: str, packed: int) -> bytes:
    """Call ``read`` until a part of a document of ``packed`` bytes ends, and return its bytes."""
    chunks, size = [], 0
    while chunk := read(_CHUNK_BYTES):
        size += len(chunk)
        if size > MAX_PART_BYTES:
            limit = f"{MAX_PART_BYTES // 2**20:,} MB"
            raise CharloomError(f"{label(name)} is larger than {limit}; use a part of it.")
        check_ratio(size, packed, name)
        chunks.append(chunk)
    return b"".join(chunks)


def check_ratio(size: int, packed: int, name: str) -> None:
    """Raise :class:`CharloomError` if ``packed`` bytes become so many that they are no text."""
    if size > max(_MIN_CHECKED_BYTES, _MAX_RATIO * packed):
        raise CharloomError(
            f"{label(name)} unpacks to over {_MAX_RATIO} times its size, which no text does."
        )


def damaged(name: str, why: object = "") -> CharloomError:
    """Return the error that a file is damaged."""
    reason = f" ({why})" if str(why) else ""
    return CharloomError(f"{label(name)} is damaged or incomplete{reason}; get it again.")
