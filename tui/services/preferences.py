"""What the app remembers from one session to the next: how it looks and how it samples."""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically

_MOST_TEXTS = 12
_LARGEST_FILE = 1 << 16
_SOUND: Mapping[str, Callable[[Any], bool]] = {
    "temperature": lambda value: 0 <= value <= 10,  # which a NaN is not
    "top_k": lambda value: value >= 0,
    "top_p": lambda value: 0 < value <= 1,
    "length": lambda value: 0 < value < 1_000_000,
    "seed": lambda value: -1 <= value < 1 << 63,
    "columns": lambda value: 0 < value <= 4,
    "vary": lambda value: value in ("seed", "temperature"),
}


@dataclass(frozen=True, slots=True)
class Preferences:
    """A person's choices. What a file says that makes no sense is replaced by the default."""

    theme: str = "charloom-dark"
    model: str = "frankenstein"  # an address, NAME[@STEP]; at first the model that comes along
    temperature: float = 0.8
    top_k: int = 0
    top_p: float = 1.0
    length: int = 500
    seed: int = -1  # -1: a fresh one every time
    stop: str = ""
    columns: int = 1  # candidates side by side
    vary: str = "seed"  # what differs between them: "seed" or "temperature"
    texts: tuple[str, ...] = ()  # trained on of late, the newest first: names or absolute paths
    greeted: bool = False

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """Take what is sound from a JSON object."""
        chosen: dict[str, Any] = {}
        for each in fields(cls):
            value, kind = data.get(each.name), type(each.default)
            if kind is float and type(value) is int:
                with contextlib.suppress(OverflowError):
                    value = float(value)
            if kind is tuple and isinstance(value, list):
                value = tuple(v for v in value if isinstance(v, str))[:_MOST_TEXTS]
            if type(value) is kind and _SOUND.get(each.name, lambda _: True)(value):
                chosen[each.name] = value
        return cls(**chosen)

    def with_text(self, text: str) -> tuple[str, ...]:
        """Return :attr:`texts` with ``text`` as the newest."""
        return (text, *(each for each in self.texts if each != text))[:_MOST_TEXTS]


def load() -> Preferences:
    """Return what was remembered; the defaults when nothing readable was."""
    with contextlib.suppress(OSError, ValueError, RecursionError):
        if _file().is_file():  # opening a pipe would wait for ever
            with _file().open("rb") as file:
                data = json.loads(file.read(_LARGEST_FILE))
            if isinstance(data, dict):
                return Preferences.from_json(data)
    return Preferences()


def save(preferences: Preferences) -> None:
    """Remember ``preferences``; :class:`CharloomError` where that is impossible."""
    make_folder(_file().parent)
    try:
        write_atomically(_file(), json.dumps(asdict(preferences), indent=1).encode())
    except OSError as error:
        raise CharloomError(
            f"The settings cannot be kept in {str(_file())!r} ({error.strerror}); make room there."
        ) from error


def _file() -> Path:
    return paths.home() / "settings.json"
