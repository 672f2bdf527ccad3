"""The folders and files of Charloom, and valid names of models."""

import contextlib
import os
import re
import unicodedata
from pathlib import Path

from charloom.core.errors import CharloomError

_RESERVED = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9¹²³]) *(\..*)?", re.IGNORECASE)
# Letters and marks by their category, but nothing is seen of them.
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_JOINERS = "\u200c\u200d"  # ZWNJ and ZWJ, which Persian and Indic words contain
_TSHEG = "\u0f0b"  # between the syllables of a Tibetan word
_FIRST_JOINED = "\u0590"  # the scripts of joiners come after it
_VIRAMA = 9  # the combining class of marks after which a joiner may end a word
_NAME_PUNCTUATION = "-_. "
MAX_NAME_CHARACTERS = 64
_MAX_NAME_BYTES = 240  # of the 255 that file systems allow


def home() -> Path:
    """Return the folder of all Charloom's files, ``$CHARLOOM_HOME`` if it is set."""
    override = os.environ.get("CHARLOOM_HOME")
    if not override:
        import platformdirs  # deferred: help needs no folder

        return platformdirs.user_data_path("charloom", appauthor=False)
    folder = expand_user(override)
    if str(folder).startswith("~"):
        raise CharloomError(f"CHARLOOM_HOME is {override!r}, but there is no such user.")
    return folder


def config_dir() -> Path:
    """Return the folder of the user's configuration, :func:`home` if that was chosen."""
    if os.environ.get("CHARLOOM_HOME"):
        return home()
    import platformdirs

    return platformdirs.user_config_path("charloom", appauthor=False)


def config_file() -> Path:
    """Return the file of the user's own defaults and keys."""
    return config_dir() / "config.toml"


def themes_dir() -> Path:
    """Return the folder of the user's own themes."""
    return config_dir() / "themes"


def expand_user(path: str) -> Path:
    """Return ``path`` with a home folder for a leading ``~`` that no shell has replaced.

    It stays as it is if there is no such user: files may have such names.
    """
    with contextlib.suppress(RuntimeError):
        return Path(path).expanduser()
    return Path(path)


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
    """Return ``name`` composed (NFC) if it is a valid model name, else raise ``CharloomError``.

    A valid name is a valid folder name on every system: letters with their marks, digits, ``-``,
    ``_``, ``.`` and spaces, no leading dot, dash or space, no trailing dot or space, and not
    reserved by Windows.
    """
    composed = unicodedata.normalize("NFC", name[: 4 * MAX_NAME_CHARACTERS + 1])
    problem = ""
    if not name:
        problem = "is empty"
    elif len(composed) > MAX_NAME_CHARACTERS:
        problem = f"is longer than {MAX_NAME_CHARACTERS} characters"
    elif replace_invalid(composed, "") != composed:
        problem = "has a character other than letters, digits, '-', '_', '.' and spaces"
    elif len(composed.encode()) > _MAX_NAME_BYTES:
        problem = f"is longer than {_MAX_NAME_BYTES} bytes"
    elif composed[0] in "-. " or composed[-1] in ". ":
        problem = "starts or ends with a dot, a dash or a space"
    elif _RESERVED.fullmatch(composed):
        problem = "is reserved by some systems"
    if problem:
        shown = name if len(name) <= MAX_NAME_CHARACTERS else name[:MAX_NAME_CHARACTERS] + "…"
        raise CharloomError(f"The name {shown!r} {problem}; choose a short one, like 'creature'.")
    return composed


def replace_invalid(text: str, substitute: str) -> str:
    """Return ``text`` composed, with ``substitute`` for each character that no name can have.

    Marks, joiners and the Tibetan tsheg are valid in and after words only.
    """
    composed = unicodedata.normalize("NFC", text)
    valid: list[str] = []
    for character, after in zip(composed, f"{composed[1:]} ", strict=True):
        before = valid[-1] if valid and valid[-1] != substitute else " "
        if character.isalnum() or character in _NAME_PUNCTUATION:
            is_valid = True
        elif character in _JOINERS:
            is_inside = _is_letter(before) and before >= _FIRST_JOINED and _is_letter(after)
            is_valid = is_inside or unicodedata.combining(before) == _VIRAMA
        else:
            is_mark = unicodedata.category(character) in ("Mn", "Mc") or character == _TSHEG
            is_valid = is_mark and before not in _NAME_PUNCTUATION
        is_valid = is_valid and not _INVISIBLE.match(character)
        valid.append(character if is_valid else substitute)
    return "".join(valid)


def shorten_name(
    name: str, limit: int = MAX_NAME_CHARACTERS, max_bytes: int = _MAX_NAME_BYTES
) -> str:
    """Return the beginning of ``name`` that is short enough; no mark is cut from its letter."""
    end = min(len(name), limit)
    while len(name[:end].encode()) > max_bytes:
        end -= 1
    while 0 < end < len(name) and (_is_joined(name[end]) or name[end - 1] in _JOINERS):
        end -= 1
    return name[:end]


def _is_letter(character: str) -> bool:
    """Return whether this is a letter, or a mark of one."""
    return unicodedata.category(character)[0] in "LM"


def _is_joined(character: str) -> bool:
    return unicodedata.category(character)[0] == "M" or character in _JOINERS
