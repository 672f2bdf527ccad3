"""The folders and files of Charloom, and valid names of models."""

import os
import re
import unicodedata
from pathlib import Path

import platformdirs

from charloom.core.errors import CharloomError

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
_INVISIBLE = "\u115f\u1160\u3164\uffa0"  # letters by their category, but blank
_MAX_NAME_CHARACTERS = 64


def home() -> Path:
    """Return the folder of all Charloom's files, ``$CHARLOOM_HOME`` if it is set."""
    override = os.environ.get("CHARLOOM_HOME")
    return Path(override) if override else platformdirs.user_data_path("charloom", appauthor=False)


def models_dir() -> Path:
    """Return the folder that holds one folder per model."""
    return home() / "models"


def downloads_dir() -> Path:
    """Return the folder of downloaded texts."""
    return home() / "texts"


def library_file() -> Path:
    """Return the SQLite file of generated texts."""
    return home() / "library.sqlite"


def check_name(name: str) -> str:
    """Return ``name`` if it is a valid model name, else raise :class:`CharloomError`.

    A valid name is a valid folder name on every system: letters, digits, ``-``, ``_``, ``.`` and
    spaces, no leading dot, dash or space, no trailing dot or space, and not reserved by Windows.
    """
    problem = ""
    if not name:
        problem = "is empty"
    elif len(name) > _MAX_NAME_CHARACTERS:
        problem = f"is longer than {_MAX_NAME_CHARACTERS} characters"
    elif unicodedata.normalize("NFC", name) != name:
        problem = "is not in composed (NFC) form"
    elif not all((c.isalnum() and c not in _INVISIBLE) or c in "-_. " for c in name):
        problem = "has a character other than letters, digits, '-', '_', '.' and spaces"
    elif name[0] in "-. " or name[-1] in ". ":
        problem = "starts or ends with a dot, a dash or a space"
    elif _RESERVED.fullmatch(name):
        problem = "is reserved by some systems"
    if problem:
        shown = name if len(name) <= _MAX_NAME_CHARACTERS else name[:_MAX_NAME_CHARACTERS] + "…"
        raise CharloomError(f"The name {shown!r} {problem}; choose a short one, like 'creature'.")
    return name
