"""``charloom growth``: a text from every checkpoint of a model, for one prompt."""

import shutil
import sys
from pathlib import Path

import click

from charloom.core.analysis.checkpoint_samples import (
    CheckpointSample,
    newest_metadata,
    sample_checkpoints,
)
from charloom.core.errors import CharloomError
from charloom.core.files import write_file
from charloom.core.runs.monitor import RunMonitor
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import single_line
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import BUNDLED, find_model
from charloom.tui.console.completion import complete_models
from charloom.tui.console.inputs import encode_prompt, read_prompt
from charloom.tui.console.options import json_option, output_options, sampling_options
from charloom.tui.console.output import echo_dim, echo_err, write_json, write_stdout
from charloom.tui.formatting.units import score_note
from charloom.tui.formatting.wrapping import wrapped_lines
from charloom.tui.services.model_cache import default_prompt

_FILM_SUFFIXES = (".svg", ".cast")
_MEASURES = {"carried": "carried", "validation": "valid.", "train": "train", "": ""}
_INDENT_COLUMNS = 31  # before the text
_MAX_PROMPT = 60  # characters that are shown
_MIN_TEXT_COLUMNS = 20  # in fewer, the text is not wrapped


@click.command()
@click.argument("model", default=BUNDLED, shell_complete=complete_models)
@sampling_options(length=80)
@click.option(
    "--temperature",
    type=float,
    default=SamplingConfig().temperature,
    show_default=True,
    help="0 to 10; 0 always takes the likeliest.",
)
@json_option
@output_options
def growth(
    model: str,
    prompt: str | None,
    seed: int,
    length: int,
    temperature: float,
    as_json: bool,
    output: Path | None,
    force: bool,
) -> None:
    """Continue one prompt with every checkpoint of MODEL, with one seed: watch it learn to spell.

    Each checkpoint is one line, from the first to the last: its step, its loss in bits per
    character, and its text, with ↵ for a newline. The loss is the carried one on held-out
    text, else that of the validation during training, else that on the training text.

    --output also writes a film of it: the text rewrites itself while the loss curve runs along.
    An .svg file plays in a browser, a .cast file in asciinema.
    """
    if output and output.suffix not in _FILM_SUFFIXES:
        raise click.UsageError(f"A film is a file with the suffix {' or '.join(_FILM_SUFFIXES)}.")
    sampling = SamplingConfig(temperature)
    info = find_model(model)
    info.candidates()  # raises if there is no checkpoint
    metadata = newest_metadata(info.checkpoints)
    if metadata is None:
        raise CharloomError(info.checkpoints[-1].error)
    prompt = encode_prompt(read_prompt(prompt, default_prompt(model, metadata)), metadata.vocab)
    if not as_json:
        prompt_label = single_line(prompt, _MAX_PROMPT)
        echo_dim(f"{prompt_label} · seed {seed} · temperature {temperature:g}")
        write_stdout(f"{'step':>9}  {'bits/char':>9}  {'':<7}  text\n")
    samples = []
    for sample in sample_checkpoints(info.checkpoints, prompt, sampling, seed, length):
        samples.append(sample)
        if as_json:
            write_json(
                {
                    "model": info.name,
                    "step": sample.step,
                    "loss": sample.loss,
                    "bits_per_char": sample.bits_per_char,
                    "measure": sample.measure or None,
                    "counted_characters": sample.loss_characters,
                    "prompt": prompt,
                    "seed": seed,
                    "temperature": temperature,
                    "text": sample.text,
                    "error": sample.error or None,
                }
            )
        elif sample.error:
            echo_err(f"Skipped: {sample.error}")
        else:
            _write_sample(sample)
    if output:
        from charloom.tui.charts.film import TOO_SHORT, Film  # deferred: they import Textual
        from charloom.tui.charts.film_cast import asciicast
        from charloom.tui.charts.film_picture import film_picture

        run = RunMonitor(ModelDir.named(info.name))
        run.refresh()
        while run.has_more:
            run.refresh()
        film = Film.of(info.name, prompt, samples, run, sampling, seed)
        if len(film.samples) < 2:
            raise CharloomError(TOO_SHORT)
        write = film_picture if output.suffix == ".svg" else asciicast
        write_file(output, write(film), force)
    elif len(info.checkpoints) == 1:
        echo_err(f"{model!r} has only one checkpoint; a training run saves more as it continues.")


def _write_sample(sample: CheckpointSample) -> None:
    bits = "–" if sample.bits_per_char is None else f"{sample.bits_per_char:.2f}"
    write_stdout(f"{sample.step:>9,}  {bits:>9}  {_MEASURES[sample.measure]:<7}  ")
    note = score_note(sample.loss_characters).lstrip()
    text = single_line(f"{note} {sample.text}" if note else sample.text, len(sample.text) + 99)
    columns = shutil.get_terminal_size().columns - _INDENT_COLUMNS - 1
    if not sys.stdout.isatty() or columns < _MIN_TEXT_COLUMNS:
        write_stdout(text + "\n")
        return
    indent = "\n" + " " * _INDENT_COLUMNS
    write_stdout(indent.join(wrapped_lines(text, columns)) + "\n")
