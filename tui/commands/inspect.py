"""``charloom inspect``: surprise and activations of a model on a text, as JSON."""

import math
import re
import sys
from collections.abc import Iterable
from typing import Any

import click

from charloom.core.analysis.activations import MAX_CHARACTERS, Trace, UnitSignal, trace
from charloom.core.analysis.unit_probes import rank_units
from charloom.core.data.text_file import Characters
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.completion import complete_texts
from charloom.tui.console.inputs import has_file_options, open_texts
from charloom.tui.console.options import json_option, model_option, text_options
from charloom.tui.console.output import echo_err, write_json

_DECIMALS = 6  # float32 has no more


def _parse_units(_: object, __: object, values: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return the indices of the layer and the unit of each LAYER.UNIT."""
    units = []
    for value in values:
        match = re.fullmatch(r"([0-9]{1,6})\.([0-9]{1,6})", value)
        if match is None:
            raise click.BadParameter(f"{value!r} is not LAYER.UNIT, such as 1.37.")
        units.append((int(match[1]) - 1, int(match[2]) - 1))
    return units


@click.command()
@click.argument("texts", metavar="[FILE|-]...", nargs=-1, shell_complete=complete_texts)
@click.option("--held-out", is_flag=True, help="Read the held-out end of the training text.")
@model_option
@click.option(
    "--unit",
    "units",
    callback=_parse_units,
    metavar="LAYER.UNIT",
    multiple=True,
    help="Write the cell and gates of this unit after every character (repeatable).",
)
@click.option(
    "--alternatives",
    type=click.IntRange(min=0),
    default=0,
    metavar="K",
    help="Write the K likeliest characters at every position.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Write the first N units of the ranking.",
)
@text_options
@json_option
def inspect(
    texts: tuple[str, ...],
    held_out: bool,
    ref: CheckpointRef,
    units: list[tuple[int, int]],
    alternatives: int,
    top: int,
    mirror: str | None,
    as_json: bool,  # noqa: ARG001 - accepted as by other commands, though nothing else is written
    **values: Any,
) -> None:
    """Write the surprise and the activations of a model on a text as one JSON object.

    The text is in files, in folders, '-' for standard input, or a name from `charloom corpus`. Its
    first 10,000 characters are read.

    "bits" is the surprise of every character, -log2 of its probability, null where nothing was
    predicted. "units" are ranked by how well their cell, tanh(c), tracks a property of the text:
    "tracks" was chosen on the first half of the text, "score" is Pearson's r on the second, and
    "sign" is -1 if the cell is low where the property is present. "signals" are those of each
    --unit. Layers and units count from 1.
    """
    if not texts and not held_out:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError("Name a FILE, pipe a text in, or pass --held-out.")
        texts = ("-",)
    if held_out and (texts or has_file_options(values)):
        raise click.UsageError(
            "Give a FILE or --held-out, not both. File options do not apply to --held-out."
        )
    loaded = load_checkpoint(ref)
    if loaded.warning:
        echo_err(loaded.warning)
    content: Characters
    if held_out:
        training_text = find_training_text(ref.name, loaded.checkpoint)
        title, content = training_text.corpus.title, training_text.held_out
    else:
        corpus = open_texts(*texts, mirror=mirror, values=values)
        title, content = corpus.title, corpus.stored
    if len(content) > MAX_CHARACTERS:
        echo_err(f"Only the first {MAX_CHARACTERS:,} of {len(content):,} characters are read.")
    result = trace(NumpyLSTM(loaded.checkpoint), content[:MAX_CHARACTERS])
    record: dict[str, Any] = {
        "model": ref.name,
        "step": loaded.checkpoint.step,
        "checkpoint_sha256": loaded.sha256,
        "base": str(loaded.checkpoint.base or "") or None,
        "title": title,
        "text": result.text,
        "chars": result.predicted,
        "bits_per_char": result.bits_per_char,
        "bits": _to_json(result.bits),
        "units": [
            probe._asdict() | {"layer": probe.layer + 1, "unit": probe.unit + 1}
            for probe in rank_units(result)[:top]
        ],
        "signals": [_signals(result, *unit) for unit in units],
    }
    if alternatives:
        record["alternatives"] = [
            [
                [candidate.character, round(candidate.probability, _DECIMALS)]
                for candidate in result.alternatives(position, alternatives)
            ]
            for position in range(len(result.text))
        ]
    write_json(record)


def _signals(result: Trace, layer: int, unit: int) -> dict[str, Any]:
    signals = {signal.value: _to_json(result.signal(signal, layer, unit)) for signal in UnitSignal}
    return {"layer": layer + 1, "unit": unit + 1, **signals}


def _to_json(values: Iterable[Any]) -> list[float | None]:
    """Return rounded ``values`` with None for NaN, which JSON lacks."""
    return [None if math.isnan(value) else round(float(value), _DECIMALS) for value in values]
