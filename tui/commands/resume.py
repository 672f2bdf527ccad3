"""``charloom resume``: go on with a run that was stopped or interrupted."""

import click

from charloom.core.runs.run import TrainerProcess, read_run_config
from charloom.core.store.read import find_model, model_dir
from charloom.tui.console.follow import follow, leave_detached
from charloom.tui.console.options import detach_option, json_option
from charloom.tui.console.output import echo_err


@click.command()
@click.argument("name")
@detach_option
@json_option
def resume(name: str, detach: bool, as_json: bool) -> int:
    """Go on with the training of the model NAME where it was last saved."""
    model = find_model(name)
    folder = model_dir(name)
    read_run_config(folder)
    if not (model.checkpoints or (folder / "resume.safetensors").is_file()):
        echo_err(f"{name} was never saved; it begins at the beginning.")
    return (leave_detached if detach else follow)(
        name, TrainerProcess(folder, resume=True), as_json
    )
