"""Write files and folders atomically, durably, and readable only by their owner."""

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from charloom.core.errors import CharloomError, SettingError, StorageError

if sys.platform != "win32":
    import fcntl


TEMP_SUFFIX = ".charloom.tmp"
"""The suffix of temporary files and unfinished folders; their names begin with a dot."""

_MAX_STEM_CHARACTERS = 40  # of the target's name in the temporary one, so that none is too long
# Windows cannot remove what is locked, so that nothing is locked there; its age tells what is old.
_MIN_SWEPT_SECONDS = 3600 if sys.platform == "win32" else 0
_REPLACE_SECONDS = 1.0  # for readers of the target, which Windows does not replace while it is open


def make_folder(folder: Path) -> Path:
    """Create ``folder`` and its parents, readable only by their owner, and return it."""
    try:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for path in reversed(missing):
            path.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(20, "a file is in its place")
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be created ({error.strerror}); "
            "set CHARLOOM_HOME to a writable folder."
        ) from error
    return folder


def write_atomically(path: Path, data: bytes) -> None:
    """Write ``data`` to ``path`` so that even after a power cut it has the old content or the new.

    Steps: temporary file next to the target, fsync, rename, fsync of the folder. Raises ``OSError``
    with the target unchanged and no temporary file left; :func:`sweep` removes those of killed
    writers.
    """
    with new_file(path) as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    _sync_folder(path.parent)


@contextlib.contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Yield a hidden file to fill, which is renamed to ``path`` at the end or removed on errors."""
    file, temporary = begin_hidden_file(path)
    try:
        with file:
            yield file
            if sys.platform != "win32":
                file.flush()
                temporary.replace(path)
        if sys.platform == "win32":  # an open file cannot be renamed there
            _replace(temporary, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise


def _replace(source: Path, target: Path) -> None:
    """Rename ``source`` to ``target``; wait a moment if that is not permitted."""
    deadline = time.monotonic() + _REPLACE_SECONDS
    while True:
        try:
            source.replace(target)
            break
        except PermissionError:
            if time.monotonic() > deadline:
                raise
        time.sleep(0.01)


def _sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, except on Windows, which cannot open a folder."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield a hidden folder to fill, which is renamed to ``path`` at the end or removed on errors.

    Raises ``OSError``, for example if ``path`` exists.
    """
    descriptor, hidden = _begin_folder(path)
    try:
        yield hidden
        hidden.rename(path)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    finally:
        if descriptor is not None:
            os.close(descriptor)
    _sync_folder(path.parent)


class HiddenFolder:
    """A folder under a hidden ``path``, which :func:`sweep` removes once this process has ended."""

    def __init__(self, folder: Path) -> None:
        """Rename ``folder``. Raises ``OSError`` if that is not possible."""
        self._descriptor: int | None = None
        with contextlib.suppress(OSError):  # a link, or a folder without permission
            self._descriptor = _open_for_lock(folder)
        try:
            if self._descriptor is not None:
                _lock(self._descriptor, wait=True)
            self.path = folder.rename(folder.with_name(f".{uuid.uuid4().hex}{TEMP_SUFFIX}"))
        except OSError:
            self._unlock()
            raise
        if sys.platform == "win32":
            os.utime(self.path)  # without locks, its age protects it

    def rename(self, target: Path) -> None:
        """Rename the folder to ``target``, which does not exist. Raises ``OSError``."""
        self.path.rename(target)
        self._unlock()

    def remove(self) -> None:
        """Remove as much as can be; the rest is left to a later sweep."""
        self._unlock()
        with contextlib.suppress(OSError):
            remove_unlocked(self.path)

    def _unlock(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def sweep(folder: Path) -> None:
    """Remove the temporary files and unfinished folders in ``folder`` whose writers are gone.

    A writer locks what it writes, and the system releases the lock when the process ends. What is
    locked, or cannot be checked or removed, stays. On Windows, whatever is younger than an hour
    stays, too.
    """
    for path in folder.glob(f".*{TEMP_SUFFIX}"):
        with contextlib.suppress(OSError):
            if time.time() - path.lstat().st_mtime >= _MIN_SWEPT_SECONDS:
                remove_unlocked(path)


def remove_unlocked(path: Path) -> None:
    """Remove a file or folder, or as much of it as can be; ``OSError`` if it is locked."""
    if stat.S_ISLNK(path.lstat().st_mode):
        path.unlink()
        return
    descriptor = _open_for_lock(path)
    try:
        if descriptor is not None:
            _lock(descriptor, wait=False)
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    finally:
        if descriptor is not None:
            os.close(descriptor)


def _temp_prefix(path: Path) -> str:
    return f".{path.name[:_MAX_STEM_CHARACTERS]}."


def begin_hidden_file(path: Path) -> tuple[BinaryIO, Path]:
    """Create and lock a hidden file next to ``path``; return it, open for all, and its path."""
    while True:
        handle, name = tempfile.mkstemp(TEMP_SUFFIX, _temp_prefix(path), path.parent)
        _lock(handle, wait=True)
        if os.path.lexists(name):
            return os.fdopen(handle, "w+b"), Path(name)
        os.close(handle)  # swept before it was locked


def _begin_folder(path: Path) -> tuple[int | None, Path]:
    """Create and lock a hidden folder for ``path``; return its descriptor, if any, and path."""
    while True:
        hidden = Path(tempfile.mkdtemp(TEMP_SUFFIX, _temp_prefix(path), path.parent))
        try:
            descriptor = _open_for_lock(hidden)
        except FileNotFoundError:  # swept before it was locked
            continue
        if descriptor is not None:
            _lock(descriptor, wait=True)
        if hidden.exists():
            return descriptor, hidden
        if descriptor is not None:
            os.close(descriptor)


def _open_for_lock(path: Path) -> int | None:
    """Return a descriptor for locking; None on Windows."""
    if sys.platform == "win32":
        return None
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


def _lock(descriptor: int, wait: bool) -> None:
    """Lock an open file until it is closed; without ``wait``, ``OSError`` if it is locked."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            if not wait:  # otherwise the file system has no locks, and nothing is swept
                raise


def write_file(path: Path, content: str | bytes, force: bool) -> None:
    """Write bytes, or text as UTF-8, to ``path``; replace an existing file only with ``force``."""
    shown = repr(str(path))
    try:
        if path.exists() and not force:
            raise SettingError("force", f"is needed to replace {shown}, which already exists.")
        data = content.encode("utf-8", "replace") if isinstance(content, str) else content
        write_atomically(path, data)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise CharloomError(f"{shown} cannot be written ({reason}).") from error
