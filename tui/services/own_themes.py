"""Themes of the user's own: TOML files in a folder, each with the colours of a theme."""

from collections.abc import Container
from pathlib import Path
from typing import Any

from textual.color import Color, ColorParseError
from textual.theme import Theme

from charloom.core.errors import CharloomError
from charloom.core.sanitize import quoted, single_line
from charloom.core.wording import did_you_mean, natural_order
from charloom.tui.services.config_file import read_toml

_COLOURS = (
    *("primary", "secondary", "accent", "warning", "error", "success"),
    *("foreground", "background", "surface", "panel", "boost"),
)
_FIELDS = ("name", "dark", *_COLOURS)
_MAX_THEMES, _MAX_NAME_CHARACTERS = 100, 40


def load_themes(folder: Path, taken: Container[str]) -> tuple[list[Theme], list[str]]:
    """Return the themes in ``folder`` and, for each file that has none, a sentence.

    No theme has a name that is ``taken``.
    """
    themes: dict[str, Theme] = {}
    problems = []
    try:
        files = sorted(folder.glob("*.toml"), key=lambda path: natural_order(path.name))
    except OSError as error:
        return [], [f"{folder} cannot be read ({error.strerror})."]
    for path in files[:_MAX_THEMES]:
        try:
            theme = _theme(path.stem, read_toml(path))
            if theme.name in taken or theme.name in themes:
                raise CharloomError(
                    f"There is another theme {quoted(theme.name)}; give it another name."
                )
            themes[theme.name] = theme
        except CharloomError as error:
            problems.append(f"{path}: {error}")
    return list(themes.values()), problems


def _theme(name: str, data: dict[str, Any]) -> Theme:
    """Return the theme of a file; raises :class:`CharloomError`, without the file's name."""
    for key in data:
        if key not in _FIELDS:
            hint = did_you_mean(key, _FIELDS) or f"a theme has {', '.join(_FIELDS)}."
            raise CharloomError(f"There is no {quoted(key)}; {hint}")
    name = data.get("name", name)
    if not isinstance(name, str) or name != single_line(name, _MAX_NAME_CHARACTERS) or not name:
        raise CharloomError(f"name is a text of 1 to {_MAX_NAME_CHARACTERS} characters.")
    if "primary" not in data:
        raise CharloomError('A theme needs a primary colour, such as primary = "#c9a86a".')
    if not isinstance(data.get("dark", True), bool):
        raise CharloomError(f"dark is true or false, not {data['dark']!r}.")
    for key in data.keys() & set(_COLOURS):
        if not _is_opaque(data[key]):
            raise CharloomError(
                f'{key} is an opaque colour such as "#c9a86a" or "teal", not {data[key]!r}.'
            )
    return Theme(**{**data, "name": name})


def _is_opaque(value: object) -> bool:
    """Return whether this is a colour that does not depend on the terminal or on one below."""
    try:
        color = Color.parse(value) if isinstance(value, str) else None
    except ColorParseError:
        return False
    return color is not None and color.a == 1 and color.ansi is None
