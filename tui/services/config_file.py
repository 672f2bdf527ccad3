"""The configuration file ``config.toml``: the user's own defaults, and keys of the app.

A problem in it is a sentence; the rest of the file is used.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

from charloom.core import paths
from charloom.core.errors import CharloomError, SettingError
from charloom.core.sanitize import quoted
from charloom.core.settings import option_name
from charloom.core.wording import did_you_mean
from charloom.tui.services.preferences import Preferences, checked

SETTINGS = {option_name(each): each for each in fields(Preferences) if each.metadata}
"""The settings that the file can have, by their names in it."""

_KEYS = "keys"
_MAX_FILE_BYTES = 1 << 20
_HEADER = """\
# Defaults of Charloom, and keys of the app. Remove the # before a line to change it.
#
# What is chosen in the app is saved, and comes before these defaults; ctrl+r in Settings (F5)
# returns to them. On the command line, options come before them.
#
# Themes of your own are files in the folder "themes" next to this one: name.toml with colours such
# as primary = "#c9a86a"; also secondary, accent, warning, error, success, foreground, background,
# surface, panel, and dark = true or false. What has too little contrast is mended.
"""
_KEYS_HEADER = """\
[keys]
# The keys of each action, with commas between them: one character, or a name such as f7, space,
# ctrl+g, alt+x, shift+up.
"""


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """The valid content of the file, and sentences on the rest.

    ``values`` are fields of :class:`Preferences`. ``keys`` are by the ids of bindings, which are
    checked in :mod:`charloom.tui.keymap`.
    """

    path: Path
    values: Mapping[str, Any]
    keys: Mapping[str, str]
    problems: tuple[str, ...]  # of the settings
    key_problems: tuple[str, ...]

    @property
    def defaults(self) -> Preferences:
        """The preferences of a user who has chosen nothing in the app."""
        return replace(Preferences(), **self.values)


def load() -> ConfigFile:
    """Return the content of the file; nothing if there is none."""
    path = paths.config_file()
    try:
        data = read_toml(path)
    except CharloomError as error:
        return ConfigFile(path, {}, {}, (f"{path}: {error}",), ())
    keys = _flatten(data.pop(_KEYS, {}))
    values: dict[str, Any] = {}
    problems = []
    for name, value in data.items():
        if name not in SETTINGS:
            hint = did_you_mean(name, [*SETTINGS, _KEYS]) or f"they are {', '.join(SETTINGS)}."
            problems.append(f"{path}: There is no setting {quoted(name)}; {hint}")
            continue
        try:
            values[SETTINGS[name].name] = checked(SETTINGS[name], value)
        except SettingError as error:
            problems.append(f"{path}: {error.option} {error.problem}")
    valid = {name: value for name, value in keys.items() if name and isinstance(value, str)}
    wrong_keys = [
        f'{path}: {name or "[keys]"} has keys in quotes, such as "k,ctrl+g", not {value!r}.'
        for name, value in keys.items()
        if name not in valid
    ]
    return ConfigFile(path, values, valid, tuple(problems), tuple(wrong_keys))


def option_defaults(names: Iterable[str]) -> dict[str, Any]:
    """Return the defaults of those options of a command that the file sets.

    If there is a problem in its settings, a default raises :class:`CharloomError` when it is used.
    """
    config = load()

    def fail() -> None:
        raise CharloomError(config.problems[0])

    if config.problems:
        return dict.fromkeys(names, fail)
    return {name: config.values[name] for name in names if name in config.values}


def template(actions: Iterable[tuple[str, str, str]]) -> str:
    """Return a file with every setting and its meaning, and the ids, keys and titles of actions."""
    lines = [_HEADER]
    for name, setting in SETTINGS.items():
        limits = setting.metadata
        allowed = ", ".join(str(choice) or '""' for choice in limits.get("choices", ()))
        allowed = allowed or (f"{limits['low']:g} to {limits['high']:g}" if "low" in limits else "")
        note = f" ({allowed})" if allowed else ""
        lines += [f"# {limits['help']}{note}", f"# {name} = {json.dumps(setting.default)}", ""]
    lines.append(_KEYS_HEADER)
    lines += [f'# "{name}" = {json.dumps(keys)}  # {title}' for name, keys, title in actions]
    return "\n".join(lines) + "\n"


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a TOML file; nothing if there is none.

    Raises :class:`CharloomError`, whose message does not name the file.
    """
    try:
        if not path.is_file():  # opening a pipe would block
            return {}
        import tomllib  # deferred: most users have no such file

        with path.open("rb") as file:
            return tomllib.loads(file.read(_MAX_FILE_BYTES).decode())
    except OSError as error:
        raise CharloomError(f"The file cannot be read ({error.strerror}).") from error
    except (ValueError, RecursionError) as error:  # ValueError: no UTF-8 or no TOML
        raise CharloomError(f"The file is not valid TOML: {error}.") from error


def _flatten(table: object, prefix: str = "") -> dict[str, Any]:
    """Return the values of nested tables by their dotted names."""
    if not isinstance(table, dict):
        return {prefix: table}
    flat: dict[str, Any] = {}
    for name, value in table.items():
        flat |= _flatten(value, f"{prefix}.{name}" if prefix else name)
    return flat
