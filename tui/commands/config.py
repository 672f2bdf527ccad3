"""``charloom config``: the user's own defaults, and a file for them."""

import click
from textual.theme import BUILTIN_THEMES

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_file
from charloom.core.sanitize import quoted
from charloom.core.wording import listed
from charloom.tui.console.options import json_option
from charloom.tui.console.output import echo_err, write_json, write_stdout, write_table
from charloom.tui.formatting.themes import DARK, LIGHT
from charloom.tui.keymap import check_keys, key_actions
from charloom.tui.services import config_file, preferences
from charloom.tui.services.own_themes import load_themes

_MAX_THEMES_SHOWN = 10


@click.command()
@click.option("--init", is_flag=True, help="Write a file that explains every setting and key.")
@json_option
def config(init: bool, as_json: bool) -> None:
    """Show the configuration file, its defaults, and what the app uses instead.

    The file has defaults for the app and for `charloom generate`, `chat`, `quiz` and `growth`, and
    keys of the app. What is chosen in the app is saved there, and comes before the file. Themes of
    your own are files in a folder next to it. Exit status 1: there is a problem, which is shown.
    """
    if init:
        _write_template()
        return
    file = config_file.load()
    bundled = {*BUILTIN_THEMES, DARK.name, LIGHT.name}
    themes, theme_problems = load_themes(paths.themes_dir(), bundled)
    if file.defaults.theme not in bundled | {theme.name for theme in themes}:
        theme_problems.append(f"{file.path}: There is no theme {quoted(file.defaults.theme)}.")
    keys, key_problems = check_keys(file.keys)
    in_app = preferences.load(file.defaults)
    names = {name: setting.name for name, setting in config_file.SETTINGS.items()}
    defaults = {name: getattr(file.defaults, field) for name, field in names.items()}
    chosen = {name: getattr(in_app, field) for name, field in names.items()}
    problems = [*file.problems, *file.key_problems, *theme_problems]
    problems += [f"{file.path}: {problem}" for problem in key_problems]
    if as_json:
        write_json(
            {
                "path": str(file.path.absolute()),
                "exists": file.path.exists(),
                "defaults": defaults,
                "app": chosen,
                "keys": keys,
                "themes": [theme.name for theme in themes],
                "problems": problems,
            }
        )
    else:
        note = "" if file.path.exists() else " (there is none; --init writes one)"
        write_stdout(f"{file.path.absolute()}{note}\n\n")
        rows = [
            (
                *(name, _shown(value), "file" if names[name] in file.values else ""),
                "" if chosen[name] == value else _shown(chosen[name]),
            )
            for name, value in defaults.items()
        ]
        write_table("<<<<", ("setting", "default", "from", "in the app"), *rows)
        for id_, binding_keys in keys.items():
            write_stdout(f"key {id_}: {binding_keys}\n")
        if themes:
            write_stdout(f"themes: {listed([t.name for t in themes], _MAX_THEMES_SHOWN)}\n")
    if problems:
        for problem in problems[:-1]:
            echo_err(problem)
        raise CharloomError(problems[-1])


def _write_template() -> None:
    path = paths.config_file().absolute()
    if path.exists():
        raise CharloomError(f"{path} exists already. Edit it, or remove it first.")
    make_folder(path.parent)
    write_file(path, config_file.template(key_actions()), force=False)
    echo_err(f"Wrote {path}. Remove the # before a line to change it.")


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value) or '""'
