"""``charloom score``: the loss of a model on a text, and the baselines next to it."""

import sys
from contextlib import closing
from dataclasses import asdict
from typing import Any

import click

from charloom.core.analysis import scoring
from charloom.core.analysis.baselines import (
    MAX_HELD_OUT_CHARACTERS,
    Baselines,
    compute_baselines,
    named,
    uniform,
)
from charloom.core.analysis.comparison import shared_characters
from charloom.core.analysis.long_scoring import LONG_CHARACTERS, score_long
from charloom.core.analysis.scoring import encoded
from charloom.core.data.text_file import Characters
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import bits
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.completion import complete_texts
from charloom.tui.console.inputs import has_file_options, open_texts
from charloom.tui.console.options import json_option, model_option, text_options
from charloom.tui.console.output import (
    count_progress,
    echo_err,
    error_message,
    write_json,
    write_stdout,
    write_table,
)
from charloom.tui.formatting.units import error_note


@click.command()
@click.argument("texts", metavar="[FILE|-]...", nargs=-1, shell_complete=complete_texts)
@model_option
@click.option(
    "--window",
    type=click.IntRange(min=1),
    metavar="W",
    help="Score independent windows of W characters. Default: carry the state through the text.",
)
@click.option(
    "--held-out",
    is_flag=True,
    help="Score the held-out part of the model's training text instead of a FILE.",
)
@click.option(
    "--baselines",
    is_flag=True,
    help="Also score uniform guessing, n-grams of the training text, and xz -9.",
)
@click.option(
    "--full",
    is_flag=True,
    help="Score all of a long text. Default: 0.5 to 2 million characters, spread over it, until "
    "the standard error is 0.002 nats.",
)
@text_options
@json_option
def score(
    texts: tuple[str, ...],
    ref: CheckpointRef,
    window: int | None,
    held_out: bool,
    baselines: bool,
    full: bool,
    mirror: str | None,
    as_json: bool,
    **values: Any,
) -> None:
    """Measure how well a model predicts a text, in nats and bits per character.

    The text is in files, in folders, '-' for standard input, or a name from `charloom corpus`.
    Carried: each character is predicted from at least the 1,000 before it. Windowed: from those
    in its window. ± is the standard error: how certain the score is for text of this kind.
    """
    if held_out and (texts or has_file_options(values)):
        raise click.UsageError("Pass --held-out or a FILE (with --start, --end), not both.")
    if not texts and not held_out and (sys.stdin is None or sys.stdin.isatty()):
        raise click.UsageError("Pass a FILE, or pipe a text to standard input.")
    loaded = load_checkpoint(ref)
    if loaded.warning:
        echo_err(loaded.warning)
    metadata = loaded.checkpoint
    if held_out:
        content: Characters = find_training_text(ref.name, metadata).held_out
    else:
        content = open_texts(*texts or ("-",), mirror=mirror, values=values).stored
    measure = "carried" if window is None else f"windowed-{window}"
    if len(content) > LONG_CHARACTERS:
        with count_progress("Scoring", "characters") as progress:
            result = score_long(metadata, content, window, full=full, on_progress=progress)
    else:
        result = scoring.score(NumpyLSTM(metadata), content, window)
    losses = _baselines(ref, metadata, content) if baselines else None
    if as_json:
        record: dict[str, Any] = {
            "chars": result.characters,
            "nats_per_char": result.nats_per_char,
            "bits_per_char": result.bits_per_char,
            "standard_error": result.standard_error,
            "unknown_chars": result.unknown,
        }
        if losses:
            record["baselines"] = {
                name: None if nats is None else bits(nats) for name, nats in asdict(losses).items()
            }
        write_json(record)
        return
    total = f" of {result.characters + result.left_out:,}" if result.left_out else ""
    write_stdout(
        f"{result.nats_per_char:.4f}{error_note(result.standard_error)} nats per character "
        f"({result.bits_per_char:.4f} bits), {measure}, over {result.characters:,}{total} "
        f"character{'s' * (result.characters != 1)}; {result.unknown:,} unknown\n"
    )
    if losses:
        rows = sorted([*named(losses), (str(ref), result.nats_per_char)], key=lambda row: -row[1])
        write_table("<>", ("", "bits/char"), *((name, f"{bits(nats):.4f}") for name, nats in rows))


def _baselines(ref: CheckpointRef, metadata: CheckpointMetadata, text: Characters) -> Baselines:
    """Return the baselines of the characters of ``text`` that the model knows."""
    try:
        train_text = find_training_text(ref.name, metadata).train
    except CharloomError as error:
        message = error_message(error)
        echo_err(f"Only uniform guessing can be scored, without the training text. {message}")
        return Baselines(uniform(len(metadata.vocab)))
    vocab = metadata.vocab
    with closing(shared_characters(text, vocab)) as known_text:
        if len(known_text) > MAX_HELD_OUT_CHARACTERS:
            echo_err(
                f"The baselines are of about {MAX_HELD_OUT_CHARACTERS:,} characters, "
                "spread over all."
            )
        with encoded(vocab, train_text) as train, encoded(vocab, known_text) as known:
            return compute_baselines(train.ids, known.ids, vocab)
