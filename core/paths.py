"""Where things are kept, what they may be called, and how a file is replaced untorn."""

import contextlib
import os
import re
import tempfile
import unicodedata
from pathlib import Path

import platformdirs

from core.errors import CharloomError

_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])(\..*)?", re.IGNORECASE)
_LONGEST_NAME = 64


def home() -> Path:
    """Return the folder that holds everything Charloom keeps: ``$CHARLOOM_HOME`` when it is set."""
    chosen = os.environ.get("CHARLOOM_HOME")
    return Path(chosen) if chosen else platformdirs.user_data_path("charloom", appauthor=False)


def models() -> Path:
    """Return the folder with one folder per named model."""
    return home() / "models"


def downloads() -> Path:
    """Return the folder that caches downloaded texts."""
    return home() / "texts"


def library() -> Path:
    """Return the SQLite file of generations and favorites."""
    return home() / "library.sqlite"


def make_folder(folder: Path) -> Path:
    """Create ``folder`` and its parents, readable by their owner alone, and return it."""
    try:
        missing = [p for p in (folder, *folder.parents) if not p.exists()]
        for each in reversed(missing):
            each.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(20, "a file stands where a folder should be")
    except OSError as error:
        raise CharloomError(
            f"The folder {folder} cannot be made ({error.strerror}); "
            "set CHARLOOM_HOME to a folder you may write to."
        ) from error
    return folder


def check_name(name: str) -> str:
    """Return ``name`` if it may name a model, else raise :class:`CharloomError`.

    A name stays inside the store on every system: letters, digits, ``-``, ``_``, ``.`` and spaces,
    no leading dot or dash, no trailing dot or space, no device name that Windows reserves.
    """
    fault = ""
    if not name:
        fault = "is empty"
    elif len(name) > _LONGEST_NAME:
        fault = f"is longer than {_LONGEST_NAME} characters"
    elif unicodedata.normalize("NFC", name) != name:
        fault = "is not in composed (NFC) form"
    elif not all(c.isalnum() or c in "-_. " for c in name):
        fault = "has a character other than letters, digits, '-', '_', '.' and spaces"
    elif name[0] in "-. " or name[-1] in ". ":
        fault = "starts or ends with a dot, a dash or a space"
    elif _RESERVED.fullmatch(name):
        fault = "is reserved by some systems"
    if fault:
        shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
        raise CharloomError(f"The name {shown!r} {fault}; choose a short one, like 'creature'.")
    return name


def write_atomically(path: Path, data: bytes) -> None:
    """Put ``data`` at ``path``: now or after a power cut, one sees the old file or the new.

    Temp file beside the target → fsync → rename → fsync of the directory. Raises ``OSError`` with
    the target untouched and no temp file left.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            temporary.unlink()
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make a rename in ``folder`` durable, where the system lets a folder be opened."""
    if os.name == "nt":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
