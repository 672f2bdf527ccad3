"""How files are written and removed: atomically, durably, readable by their owner alone."""

import contextlib
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from charloom.core.errors import CharloomError, SettingError, StorageError

if sys.platform != "win32":
    import fcntl


TEMPORARY = ".charloom.tmp"
"""How the names of temp files and unfinished folders end; they begin with a dot."""

_STEM = 40  # characters of a name that are in that of its temp file: no name gets too long


def make_folder(folder: Path) -> Path:
    """Create ``folder`` and its parents, readable by their owner alone, and return it."""
    try:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(20, "a file stands where a folder should be")
    except OSError as error:
        raise StorageError(
            f"The folder {folder} cannot be made ({error.strerror}); "
            "set CHARLOOM_HOME to a folder you may write to."
        ) from error
    return folder


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``: now or after a power cut, one sees the old file or the new.

    Temp file beside the target → fsync → rename → fsync of the directory. Raises ``OSError`` with
    the target untouched and no temp file left; what a writer leaves that is killed, :func:`sweep`
    removes.
    """
    handle, temporary = _begin_file(path)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32":
                temporary.replace(path)
        if sys.platform == "win32":  # where an open file keeps its name
            temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, where the system lets a folder be opened."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Fill a folder, given under another name, that appears whole at ``path`` or not at all.

    Raises ``OSError``, as when there is something at ``path`` already.
    """
    claim, hidden = _begin_folder(path)
    try:
        yield hidden
        hidden.rename(path)
    except BaseException:
        shutil.rmtree(hidden, ignore_errors=True)
        raise
    finally:
        if claim is not None:
            os.close(claim)
    _sync_folder(path.parent)


def sweep(folder: Path) -> None:
    """Remove the temp files and unfinished folders in ``folder`` whose writers are gone.

    A writer holds a lock on what it writes, which the system frees however it ends. Where that
    cannot be known, or nothing be removed, all is left as it is.
    """
    for path in folder.glob(f".*{TEMPORARY}"):
        with contextlib.suppress(OSError):
            if stat.S_ISLNK(path.lstat().st_mode):
                path.unlink()
                continue
            claim = _opened(path)
            try:
                if claim is not None:
                    _lock(claim, wait=False)
                if path.is_dir():
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    path.unlink()
            finally:
                if claim is not None:
                    os.close(claim)


def _begin_file(path: Path) -> tuple[int, Path]:
    """Open a temp file for what is to be at ``path``, and claim it against :func:`sweep`."""
    while True:
        handle, name = tempfile.mkstemp(TEMPORARY, f".{path.name[:_STEM]}.", path.parent)
        _lock(handle, wait=True)
        if os.path.lexists(name):
            return handle, Path(name)
        os.close(handle)  # it was swept away before it was claimed


def _begin_folder(path: Path) -> tuple[int | None, Path]:
    """Make a hidden folder for what is to be at ``path``, and claim it against :func:`sweep`."""
    while True:
        hidden = Path(tempfile.mkdtemp(TEMPORARY, f".{path.name[:_STEM]}.", path.parent))
        try:
            claim = _opened(hidden)
        except FileNotFoundError:  # it was swept away before it was claimed
            continue
        if claim is not None:
            _lock(claim, wait=True)
        if hidden.exists():
            return claim, hidden
        if claim is not None:
            os.close(claim)


def _opened(path: Path) -> int | None:
    """Open a file or folder to be locked; on Windows, where what is open is not removed, none."""
    if sys.platform == "win32":
        return None
    return os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)


def _lock(descriptor: int, wait: bool) -> None:
    """Lock an open file until it is closed; ``OSError`` if another has it and one won't wait."""
    if sys.platform != "win32":
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except OSError:
            if not wait:  # else it is a file system without locks, where nothing is swept
                raise


def write_file(path: Path, text: str, force: bool) -> None:
    """Put ``text`` into a file as UTF-8; one that exists is replaced only by ``force``."""
    shown = repr(str(path))
    try:
        if path.exists() and not force:
            raise SettingError("force", f"is needed to replace {shown}, which already exists.")
        write_atomically(path, text.encode("utf-8", "replace"))
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise CharloomError(f"{shown} cannot be written ({reason}).") from error
