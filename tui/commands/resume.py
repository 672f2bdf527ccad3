"""``charloom resume``: go on with a run that was stopped or interrupted."""

import click

from core import runs, store
from tui.following import follow
from tui.options import json_option


@click.command()
@click.argument("name")
@json_option
def resume(name: str, as_json: bool) -> int:
    """Go on with the training of the model NAME where it was stopped."""
    folder = store.folder(store.model(name).name)
    runs.read_plan(folder)
    return follow(name, runs.Training(folder, resume=True), as_json)
