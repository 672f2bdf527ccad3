"""Unpack gzip, bzip2, xz and zip, within limits."""

import importlib
import zipfile
import zlib
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath

from charloom.core.data.readers.base import (
    MAX_FILES,
    File,
    Reading,
    check_ratio,
    damaged,
    label,
    read_part,
    spool,
)
from charloom.core.errors import CharloomError
from charloom.core.wording import natural_order

SUFFIXES = (".gz", ".bz2", ".xz", ".zip")


def unpack(file: File, kind: str, reading: Reading) -> Generator[File, None, None]:
    """Yield the file in a ``"gzip"``, ``"bzip2"`` or ``"xz"`` archive."""
    position = 0

    def report(_size: int) -> None:
        nonlocal position
        last, position = position, file.stream.tell()
        reading.on_progress(position - last)

    with unpacking(file.name):
        module = importlib.import_module({"gzip": "gzip", "bzip2": "bz2", "xz": "lzma"}[kind])
        file.stream.seek(0)
        with module.open(file.stream) as stream:
            unpacked = spool(stream.read, file.name, file.size, report)
    with unpacked:
        inner = file._replace(name=unpacked_name(file.name), stream=unpacked)
        reading.expect(inner.size)
        yield inner


def unpack_zip(file: File, reading: Reading) -> Generator[File, None, None]:
    """Yield the files in a zip archive, in the order of their names, without hidden ones."""
    with open_zip(file) as archive:
        names = [name for name in archive.namelist() if name and not name.endswith("/")]
        if len(names) > MAX_FILES:
            raise CharloomError(
                f"{file.label} holds over {MAX_FILES:,} files; unpack some of them."
            )
        size = 0
        for name in sorted(filter(_is_visible, names), key=natural_order):
            info = archive.getinfo(name)
            share = info.compress_size / max(1, info.file_size)
            with unpacking(file.name), archive.open(name) as stream:
                member = File(
                    f"{file.name}/{name}",
                    spool(
                        stream.read,
                        f"{file.name}/{name}",
                        file.size,
                        partial(_report_packed, reading, share),
                    ),
                    listed=False,
                )
            with member.stream:
                size += member.size
                check_ratio(size, file.size, file.name)
                reading.expect(member.size)
                yield member


def _report_packed(reading: Reading, share: float, size: int) -> None:
    """Report ``size`` bytes that were unpacked, which took a ``share`` of them in the archive."""
    reading.on_progress(int(size * share))


def read_member(archive: zipfile.ZipFile, name: str, file: File) -> bytes:
    """Return a file in the zip archive ``file``."""
    with unpacking(file.name), archive.open(name) as stream:
        return read_part(stream.read, f"{file.name}/{name}", file.size)


@contextmanager
def open_zip(file: File) -> Iterator[zipfile.ZipFile]:
    """Open a zip archive; raise :class:`CharloomError` if it is damaged."""
    with unpacking(file.name):
        archive = zipfile.ZipFile(file.stream)
    with archive:
        yield archive


@contextmanager
def unpacking(name: str) -> Iterator[None]:
    """Turn the errors of damaged archives into :class:`CharloomError`."""
    try:
        yield
    except (NotImplementedError, RuntimeError) as error:  # a method, or a password
        raise CharloomError(f"{label(name)} cannot be unpacked here ({error}).") from error
    except (OSError, EOFError, KeyError, ValueError, zlib.error, zipfile.BadZipFile) as error:
        raise damaged(name) from error
    except ImportError as error:
        raise CharloomError(f"This Python cannot unpack {label(name)}; unpack it.") from error
    except Exception as error:
        if type(error).__name__ != "LZMAError":  # imported only if needed
            raise
        raise damaged(name) from error


def unpacked_name(name: str) -> str:
    """Return ``name`` without the suffix of an archive."""
    path = PurePosixPath(name)
    return name[: -len(path.suffix)] if path.suffix.lower() in SUFFIXES else name


def _is_visible(name: str) -> bool:
    return not any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(name).parts)
