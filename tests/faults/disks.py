"""What a file system can do to those who write on it, and how it is brought to do so.

A file system of a few megabytes is mounted for that where this is allowed: for root, and for
a process started with ``unshare --user --map-root-user --mount``. Limits of a process and
permissions of files work everywhere but on Windows.
"""

import errno
import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_IS_ROOT = hasattr(os, "geteuid") and os.geteuid() == 0  # Windows has no such thing
_SIZE = "4m"
_INODES = 400
_BALLAST = "ballast"
_LIMIT = 'ulimit -S -f "$0" && exec "$@"'  # in blocks of 512 bytes; it can be lifted
_CAPABILITIES = "-dac_override,-dac_read_search"  # by which root passes over permissions


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the file system at a folder, from ``begin`` to ``end``."""

    name: str
    begin: Callable[[Path], object]
    end: Callable[[Path], object]
    prefix: tuple[str, ...] = ()
    """What a command is to be run by."""
    mounted: bool = False
    """Whether it takes a file system of its own."""
    constant: bool = False
    """Whether it lies in the command and has no begin and no end."""
    size: str = _SIZE
    """That of the file system."""


def faults() -> list[Fault]:
    """Return the faults there are, those first that say the most."""
    found = [_full(0), limited(0), _read_only(), _no_inode()]
    found += [_full(kilobytes) for kilobytes in (4, 8, 16, 32, 64, 128, 256)]
    found += [limited(blocks) for blocks in (8, 64)]
    if not _IS_ROOT or shutil.which("setpriv"):
        able = ("setpriv", f"--bounding-set={_CAPABILITIES}") if _IS_ROOT else ()
        found += [_denied(what, able) for what in ("folders", "files", "anything")]
    return found


def can_mount() -> bool:
    """Whether a file system can be mounted here."""
    if not _IS_ROOT or not shutil.which("mount"):
        return False
    try:
        with mounted(Path(os.environ["CHARLOOM_HOME"]) / "try"):
            return True
    except subprocess.CalledProcessError:
        return False


@contextmanager
def mounted(folder: Path, size: str = _SIZE) -> Iterator[None]:
    """Have a small file system of its own at ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    options = f"size={size},nr_inodes={_INODES},mode=700"
    _quietly("mount", "-t", "tmpfs", "-o", options, "charloom-faults", str(folder))
    try:
        yield
    finally:
        _quietly("umount", "--lazy", str(folder))


def _full(kilobytes: int) -> Fault:
    def fill(folder: Path) -> None:
        with (folder / _BALLAST).open("wb", buffering=0) as file:
            _until_full(lambda: file.write(b"\0" * 1024))
            file.truncate(max(0, file.tell() - kilobytes * 1024))

    return Fault(f"{kilobytes} KB free", fill, _remove_ballast, mounted=True)


def _no_inode() -> Fault:
    def fill(folder: Path) -> None:
        numbers = itertools.count()
        (folder / _BALLAST).mkdir()
        _until_full(lambda: (folder / _BALLAST / str(next(numbers))).touch())

    return Fault("no inode free", fill, _remove_ballast, mounted=True)


def _read_only() -> Fault:
    def remount(how: str, folder: Path) -> None:
        _quietly("mount", "-o", f"remount,{how}", str(folder))

    return Fault(
        "mounted read-only",
        lambda folder: remount("ro", folder),
        lambda folder: remount("rw", folder),
        mounted=True,
    )


def small(megabytes: int) -> Fault:
    """Return the fault that the whole file system is so small."""
    return Fault(
        f"a disk of {megabytes} MB",
        _nothing,
        lambda folder: _quietly("mount", "-o", "remount,size=1g", str(folder)),
        mounted=True,
        size=f"{megabytes}m",
    )


def limited(blocks: int) -> Fault:
    """Return the fault that no file may have more ``blocks`` of 512 bytes."""
    prefix = ("sh", "-c", _LIMIT, str(blocks))
    return Fault(f"no file over {blocks // 2} KB", _nothing, _nothing, prefix, constant=True)


def _denied(what: str, prefix: tuple[str, ...]) -> Fault:
    def deny(folder: Path) -> None:
        for path in sorted(folder.rglob("*"), reverse=True):
            if path.is_dir() and what == "folders":
                path.chmod(0o500)
            elif path.is_file() and what != "folders":
                path.chmod(0o400 if what == "files" else 0o000)

    def allow(folder: Path) -> None:
        for path in folder.rglob("*"):
            path.chmod(0o700 if path.is_dir() else 0o600)

    verb = "read" if what == "anything" else "write to"
    return Fault(f"no permission to {verb} {what}", deny, allow, prefix)


def _until_full(write: Callable[[], object]) -> None:
    try:
        while True:
            write()
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise


def _remove_ballast(folder: Path) -> None:
    path = folder / _BALLAST
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()


def _nothing(_: Path) -> None:
    pass


def _quietly(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)
