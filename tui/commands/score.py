"""``charloom score``: how well a model predicts a text, and beside it what is simpler."""

import sys
from dataclasses import asdict
from typing import Any

import click

from charloom.core.analysis import scoring
from charloom.core.analysis.baselines import (
    MOST_JUDGED,
    Baselines,
    compute_baselines,
    named,
    uniform,
)
from charloom.core.analysis.comparison import shared_characters
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import bits
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.inputs import has_file_options, open_text
from charloom.tui.console.options import json_option, model_option, text_options
from charloom.tui.console.output import echo_err, write_json, write_stdout, write_table


@click.command()
@click.argument("text", metavar="[FILE|-]", required=False)
@model_option
@click.option(
    "--window",
    type=click.IntRange(min=1),
    metavar="W",
    help="Measure over independent windows of W characters; carried over all of it when not given.",
)
@click.option(
    "--held-out",
    is_flag=True,
    help="Instead of a FILE: what the model never saw of the text that it learned from.",
)
@click.option(
    "--baselines",
    is_flag=True,
    help="Also say what guessing, n-grams of the text that it learned from, and xz -9 come to.",
)
@text_options
@json_option
def score(
    text: str | None,
    ref: CheckpointRef,
    window: int | None,
    held_out: bool,
    baselines: bool,
    mirror: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Say how well a model predicts a text, in nats and bits per character.

    The text is a file, '-' for standard input, or a name from `charloom corpus`. Carried: each
    character is predicted from at least the 1,000 before it. Windowed: from those in its window.
    """
    if held_out and (text or has_file_options(values)):
        raise click.UsageError("Give either --held-out or a FILE, of which a part can be taken.")
    if text is None and not held_out and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("Name a FILE, or pipe a text in.")
    loaded = load_checkpoint(ref)
    if loaded.warning:
        echo_err(loaded.warning)
    card, model = loaded.checkpoint, NumpyLSTM(loaded.checkpoint)
    if held_out:
        content = find_training_text(ref.name, card).held_out
    else:
        content = open_text(text or "-", mirror, values).text
    if window is None:
        measure, result = "carried", scoring.carried(model, content)
    else:
        measure, result = f"windowed-{window}", scoring.windowed(model, content, window)
    beside = _beside(ref, card, content) if baselines else None
    if as_json:
        told: dict[str, Any] = {
            "chars": result.characters,
            "nats_per_char": result.nats_per_char,
            "bits_per_char": result.bits_per_char,
            "unknown_chars": result.unknown,
        }
        if beside:
            each = asdict(beside).items()
            told["baselines"] = {name: None if nats is None else bits(nats) for name, nats in each}
        write_json(told)
        return
    write_stdout(
        f"{result.nats_per_char:.4f} nats per character ({result.bits_per_char:.4f} bits), "
        f"{measure}, over {result.characters:,} characters; {result.unknown:,} unknown\n"
    )
    if beside:
        rows = sorted([*named(beside), (str(ref), result.nats_per_char)], key=lambda row: -row[1])
        write_table("<>", ("", "bits/char"), *((name, f"{bits(nats):.4f}") for name, nats in rows))


def _beside(ref: CheckpointRef, card: CheckpointMetadata, text: str) -> Baselines:
    """Return what simpler ways to predict come to, on the characters that the model knows."""
    try:
        learned = find_training_text(ref.name, card).train
    except CharloomError as error:
        echo_err(f"Without the text to count in, there is only guessing evenly. {error}")
        return Baselines(uniform(len(card.vocab)))
    known = shared_characters(text, card.vocab)
    if len(known) > MOST_JUDGED:
        echo_err(f"The baselines are of the first {MOST_JUDGED:,} characters.")
    return compute_baselines(learned, known, card.vocab)
