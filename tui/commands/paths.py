"""``charloom paths``: where Charloom keeps its files."""

import click

from charloom.core import paths as core_paths
from charloom.tui.console.options import json_option
from charloom.tui.console.output import write_json, write_stdout


@click.command()
@json_option
def paths(as_json: bool) -> None:
    """Show where Charloom keeps its files; set CHARLOOM_HOME to move them."""
    locations = {
        "home": str(core_paths.home().absolute()),
        "models": str(core_paths.models_dir().absolute()),
        "texts": str(core_paths.downloads_dir().absolute()),
        "library": str(core_paths.library_file().absolute()),
        "config": str(core_paths.config_file().absolute()),
        "themes": str(core_paths.themes_dir().absolute()),
    }
    if as_json:
        write_json(locations)
        return
    for name, path in locations.items():
        write_stdout(f"{name:<8} {path}\n")
