"""Where things are kept, and what they may be called."""

import os
import re
import sys
import unicodedata
from pathlib import Path

import platformdirs

from charloom.core.errors import CharloomError

if sys.platform != "win32":
    pass

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
_UNSEEN = "\u115f\u1160\u3164\uffa0"  # letters, by their category, that fill a place with nothing
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
    elif not all((c.isalnum() and c not in _UNSEEN) or c in "-_. " for c in name):
        fault = "has a character other than letters, digits, '-', '_', '.' and spaces"
    elif name[0] in "-. " or name[-1] in ". ":
        fault = "starts or ends with a dot, a dash or a space"
    elif _RESERVED.fullmatch(name):
        fault = "is reserved by some systems"
    if fault:
        shown = name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + "…"
        raise CharloomError(f"The name {shown!r} {fault}; choose a short one, like 'creature'.")
    return name
