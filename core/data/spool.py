"""Bytes that are written once and then read: in memory, or in a hidden file if they are many."""

import contextlib
import io
import os
import shutil
import threading
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Protocol, TypeVar

from charloom.core import paths
from charloom.core.errors import StorageError
from charloom.core.files import begin_hidden_file, make_folder, new_file, sweep

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAX_MEMORY_BYTES = 2**24
_Number = TypeVar("_Number", bound="np.generic")


class _Closable(Protocol):
    @property
    def close(self) -> Callable[[], object]: ...


_Item = TypeVar("_Item", bound=_Closable)


class Spool:
    """Bytes in :attr:`file`, a file object for reading and writing.

    The hidden file is among the models, so that a run's folder can link to it. It is removed with
    the spool, at the end of the process, or by a later :func:`sweep` if the process was killed.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Begin without bytes, or open those of the file ``path``, which stays."""
        self.file: BinaryIO = path.open("rb") if path else io.BytesIO()
        self.path = path
        self.size = self.file.seek(0, os.SEEK_END)
        self._lock = threading.Lock()
        self.close: weakref.finalize[..., Spool] = weakref.finalize(self, self.file.close)
        """Give back the memory, or the disk space."""

    def reserve(self, size: int) -> None:
        """Raise :class:`StorageError` if the disk has no room for ``size`` bytes more."""
        if self.size + size > MAX_MEMORY_BYTES:
            folder = make_folder(paths.models_dir())
            free = shutil.disk_usage(folder).free
            if free < size:
                raise StorageError(
                    f"A text of {_megabytes(size)} needs as much room in {str(folder)!r}, where "
                    f"{_megabytes(free)} are free; make room, or use a part of it."
                )

    def write(self, data: bytes) -> None:
        """Add ``data`` at the end. Raises :class:`StorageError` if the disk is full."""
        with self._lock:
            if self.path is None and self.size + len(data) > MAX_MEMORY_BYTES:
                self._move_to_disk()
            with storing_text():
                self.file.seek(self.size)
                self.file.write(data)
                self.file.flush()  # or a full disk is found where the text is read
            self.size += len(data)

    def read(self, start: int, size: int) -> bytes:
        """Return up to ``size`` bytes from ``start`` on."""
        with self._lock:
            self.file.seek(start)
            return self.file.read(max(0, min(size, self.size - start)))

    def array(self, dtype: "np.dtype[_Number]") -> "NDArray[_Number]":
        """Return all bytes as numbers ``[size / itemsize]``, which last as long as the spool."""
        import numpy as np  # deferred: many texts are read where nothing is computed

        if self.path is None:
            return np.frombuffer(self.file.getvalue(), dtype)  # type: ignore[attr-defined]
        return np.memmap(self.path, dtype, "r")

    def truncate(self, size: int) -> None:
        """Drop all bytes from ``size`` on."""
        self.file.truncate(size)
        self.size = size

    def link(self, target: Path) -> None:
        """Make ``target`` a file with these bytes: a hard link if possible, else a copy."""
        with contextlib.suppress(OSError):
            if self.path:
                os.link(self.path, target)
                return
        with new_file(target) as file:
            self.file.seek(0)
            shutil.copyfileobj(self.file, file, 2**20)
            file.flush()
            os.fsync(file.fileno())

    def _move_to_disk(self) -> None:
        folder = make_folder(paths.models_dir())
        sweep(folder)
        with storing_text():
            file, path = begin_hidden_file(folder / "text")
            close = weakref.finalize(self, _remove, file, path)
            self.file.seek(0)
            shutil.copyfileobj(self.file, file)
        self.close.detach()
        self.file, self.path, self.close = file, path, close


@contextlib.contextmanager
def closed_on_error(item: _Item) -> Iterator[_Item]:
    """Close ``item`` if the block raises: its file would be kept as long as the error."""
    try:
        yield item
    except BaseException:
        item.close()
        raise


def _remove(file: BinaryIO, path: Path) -> None:
    with contextlib.suppress(OSError):  # a full disk: the rest cannot be flushed
        file.close()
    with contextlib.suppress(OSError):
        path.unlink()


@contextlib.contextmanager
def storing_text(place: Path | None = None) -> Iterator[None]:
    """Turn errors of writing a text to ``place`` into :class:`StorageError`."""
    try:
        yield
    except OSError as error:
        folder = str(place or paths.models_dir())
        raise StorageError(
            f"The text cannot be stored in {folder!r} ({error.strerror}); make room there."
        ) from error


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
