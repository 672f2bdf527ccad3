"""``charloom growth``: what every checkpoint of a model makes of one prompt."""

import shutil
import sys
from itertools import pairwise

import click

from charloom.core.analysis.checkpoint_samples import CheckpointSample, sample_checkpoints
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.runs.events import bits
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import single_line
from charloom.core.store.read import BUNDLED, ModelInfo, find_model
from charloom.tui.console.inputs import encode_prompt, read_prompt
from charloom.tui.console.options import json_option, sampling_options
from charloom.tui.console.output import echo_dim, echo_err, write_json, write_stdout
from charloom.tui.formatting.wrapping import rows
from charloom.tui.services.model_cache import default_prompt

_LOSSES = {"carried": "carried", "validation": "valid.", "train": "train", "": ""}
_FIGURES = 31  # columns, before the text
_PROMPT = 60  # characters of it that are told
_NARROWEST = 20  # columns of a text that is folded


@click.command()
@click.argument("model", default=BUNDLED)
@sampling_options(length=80)
@click.option(
    "--temperature",
    type=float,
    default=SamplingConfig().temperature,
    show_default=True,
    help="0 to 10; 0 always takes the likeliest.",
)
@json_option
def growth(
    model: str, prompt: str | None, seed: int, length: int, temperature: float, as_json: bool
) -> None:
    """Let every checkpoint of MODEL go on from one prompt, with one seed: watch it learn to spell.

    A line for each, from the first to the last, as it comes: the step, the loss in bits per
    character (carried over all the held-out text, of what the training looked at, or else of what
    it was trained on), and the text, with ↵ for a newline.
    """
    settings = SamplingConfig(temperature)
    info = find_model(model)
    info.candidates()  # refuses a model without checkpoints
    card = _newest(info)
    prompt = encode_prompt(
        read_prompt(default_prompt(model, card) if prompt is None else prompt), card.vocab
    )
    if not as_json:
        echo_dim(f"{single_line(prompt, _PROMPT)} · seed {seed} · temperature {temperature:g}")
        write_stdout(f"{'step':>9}  {'bits/char':>9}  {'':<7}  text\n")
    for each in sample_checkpoints(info.checkpoints, prompt, settings, seed, length):
        if as_json:
            write_json(_record(info.name, prompt, seed, temperature, each))
        elif each.fault:
            echo_err(f"Passed over: {each.fault}")
        else:
            _show(each)
    if len(info.checkpoints) == 1:
        echo_err(f"{model!r} has one checkpoint; a training keeps more as it goes on.")


def _newest(info: ModelInfo) -> CheckpointMetadata:
    """Return the card of the last checkpoint that has one."""
    cards = [each.card for each in info.checkpoints if each.card]
    if not cards:
        raise CharloomError(info.checkpoints[-1].fault)
    return cards[-1]


def _show(growth: CheckpointSample) -> None:
    figure = "–" if growth.loss is None else f"{bits(growth.loss):.2f}"
    write_stdout(f"{growth.step:>9,}  {figure:>9}  {_LOSSES[growth.measure]:<7}  ")
    text = single_line(growth.text, len(growth.text) + 1)
    room = shutil.get_terminal_size().columns - _FIGURES - 1
    if not sys.stdout.isatty() or room < _NARROWEST:
        write_stdout(text + "\n")
        return
    starts = [row.start for row in rows(text, room)]
    for number, (start, end) in enumerate(pairwise([*starts, len(text)])):
        write_stdout(" " * _FIGURES * bool(number) + text[start:end].rstrip() + "\n")


def _record(
    model: str, prompt: str, seed: int, temperature: float, each: CheckpointSample
) -> dict[str, object]:
    return {
        "model": model,
        "step": each.step,
        "loss": each.loss,
        "bits_per_char": None if each.loss is None else bits(each.loss),
        "measure": each.measure or None,
        "prompt": prompt,
        "seed": seed,
        "temperature": temperature,
        "text": each.text,
        "fault": each.fault or None,
    }
