"""``charloom inspect``: what a network makes of a text inside, as JSON."""

import math
import re
import sys
from collections.abc import Iterable
from typing import Any

import click

from charloom.core.analysis.activations import MAX_CHARACTERS, Trace, UnitSignal, trace
from charloom.core.analysis.unit_probes import rank_units
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.read import load_checkpoint
from charloom.tui.console.inputs import has_file_options, open_text
from charloom.tui.console.options import model_option, text_options
from charloom.tui.console.output import echo_err, write_json

_PLACES = 6  # decimals: float32 has no more


def _units(_: object, __: object, given: tuple[str, ...]) -> list[tuple[int, int]]:
    """Return the layer and the unit that each of ``given`` names, counted from 0."""
    matches = [re.fullmatch(r"([0-9]{1,6})\.([0-9]{1,6})", each) for each in given]
    if None in matches:
        wrong = given[matches.index(None)]
        raise click.BadParameter(f"{wrong!r} is not LAYER.UNIT, such as 1.37.")
    return [(int(match[1]) - 1, int(match[2]) - 1) for match in matches if match]


@click.command()
@click.argument("text", metavar="[FILE|-]", required=False)
@click.option("--held-out", is_flag=True, help="Read the held-out end of what the model learned.")
@model_option
@click.option(
    "--unit",
    "chosen",
    callback=_units,
    metavar="LAYER.UNIT",
    multiple=True,
    help="Tell this unit's cell and gates after every character; may be given again.",
)
@click.option(
    "--alternatives",
    type=click.IntRange(min=0),
    default=0,
    metavar="K",
    help="Tell the K likeliest characters at every place.",
)
@click.option(
    "--top",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    metavar="N",
    help="Tell the first N units of the ranking.",
)
@text_options
def inspect(
    text: str | None,
    held_out: bool,
    ref: str,
    chosen: list[tuple[int, int]],
    alternatives: int,
    top: int,
    mirror: str | None,
    **values: Any,
) -> None:
    """Write what a network makes of a text as one JSON object.

    The text is a file, '-' for standard input, or a name from `charloom corpus`. Its first 10,000
    characters are read.

    "bits" has the surprise of every character, -log2 of its probability, null where nothing was
    predicted. "units" are ranked by how well their cell, tanh(c), tracks something that has a name:
    "tracks" was found on the first half of the text, "score" is Pearson's r on the second, and
    "sign" is -1 where the cell is low then. "signals" has the units that were chosen. Layers and
    units are counted from 1.
    """
    if text is None and not held_out:
        if sys.stdin is None or sys.stdin.isatty():
            raise click.UsageError("Name a FILE, pipe a text in, or say --held-out.")
        text = "-"
    if held_out and (text is not None or has_file_options(values)):
        said = "Give a FILE or --held-out, not both. A part can be taken of a FILE only."
        raise click.UsageError(said)
    loaded = load_checkpoint(ref)
    if loaded.warning:
        echo_err(loaded.warning)
    if text is None:
        origin = find_training_text(ref.partition("@")[0], loaded.checkpoint)
        title, passage = origin.title, origin.held_out
    else:
        corpus = open_text(text, mirror, values)
        title, passage = corpus.title, corpus.text
    if len(passage) > MAX_CHARACTERS:
        echo_err(f"Of {len(passage):,} characters the first {MAX_CHARACTERS:,} are read.")
    reading = trace(NumpyLSTM(loaded.checkpoint), passage)
    told: dict[str, Any] = {
        "model": ref.partition("@")[0],
        "step": loaded.checkpoint.step,
        "checkpoint_sha256": loaded.sha256,
        "title": title,
        "text": reading.text,
        "chars": reading.predicted,
        "bits_per_char": reading.bits_per_char,
        "bits": _numbers(reading.bits),
        "units": [
            each._asdict() | {"layer": each.layer + 1, "unit": each.unit + 1}
            for each in rank_units(reading)[:top]
        ],
        "signals": [_signals(reading, *each) for each in chosen],
    }
    if alternatives:
        told["alternatives"] = [
            [[each.character, round(each.probability, _PLACES)] for each in there]
            for there in (
                reading.alternatives(place, alternatives) for place in range(len(reading.text))
            )
        ]
    write_json(told)


def _signals(reading: Trace, layer: int, unit: int) -> dict[str, Any]:
    signals = {each.value: _numbers(reading.signal(each, layer, unit)) for each in UnitSignal}
    return {"layer": layer + 1, "unit": unit + 1, **signals}


def _numbers(values: Iterable[Any]) -> list[float | None]:
    """Return ``values`` as JSON can hold them: null for what is no number."""
    return [None if math.isnan(each) else round(float(each), _PLACES) for each in values]
