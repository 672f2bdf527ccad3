"""Preferences saved between sessions: the theme and the sampling settings."""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from charloom.core.sampling.config import WORDS
from charloom.core.sampling.ending import UNITS
from charloom.tui.services.pace import PACES

MEMORY_OPTIONS = ("off", "page", "talk")
"""The text that a model reads before the prompt: none, the page, or the page as a dialogue."""

ALERTS = ("message", "bell", "off")
"""What a run that ends or overfits sends to a terminal in the background."""

_MAX_RECENT_TEXTS = 12
_MAX_FILE_BYTES = 1 << 16
_VALIDATORS: Mapping[str, Callable[[Any], bool]] = {
    "temperature": lambda value: 0 <= value <= 10,  # False for NaN
    "top_k": lambda value: value >= 0,
    "top_p": lambda value: 0 < value <= 1,
    "min_p": lambda value: 0 <= value <= 1,
    "words": lambda value: value in WORDS,
    "pace": lambda value: value in PACES,
    "length": lambda value: 0 < value < 1_000_000,
    "seed": lambda value: -1 <= value < 1 << 63,
    "until": lambda value: value in ("", *UNITS),
    "candidate_count": lambda value: 0 < value <= 4,
    "memory": lambda value: value in MEMORY_OPTIONS,
    "alert": lambda value: value in ALERTS,
    "vary_by": lambda value: value in ("seed", "temperature"),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The user's choices; invalid values in the file are replaced by the defaults."""

    theme: str = "charloom-dark"
    model: str = "frankenstein"  # NAME[@STEP|@best|@last]; by default the bundled model
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    min_p: float = 0.0
    words: str = "any"
    pace: int = 60  # characters a second; 0: as many as possible
    length: int = 500
    seed: int = -1  # -1: a fresh seed for every text
    stop: tuple[str, ...] = ()
    until: str = "sentence"  # "" or a unit, to the end of which a text continues
    candidate_count: int = 1
    vary_by: str = "seed"  # difference between candidates: "seed" or "temperature"
    recent_texts: tuple[str, ...] = ()  # newest first: catalog names or absolute paths
    memory: str = "off"  # one of MEMORY_OPTIONS
    alert: str = "message"  # one of ALERTS
    welcomed: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Return the preferences in a JSON object, without invalid values."""
        values: dict[str, Any] = {}
        for field in fields(cls):
            value, kind = data.get(field.name), type(field.default)
            if kind is float and type(value) is int:
                with contextlib.suppress(OverflowError):
                    value = float(value)
            if kind is tuple and isinstance(value, list):
                limit = _MAX_RECENT_TEXTS if field.name == "recent_texts" else None
                value = tuple(v for v in value if isinstance(v, str))[:limit]
            if type(value) is kind and _VALIDATORS.get(field.name, lambda _: True)(value):
                values[field.name] = value
        return cls(**values)

    def with_recent_text(self, text: str) -> tuple[str, ...]:
        """Return :attr:`recent_texts` with ``text`` as the newest."""
        others = (recent for recent in self.recent_texts if recent != text)
        return (text, *others)[:_MAX_RECENT_TEXTS]


def load() -> Preferences:
    """Return the saved preferences, or the defaults if there are no readable ones."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if _file().is_file():  # opening a pipe would block
            with _file().open("rb") as file:
                data = json.loads(file.read(_MAX_FILE_BYTES))
            if isinstance(data, dict):
                return Preferences.from_json(data)
    return Preferences()


def save(preferences: Preferences) -> None:
    """Save ``preferences``. Raises :class:`CharloomError`."""
    make_folder(_file().parent)
    try:
        write_atomically(_file(), json.dumps(asdict(preferences), indent=1).encode())
    except OSError as error:
        raise CharloomError(
            f"Cannot save the preferences in {str(_file())!r} ({error.strerror}). Free some space."
        ) from error


def _file() -> Path:
    return paths.home() / "preferences.json"
