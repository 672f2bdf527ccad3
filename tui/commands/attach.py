"""``charloom attach``: watch a run that is being trained, whoever started it."""

import click

from charloom.tui.console import follow
from charloom.tui.console.options import json_option


@click.command()
@click.argument("name")
@json_option
def attach(name: str, as_json: bool) -> int:
    """Watch the run NAME until it ends; Ctrl-C leaves it to itself."""
    return follow.attach(name, as_json)
