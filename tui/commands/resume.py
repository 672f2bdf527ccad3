"""``charloom resume``: go on with a run that was stopped or interrupted."""

import click

from charloom.core.runs import run as runs
from charloom.core.store import write as store
from charloom.tui.console.follow import follow, let_go
from charloom.tui.console.options import detach_option, json_option
from charloom.tui.console.output import note


@click.command()
@click.argument("name")
@detach_option
@json_option
def resume(name: str, detach: bool, as_json: bool) -> int:
    """Go on with the training of the model NAME where it was last saved."""
    model = store.model(name)
    folder = store.folder(name)
    runs.read_plan(folder)
    if not (model.checkpoints or (folder / "resume.safetensors").is_file()):
        note(f"{name} was never saved; it begins at the beginning.")
    return (let_go if detach else follow)(name, runs.Training(folder, resume=True), as_json)
