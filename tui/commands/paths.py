"""``charloom paths``: where things are."""

import click

from charloom.core import paths as places
from charloom.tui.console.options import json_option
from charloom.tui.console.output import write_json, write_stdout


@click.command()
@json_option
def paths(as_json: bool) -> None:
    """Show where Charloom keeps its files; CHARLOOM_HOME chooses another place."""
    found = {
        "home": str(places.home().absolute()),
        "models": str(places.models().absolute()),
        "texts": str(places.downloads().absolute()),
        "library": str(places.library().absolute()),
    }
    if as_json:
        write_json(found)
        return
    for name, place in found.items():
        write_stdout(f"{name:<8} {place}\n")
