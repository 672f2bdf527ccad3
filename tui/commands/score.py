"""``charloom score``: how well a model predicts a text."""

import sys
from typing import Any

import click

from core import catalog, scoring, shelf
from core.lstm import LSTM
from tui.options import chosen_reading, json_option, model_option, reading_options
from tui.terminal import download_progress, note, write, write_json


@click.command()
@click.argument("text", metavar="[FILE|-]", required=False)
@model_option
@click.option(
    "--window",
    type=click.IntRange(min=1),
    metavar="W",
    help="Measure over independent windows of W characters; carried over all of it when not given.",
)
@reading_options
@json_option
def score(
    text: str | None,
    address: str,
    window: int | None,
    mirror: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Say how well a model predicts a text, in nats and bits per character.

    The text is a file, '-' for standard input, or a name from `charloom corpus`. Carried: each
    character is predicted from at least the 1,000 before it. Windowed: from those in its window.
    """
    if text is None:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError("Name a FILE, or pipe a text in.")
        text = "-"
    loaded = shelf.load(address)
    if loaded.warning:
        note(loaded.warning)
    model = LSTM(loaded.checkpoint)
    with download_progress() as report:
        corpus = catalog.open_text(
            text, mirror=mirror, on_progress=report, short=True, **chosen_reading(values)
        )
    for sentence in corpus.notes:
        note(sentence)
    if window is None:
        measure, result = "carried", scoring.carried(model, corpus.text)
    else:
        measure, result = f"windowed-{window}", scoring.windowed(model, corpus.text, window)
    if as_json:
        write_json(
            {
                "chars": result.characters,
                "nats_per_char": result.nats_per_char,
                "bits_per_char": result.bits_per_char,
                "unknown_chars": result.unknown,
            }
        )
        return
    write(
        f"{result.nats_per_char:.4f} nats per character ({result.bits_per_char:.4f} bits), "
        f"{measure}, over {result.characters:,} characters; {result.unknown:,} unknown\n"
    )
