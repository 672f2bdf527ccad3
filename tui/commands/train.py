"""``charloom train``: start a training run and follow it."""

from typing import Any

import click

from charloom.core.data import catalog
from charloom.core.runs.presets import PRESETS, validate_overrides
from charloom.core.runs.run import TrainerProcess, create_run
from charloom.core.store.write import unused_name
from charloom.tui.console.follow import follow_run, leave_detached
from charloom.tui.console.options import (
    config_options,
    config_overrides,
    detach_option,
    json_option,
    read_options,
    text_options,
)
from charloom.tui.console.output import download_progress


@click.command()
@click.argument("text", default="loom")
@click.option("--name", help="What to call the model; made from the text's title when not given.")
@click.option(
    "--preset",
    type=click.Choice(["auto", *PRESETS]),
    default="auto",
    show_default=True,
    help="Settings to start from; the options below change them one by one.",
)
@click.option(
    "--fold",
    type=click.IntRange(0, 1_000_000),
    default=0,
    metavar="N",
    help="Fold characters that occur fewer than N times into one placeholder.",
)
@text_options
@config_options
@detach_option
@json_option
def train(
    text: str,
    name: str | None,
    preset: str,
    fold: int,
    mirror: str | None,
    detach: bool,
    as_json: bool,
    **values: Any,
) -> int:
    """Train a network on TEXT: a file, '-' for standard input, or a name from `charloom corpus`.

    Without TEXT it is the tale that comes with Charloom.
    """
    chosen, reading = config_overrides(values), read_options(values)
    validate_overrides(preset, chosen)
    with download_progress() as report:
        corpus = catalog.open_text(text, mirror=mirror, on_progress=report, **reading)
    name = unused_name(corpus.title) if name is None else name
    folder = create_run(name, corpus, preset, chosen, fold)
    return (leave_detached if detach else follow_run)(name, TrainerProcess(folder), as_json)
