"""``charloom compare``: two models, or one at two temperatures, side by side."""

import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise, zip_longest

import click
from rich.cells import set_cell_size

from charloom.core.analysis import scoring
from charloom.core.analysis.comparison import (
    SAME,
    EvalText,
    held_out_text,
    hotter,
    shared_characters,
    verdict,
)
from charloom.core.analysis.scoring import Score
from charloom.core.errors import CharloomError
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.sanitize import sanitize
from charloom.core.store.read import BUNDLED
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.inputs import encode_prompt, open_text, read_prompt
from charloom.tui.console.options import json_option, sampling_options
from charloom.tui.console.output import echo_dim, echo_err, write_json, write_stdout, write_table
from charloom.tui.formatting.wrapping import rows
from charloom.tui.services.model_cache import LoadedModel, load_model

_COLUMN = 36  # columns that each side needs to stand beside the other
_BETWEEN = " │ "


@dataclass(frozen=True, slots=True)
class _Side:
    voice: LoadedModel
    settings: SamplingConfig
    prompt: str = ""
    text: str = field(default="", repr=False)
    score: Score | None = None


@click.command()
@click.argument("left", metavar="A", default=BUNDLED, type=CheckpointRef.parse)
@click.argument("right", metavar="B", required=False, type=CheckpointRef.parse)
@sampling_options(length=200)
@click.option(
    "--temperature",
    "temperatures",
    type=float,
    multiple=True,
    help="0 to 10, of both; given twice, of A and of B.  [default: 0.8; of A alone, 0.8 and 1.2]",
)
@click.option("--text", metavar="FILE", help="Score both on this file or text known by name.")
@json_option
def compare(
    left: CheckpointRef,
    right: CheckpointRef | None,
    prompt: str | None,
    seed: int,
    length: int,
    temperatures: tuple[float, ...],
    text: str | None,
    as_json: bool,
) -> None:
    """Let A and B go on from one prompt, with one seed, and score both on one text.

    Each is NAME[@STEP]. A alone is compared with itself at another temperature. The score is
    carried, in bits per character, on --text; without it, on the held-out part of what A learned
    from, where that is on this computer.
    """
    alone = right is None
    voiced = map(load_model, (left, right or left))
    sides = list(map(_Side, voiced, _settings(temperatures, alone=alone)))
    for warning in dict.fromkeys(each.voice.warning for each in sides if each.voice.warning):
        echo_err(warning)
    yardstick = _yardstick(text, sides)
    typed = read_prompt(sides[0].voice.default_prompt if prompt is None else prompt)
    sides = [_written(each, typed, seed, length) for each in sides]
    told, left_out = "", 0
    if yardstick:
        scored = shared_characters(yardstick.text, *(each.voice.network.vocab for each in sides))
        left_out = len(yardstick.text) - len(scored)
        sides = _scored(sides, scored)
        told = _verdict(sides)
    if as_json:
        write_json(
            {
                "seed": seed,
                "scored_on": yardstick and yardstick.title,
                "left_out": left_out,
                "verdict": told or None,
                "sides": [_record(each) for each in sides],
            }
        )
        return
    echo_dim(f"seed {seed}")
    _show(sides)
    if yardstick:
        write_stdout("\n")
        without = f", without {left_out:,} that one of them does not know" if left_out else ""
        echo_dim(f"{yardstick.title}, {len(yardstick.text):,} characters{without}")
        write_table("<>", ("", "bits/char"), *map(_figures, sides))
        write_stdout(f"{told}\n")


def _settings(
    temperatures: Sequence[float], *, alone: bool
) -> tuple[SamplingConfig, SamplingConfig]:
    """Return those of the two sides."""
    given = [SamplingConfig(each) for each in temperatures]
    if len(given) > 2:
        raise click.UsageError("There are two sides; give --temperature once or twice.")
    first = given[0] if given else SamplingConfig()
    if len(given) == 2:
        return first, given[1]
    return first, hotter(first) if alone else first


def _yardstick(text: str | None, sides: Sequence[_Side]) -> EvalText | None:
    """Return what both are scored on; None, and told why, where nobody named it and none is."""
    if text is None:
        try:
            found = held_out_text(*(each.voice.checkpoint_ref for each in sides))
        except CharloomError as error:
            echo_err(f"No score: {error}")
            return None
        if found.warning:
            echo_err(found.warning)
        return found
    corpus = open_text(text)
    return EvalText(corpus.title, corpus.text)


def _written(side: _Side, typed: str, seed: int, length: int) -> _Side:
    model = side.voice.network
    prompt = encode_prompt(typed, model.vocab)
    draft = Completion(Sampler(model, prompt, side.settings, seed), length)
    return replace(side, prompt=prompt, text="".join(each.character for each in draft))


def _scored(sides: Sequence[_Side], text: str) -> list[_Side]:
    """Score both sides; one and the same checkpoint once."""
    scores: dict[str, Score] = {}
    for each in sides:
        if each.voice.sha256 not in scores:
            scores[each.voice.sha256] = scoring.carried(each.voice.network, text)
    return [replace(each, score=scores[each.voice.sha256]) for each in sides]


def _verdict(sides: Sequence[_Side]) -> str:
    one, other = sides
    assert one.score and other.score
    if one.score is other.score:
        return SAME
    return verdict(
        str(one.voice.checkpoint_ref), one.score, str(other.voice.checkpoint_ref), other.score
    )


def _show(sides: Sequence[_Side]) -> None:
    """Write the texts side by side where there is room, else one under the other."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    each = (width - len(_BETWEEN)) // 2
    if each < _COLUMN:
        for number, side in enumerate(sides):
            write_stdout("\n" * bool(number) + f"{_heading(side)}\n\n")
            write_stdout(side.prompt, bold=True)
            write_stdout(f"{side.text}\n")
        return
    for left, right in zip_longest(*(_column(side, each) for side in sides), fillvalue=""):
        write_stdout(f"{set_cell_size(left, each)}{_BETWEEN}{right}".rstrip() + "\n")


def _column(side: _Side, width: int) -> Iterator[str]:
    for passage in (f"{_heading(side)}\n", side.prompt + side.text):
        shown = sanitize(passage)
        starts = [row.start for row in rows(shown, width)]
        for start, end in pairwise([*starts, len(shown)]):
            yield shown[start:end].rstrip("\n ")


def _heading(side: _Side) -> str:
    return f"{side.voice.checkpoint_ref} · temperature {side.settings.temperature:g}"


def _figures(side: _Side) -> tuple[str, ...]:
    assert side.score
    return str(side.voice.checkpoint_ref), f"{side.score.bits_per_char:.4f}"


def _record(side: _Side) -> dict[str, object]:
    score = side.score
    return {
        "model": side.voice.name,
        "step": side.voice.step,
        "checkpoint_sha256": side.voice.sha256,
        "temperature": side.settings.temperature,
        "prompt": side.prompt,
        "text": side.text,
        "chars": score and score.characters,
        "nats_per_char": score and score.nats_per_char,
        "bits_per_char": score and score.bits_per_char,
    }
