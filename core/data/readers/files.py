"""Find and read the files that a user names: files, folders, standard input."""

import io
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import BinaryIO

from charloom.core import paths
from charloom.core.data.readers.base import (
    MAX_FILES,
    STDIN,
    File,
    label,
    spool,
)
from charloom.core.errors import Cancelled, CharloomError
from charloom.core.wording import natural_order


@dataclass(frozen=True, slots=True)
class Source:
    """A text to read: a title, the path or name that is noted, and a function that opens it."""

    title: str
    name: str
    open: Callable[[], BinaryIO]
    folder: str = ""  # in which it was found, if that was named

    @contextmanager
    def file(self, on_piped: Callable[[int], object] = lambda _size: None) -> Iterator[File]:
        """Open the file; raise :class:`CharloomError`, also if it cannot be read on.

        ``on_piped`` is called with the bytes of each piece of standard input.

        A file that was changed in the meantime may be a mixture, so it is refused. One that was
        removed can be read to its end.
        """
        try:
            is_piped = self.open is _open_stdin
            with _open_stdin(on_piped) if is_piped else self.open() as stream:
                version = _version(stream)
                changed = f"{label(self.name)} was changed while it was read; read it again."
                try:
                    yield File(self.name, stream, listed=not self.folder)
                except Cancelled:
                    raise
                except CharloomError as error:  # perhaps because of the change
                    if _version(stream) != version:
                        raise CharloomError(changed) from error
                    raise
                if _version(stream) != version:
                    raise CharloomError(changed)
        except OSError as error:
            raise CharloomError(
                f"{label(self.name)} cannot be read ({error.strerror}); check the disk it is on."
            ) from error


def find_sources(name: Path | str) -> Iterator[Source]:
    """Yield the file ``name``, all files in a folder without hidden ones, or standard input (-).

    Raises :class:`CharloomError` if a folder has no files or too many.
    """
    if str(name) == STDIN:
        yield Source("standard input", STDIN, _open_stdin)
        return
    path = paths.expand_user(str(name))
    try:
        folder = str(name) != "" and path.is_dir()
    except (OSError, ValueError):  # such as a NUL in the name: reading it gives the reason
        folder = False
    if not folder:
        yield _file_source(path)
        return
    found = 0
    for found, inner in enumerate(_walk(path), 1):
        if found > MAX_FILES:
            raise CharloomError(
                f"{label(str(path))} has over {MAX_FILES:,} files; name the folders to read."
            )
        yield _file_source(inner, path)
    if not found:
        raise CharloomError(f"There is no text in the folder {label(str(path))}; choose another.")


def in_order(sources: Iterable[Source]) -> list[Source]:
    """Return the sources in the order of their names, each file only once."""
    by_name = {source.name: source for source in sources}
    return [by_name[name] for name in sorted(by_name, key=natural_order)]


def _file_source(path: Path, folder: Path | None = None) -> Source:
    open_, within = partial(_open_file, path), _resolved(folder) if folder else ""
    return Source(_utf8(_stem(path)), _resolved(path), open_, within)


def _resolved(path: Path) -> str:
    try:
        return _utf8(path.resolve())
    except (OSError, ValueError, RuntimeError):  # reading it gives the reason
        return _utf8(path)


def _stem(path: Path) -> str:
    """Return the name without its suffix, and without that of a packed file."""
    packed = path.suffix.lower() in (".gz", ".bz2", ".xz")
    return Path(path.stem).stem if packed else path.stem


def _walk(folder: Path) -> Iterator[Path]:
    """Yield the regular files in a folder and those below it, without hidden ones and pipes."""
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            path = Path(parent, name)
            if not name.startswith(".") and path.is_file():
                yield path


def _version(stream: BinaryIO) -> tuple[int, ...]:
    """Return numbers that change with the file of ``stream``; none if that has no other user."""
    if not isinstance(stream, io.BufferedReader):  # a copy
        return ()
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


def _open_stdin(on_read: Callable[[int], object] = lambda _size: None) -> BinaryIO:
    """Read standard input to its end, and return a copy."""
    if sys.stdin is None or sys.stdin.closed:
        raise CharloomError("There is no standard input; name a file.")
    return spool(sys.stdin.buffer.read, STDIN, on_read=on_read)


def _open_file(path: Path) -> BinaryIO:
    """Open a regular file: a pipe or a device could block or never end."""
    name = label(str(path))
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise CharloomError(
                f"{name} is not a regular file; pipe it in and use '-' as its name."
            )
        return path.open("rb")
    except FileNotFoundError as error:
        raise CharloomError(f"There is no file {name}; check its name and folder.") from error
    except PermissionError as error:
        raise CharloomError(f"You may not read {name}; check its permissions.") from error
    except OSError as error:
        raise CharloomError(f"{name} cannot be read ({error.strerror}).") from error
    except ValueError as error:  # a NUL in the name
        raise CharloomError(f"Invalid file name: {name}.") from error


def _utf8(name: Path | str) -> str:
    """Return a file's name with the bytes that are not UTF-8 replaced."""
    return os.fsencode(name).decode("utf-8", "replace")
