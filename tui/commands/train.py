"""``charloom train``: start a training run and follow it."""

import itertools
import re
import unicodedata
from typing import Any

import click

from core import catalog, runs, shelf
from core.presets import PRESETS
from tui.following import follow
from tui.options import (
    chosen_reading,
    chosen_settings,
    json_option,
    reading_options,
    setting_options,
)
from tui.terminal import download_progress


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
@reading_options
@setting_options
@json_option
def train(
    text: str,
    name: str | None,
    preset: str,
    fold: int,
    mirror: str | None,
    as_json: bool,
    **values: Any,
) -> int:
    """Train a network on TEXT: a file, '-' for standard input, or a name from `charloom corpus`.

    Without TEXT it is the tale that comes with Charloom.
    """
    chosen, reading = chosen_settings(values), chosen_reading(values)
    _check(preset, chosen)
    with download_progress() as report:
        corpus = catalog.open_text(text, mirror=mirror, on_progress=report, **reading)
    name = _free_name(corpus.title) if name is None else name
    folder = runs.create(name, corpus, preset, chosen, fold)
    return follow(name, runs.Training(folder), as_json)


def _check(preset: str, chosen: dict[str, Any]) -> None:
    """Refuse settings out of range before anything is read, downloaded or written."""
    start = PRESETS.get(preset, PRESETS["medium"])
    start.settings(vocab_size=1, chosen=chosen)


def _free_name(title: str) -> str:
    """Return a name made of ``title`` that no model has yet."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", title.casefold()))[:4]
    stem = "-".join(words)[:40] or "model"
    taken = {shelf.BUNDLED, *(folder.name.casefold() for folder in shelf.folders())}
    numbered = (f"{stem}-{number}" for number in itertools.count(2))
    return next(name for name in itertools.chain([stem], numbered) if name not in taken)
