"""``charloom growth``: what every checkpoint of a model makes of one prompt."""

import shutil
import sys
from itertools import pairwise

import click

from charloom.core.analysis.checkpoint_samples import Growth, grow
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import Card
from charloom.core.runs.events import bits
from charloom.core.sampling.config import Settings
from charloom.core.sanitize import one_line
from charloom.core.store import read as shelf
from charloom.core.store.read import BUNDLED, ModelInfo
from charloom.tui.console.inputs import known, read
from charloom.tui.console.options import json_option, trial_options
from charloom.tui.console.output import aside, note, write, write_json
from charloom.tui.formatting.wrapping import rows
from charloom.tui.services.model_cache import ready_prompt

_LOSSES = {"carried": "carried", "validation": "valid.", "train": "train", "": ""}
_FIGURES = 31  # columns, before the text
_PROMPT = 60  # characters of it that are told
_NARROWEST = 20  # columns of a text that is folded


@click.command()
@click.argument("model", default=BUNDLED)
@trial_options(length=80)
@click.option(
    "--temperature",
    type=float,
    default=Settings().temperature,
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
    settings = Settings(temperature)
    info, _ = shelf.find(shelf.model(model).name)
    card = _newest(info)
    prompt = known(read(ready_prompt(model, card) if prompt is None else prompt), card.vocab)
    if not as_json:
        aside(f"{one_line(prompt, _PROMPT)} · seed {seed} · temperature {temperature:g}")
        write(f"{'step':>9}  {'bits/char':>9}  {'':<7}  text\n")
    for each in grow(info.checkpoints, prompt, settings, seed, length):
        if as_json:
            write_json(_record(info.name, prompt, seed, temperature, each))
        elif each.fault:
            note(f"Passed over: {each.fault}")
        else:
            _show(each)
    if len(info.checkpoints) == 1:
        note(f"{model!r} has one checkpoint; a training keeps more as it goes on.")


def _newest(info: ModelInfo) -> Card:
    """Return the card of the last checkpoint that has one."""
    cards = [each.card for each in info.checkpoints if each.card]
    if not cards:
        raise CharloomError(info.checkpoints[-1].fault)
    return cards[-1]


def _show(growth: Growth) -> None:
    figure = "–" if growth.loss is None else f"{bits(growth.loss):.2f}"
    write(f"{growth.step:>9,}  {figure:>9}  {_LOSSES[growth.measure]:<7}  ")
    text = one_line(growth.text, len(growth.text) + 1)
    room = shutil.get_terminal_size().columns - _FIGURES - 1
    if not sys.stdout.isatty() or room < _NARROWEST:
        write(text + "\n")
        return
    starts = [row.start for row in rows(text, room)]
    for number, (start, end) in enumerate(pairwise([*starts, len(text)])):
        write(" " * _FIGURES * bool(number) + text[start:end].rstrip() + "\n")


def _record(
    model: str, prompt: str, seed: int, temperature: float, each: Growth
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
