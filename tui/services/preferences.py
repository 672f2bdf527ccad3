"""Preferences saved between sessions: the theme and the sampling settings.

Only what differs from the defaults is saved. The configuration file has defaults of its own for the
fields with a ``help``: see :mod:`charloom.tui.services.config_file`.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import Field, asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from charloom.core import paths
from charloom.core.errors import CharloomError, SettingError
from charloom.core.files import make_folder, write_atomically
from charloom.core.sampling.config import MAX_TEMPERATURE, WORDS
from charloom.core.sampling.ending import UNITS
from charloom.core.settings import setting_field, setting_problem
from charloom.tui.services.pace import PACES

MEMORY_OPTIONS = ("off", "page", "talk")
"""The text that a model reads before the prompt: none, the page, or the page as a dialogue."""

ALERTS = ("message", "bell", "off")
"""Signals to a terminal in the background when a run ends or begins to overfit."""

MAX_CANDIDATES = 4
VARY_OPTIONS = ("seed", "temperature")
"""Differences between candidates."""

_MAX_RECENT_TEXTS = 12
_MAX_FILE_BYTES = 1 << 16
_VALIDATORS: Mapping[str, Callable[[Any], bool]] = {  # of fields that have no range
    "seed": lambda value: -1 <= value < 1 << 63,
    "memory": lambda value: value in MEMORY_OPTIONS,
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """The user's choices; invalid values in the file are replaced by the defaults.

    The configuration file can set those that are a :func:`setting_field`.
    """

    theme: str = setting_field(
        "charloom-dark", "The theme of the app; Settings (F5) lists them all."
    )
    model: str = "frankenstein"  # NAME[@STEP|@best|@last]; by default the bundled model
    temperature: float = setting_field(
        0.8,
        "Lower values prefer likely characters; 0 always takes the likeliest.",
        low=0.0,
        high=MAX_TEMPERATURE,
    )
    top_k: int = setting_field(
        0, "Sample from the K likeliest characters; 0: all.", low=0, high=65_536
    )
    top_p: float = setting_field(
        1.0,
        "Sample from the likeliest characters of together this probability; 1: all.",
        low=1e-6,
        high=1.0,
    )
    min_p: float = setting_field(
        0.0,
        "Sample from the characters this many times as probable as the likeliest; 0: all.",
        low=0.0,
        high=1.0,
    )
    words: str = setting_field("any", "Write any words, or known ones of the text.", choices=WORDS)
    pace: int = setting_field(60, "Characters a second in the app; 0: no limit.", choices=PACES)
    length: int = setting_field(500, "Characters of a text.", low=1, high=999_999)
    seed: int = -1  # -1: a fresh seed for every text
    stop: tuple[str, ...] = ()
    until: str = setting_field(
        "sentence",
        "In the app, continue to the end of this after the length; empty: stop at the length.",
        choices=("", *UNITS),
    )
    candidate_count: int = setting_field(
        1, "Texts next to each other in the app.", "columns", low=1, high=MAX_CANDIDATES
    )
    vary_by: str = setting_field("seed", "What differs between them.", "vary", choices=VARY_OPTIONS)
    recent_texts: tuple[str, ...] = ()  # newest first: catalog names or absolute paths
    memory: str = "off"  # one of MEMORY_OPTIONS
    alert: str = setting_field(
        "message", "What a run that ends sends to a terminal in the background.", choices=ALERTS
    )
    page: tuple[int, ...] = ()  # the numbers of the texts on the page, in the library
    welcomed: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any], defaults: Self | None = None) -> Self:
        """Return the preferences in a JSON object, without invalid values."""
        values: dict[str, Any] = {}
        for setting in fields(cls):
            value = data.get(setting.name)
            if setting.default == () and isinstance(value, list):
                limit = _MAX_RECENT_TEXTS if setting.name == "recent_texts" else None
                item = int if setting.name == "page" else str
                value = tuple(v for v in value if type(v) is item)[:limit]
            with contextlib.suppress(SettingError):
                values[setting.name] = checked(setting, value)
        return replace(defaults or cls(), **values)

    def with_recent_text(self, text: str) -> tuple[str, ...]:
        """Return :attr:`recent_texts` with ``text`` as the newest."""
        others = (recent for recent in self.recent_texts if recent != text)
        return (text, *others)[:_MAX_RECENT_TEXTS]


def checked(setting: Field[Any], value: object) -> Any:
    """Return a value of a preference in its type.

    Raises :class:`SettingError`, whose ``problem`` says what is allowed.
    """
    kind: type[Any] = type(setting.default)
    if {"low", "choices"} & setting.metadata.keys():
        problem = setting_problem(setting.metadata, setting.default, value)
    else:
        valid = type(value) is kind and _VALIDATORS.get(setting.name, lambda _: True)(value)
        problem = "" if valid else f"is a text in quotes, not {value!r}."
    if problem:
        raise SettingError(setting.name, problem, setting.metadata.get("option", ""))
    return kind(value)


def load(defaults: Preferences = Preferences()) -> Preferences:
    """Return the saved preferences, with ``defaults`` for the others."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if _file().is_file():  # opening a pipe would block
            with _file().open("rb") as file:
                data = json.loads(file.read(_MAX_FILE_BYTES))
            if isinstance(data, dict):
                return Preferences.from_json(data, defaults)
    return defaults


def save(preferences: Preferences, defaults: Preferences = Preferences()) -> None:
    """Save what differs from ``defaults``. Raises :class:`CharloomError`."""
    default_values = asdict(defaults)
    changes = {k: v for k, v in asdict(preferences).items() if v != default_values[k]}
    make_folder(_file().parent)
    try:
        write_atomically(_file(), json.dumps(changes, indent=1).encode())
    except OSError as error:
        raise CharloomError(
            f"Cannot save the preferences in {str(_file())!r} ({error.strerror}). Free some space."
        ) from error


def _file() -> Path:
    return paths.home() / "preferences.json"
