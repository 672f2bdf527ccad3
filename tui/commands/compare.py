"""``charloom compare``: texts and scores of two models, or of one at two temperatures."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest

import click
from rich.cells import set_cell_size

from charloom.core.analysis.comparison import EvalText, held_out_text, hotter
from charloom.core.analysis.comparison import compare as compare_scores
from charloom.core.errors import CharloomError
from charloom.core.sampling.completion import generate
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import sanitize
from charloom.core.store.read import BUNDLED
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.completion import complete_refs
from charloom.tui.console.inputs import encode_prompt, open_texts, read_prompt
from charloom.tui.console.options import column_option, json_option, sampling_options
from charloom.tui.console.output import (
    echo_dim,
    echo_err,
    error_message,
    write_json,
    write_stdout,
    write_table,
)
from charloom.tui.formatting.units import score_note
from charloom.tui.formatting.wrapping import wrapped_lines
from charloom.tui.services.model_cache import LoadedModel, load_model

_MIN_COLUMNS = 36  # of each side, else the texts are written one below the other
_SEPARATOR = " │ "


@dataclass(frozen=True, slots=True)
class _Side:
    model: LoadedModel
    sampling: SamplingConfig
    prompt: str
    text: str

    @property
    def heading(self) -> str:
        return f"{self.model.checkpoint_ref} · temperature {self.sampling.temperature:g}"


@click.command()
@click.argument(
    "left", metavar="[A]", default=BUNDLED, type=CheckpointRef.parse, shell_complete=complete_refs
)
@click.argument(
    "right", metavar="[B]", required=False, type=CheckpointRef.parse, shell_complete=complete_refs
)
@sampling_options(length=200)
@click.option(
    "--temperature",
    "temperatures",
    type=float,
    multiple=True,
    help="0 to 10, of both; given twice, of A and of B.  [default: 0.8; of A alone, 0.8 and 1.2]",
)
@click.option("--text", metavar="FILE", help="Score both on this file, folder or catalog text.")
@column_option
@json_option
def compare(
    left: CheckpointRef,
    right: CheckpointRef | None,
    prompt: str | None,
    seed: int,
    length: int,
    temperatures: tuple[float, ...],
    text: str | None,
    column: str | None,
    as_json: bool,
) -> None:
    """Continue one prompt with A and B, with one seed, and score both on one text.

    Each is NAME[@STEP]. A alone is compared with itself at another temperature. The score is the
    carried loss in bits per character on --text. Without it, it is the loss on the held-out part
    of A's training text, if that is on this computer.
    """
    models = load_model(left), load_model(right or left)
    samplings = _samplings(temperatures, is_alone=right is None)
    for warning in dict.fromkeys(model.warning for model in models if model.warning):
        echo_err(warning)
    eval_text = _eval_text(text, column, models)
    prompt = read_prompt(prompt, models[0].default_prompt)
    sides = [
        _generate(model, sampling, prompt, seed, length)
        for model, sampling in zip(models, samplings, strict=True)
    ]
    result = compare_scores(*models, eval_text) if eval_text else None
    scores = (result.left, result.right) if result else (None, None)
    if as_json:
        write_json(
            {
                "seed": seed,
                "scored_on": eval_text and eval_text.title,
                "left_out": result.left_out if result else 0,
                "verdict": result and result.verdict,
                "sides": [
                    {
                        "model": side.model.name,
                        "step": side.model.step,
                        "checkpoint_sha256": side.model.sha256,
                        "temperature": side.sampling.temperature,
                        "prompt": side.prompt,
                        "text": side.text,
                        "chars": score and score.characters,
                        "nats_per_char": score and score.nats_per_char,
                        "bits_per_char": score and score.bits_per_char,
                        "standard_error": score and score.standard_error,
                    }
                    for side, score in zip(sides, scores, strict=True)
                ],
            }
        )
        return
    echo_dim(f"seed {seed}")
    _write_texts(sides)
    if result:
        write_stdout("\n")
        echo_dim(result.summary)
        bits = (
            f"{score.bits_per_char:.4f}{score_note(score.characters)}"
            for score in (result.left, result.right)
        )
        names = (str(model.checkpoint_ref) for model in models)
        write_table("<>", ("", "bits/char"), *zip(names, bits, strict=True))
        write_stdout(f"{result.verdict}\n")


def _samplings(
    temperatures: Sequence[float], *, is_alone: bool
) -> tuple[SamplingConfig, SamplingConfig]:
    """Return the sampling settings of the two sides."""
    if len(temperatures) > 2:
        raise click.UsageError("There are two sides; give --temperature once or twice.")
    configs = [SamplingConfig(temperature) for temperature in temperatures] or [SamplingConfig()]
    left = configs[0]
    if len(configs) == 2:
        return left, configs[1]
    return left, hotter(left) if is_alone else left


def _eval_text(
    text: str | None, column: str | None, models: Sequence[LoadedModel]
) -> EvalText | None:
    """Return the text to score both on; None, with a message, if there is none."""
    if text is not None:
        corpus = open_texts(text, values={"column": column})
        return EvalText(corpus.title, corpus.stored)
    try:
        held_out = held_out_text(*(model.checkpoint_ref for model in models))
    except CharloomError as error:
        echo_err(f"No score: {error_message(error)}")
        return None
    if held_out.warning:
        echo_err(held_out.warning)
    return held_out


def _generate(
    model: LoadedModel, sampling: SamplingConfig, prompt: str, seed: int, length: int
) -> _Side:
    prompt = encode_prompt(prompt, model.network.vocab)
    return _Side(model, sampling, prompt, generate(model.network, prompt, length, sampling, seed))


def _write_texts(sides: Sequence[_Side]) -> None:
    """Write the texts side by side if the terminal is wide enough, else one below the other."""
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    columns = (width - len(_SEPARATOR)) // 2
    if columns < _MIN_COLUMNS:
        for number, side in enumerate(sides):
            write_stdout("\n" * bool(number) + f"{side.heading}\n\n")
            write_stdout(side.prompt, bold=True)
            write_stdout(f"{side.text}\n")
        return
    lines = [
        wrapped_lines(sanitize(f"{side.heading}\n\n{side.prompt}{side.text}"), columns)
        for side in sides
    ]
    for left, right in zip_longest(*lines, fillvalue=""):
        write_stdout(f"{set_cell_size(left, columns)}{_SEPARATOR}{right}".rstrip() + "\n")
