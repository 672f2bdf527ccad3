"""``charloom generate``: let a model write, and keep what it wrote in the library."""

import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from charloom.core.analysis.repetition import repetition_message, repetition_period
from charloom.core.errors import CharloomError
from charloom.core.library.generation import MAX_STORED_CHARACTERS, Generation
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.batched import BatchLane, BatchSampler
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.sanitize import single_line
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.inputs import encode_prompt, read_prompt
from charloom.tui.console.options import json_option, model_option
from charloom.tui.console.output import echo_dim, echo_err, write_json, write_stdout
from charloom.tui.console.stream import OutputStream

if TYPE_CHECKING:
    from charloom.core.analysis.memorization import VerbatimMatch

_LONGEST = 10_000_000
_FEWEST, _WIDEST = 8, 64  # texts side by side: fewer are as quick one after the other
_MOST_WAITING = 1_000_000  # characters of these, about, for which there is room
_BETWEEN = "\n* * *\n\n"  # one text and the next
_EXCERPT = 60  # characters of a run that are shown
_DEFAULT = SamplingConfig()
_JSON = (
    *("prompt", "text", "seed", "temperature", "top_k", "top_p"),
    *("model", "step", "checkpoint_sha256", "chars_per_second"),
)


@click.command()
@click.argument("prompt", default="")
@model_option
@click.option(
    "--length",
    type=click.IntRange(0, _LONGEST),
    default=500,
    show_default=True,
    help="How many characters to write.",
)
@click.option(
    "--temperature",
    type=float,
    default=_DEFAULT.temperature,
    show_default=True,
    help="0 to 10; below 1 bolder about what is likely, 0 always takes the likeliest.",
)
@click.option(
    "--top-k",
    type=int,
    default=_DEFAULT.top_k,
    show_default=True,
    help="Draw from this many likeliest characters; 0: from all.",
)
@click.option(
    "--top-p",
    type=float,
    default=_DEFAULT.top_p,
    show_default=True,
    help="Draw from the fewest characters that together are this probable.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Repeats a text; a fresh one when not given.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Write so many texts, each with the next seed.",
)
@click.option("--stop", default="", help="End where the model would write this.")
@click.option("--favorite", is_flag=True, help="Keep it among the favorites.")
@click.option(
    "--copied",
    is_flag=True,
    help="Tell the longest run of characters that stands verbatim in what the model learned.",
)
@json_option
def generate(
    prompt: str,
    ref: CheckpointRef,
    length: int,
    temperature: float,
    top_k: int,
    top_p: float,
    seed: int | None,
    count: int,
    stop: str,
    favorite: bool,
    copied: bool,
    as_json: bool,
) -> None:
    """Let a model go on from PROMPT, or '-': standard input, less a final newline.

    Writes the prompt and the text as it comes, and a line '* * *' between texts; --json writes one
    object per text, on a line, once all of it is there. Every text of up to a million characters is
    kept in the library: see `charloom favorites`.
    """
    settings = SamplingConfig(temperature, top_k, top_p)
    loaded = load_checkpoint(ref)
    if loaded.warning:
        echo_err(loaded.warning)
    model = NumpyLSTM(loaded.checkpoint)
    prompt = encode_prompt(read_prompt(prompt), model.vocab)
    first = int.from_bytes(os.urandom(4)) if seed is None else seed

    texts = _SampledTexts(model, prompt, settings, range(first, first + count), length)
    failure: CharloomError | None = None
    longest: Callable[[str], VerbatimMatch | None] | None = None
    for number in range(first, first + count):
        if number > first and not as_json:
            write_stdout(_BETWEEN)
        passage = OutputStream(shown=not as_json)
        ending = passage.write(prompt, lambda: Completion(texts.next(), length, stop))
        if ending and not passage.length:  # there is nothing to keep
            raise ending
        generation = Generation(
            model=ref.name,
            step=loaded.checkpoint.step,
            checkpoint_sha256=loaded.sha256,
            prompt=prompt,
            text=passage.text,
            temperature=temperature,
            top_k=top_k,
            top_p=top_p,
            length=passage.length if ending else length,
            stop=stop,
            seed=number,
            chars_per_second=texts.chars_per_second or passage.chars_per_second,
            bits_per_char=passage.bits_per_char,
            starred=favorite,
        )
        try:
            kept = (
                _keep(generation)
                if passage.length <= MAX_STORED_CHARACTERS
                else "too long to be kept"
            )
        except CharloomError as error:
            failure, kept = error, "not kept"
        run = None
        if copied and not ending and passage.length <= MAX_STORED_CHARACTERS:
            longest = longest or _copies(generation.model, loaded.checkpoint)
            run = longest(passage.text)
        if as_json:
            more = {"copied": run and asdict(run)} if copied else {}
            write_json({name: getattr(generation, name) for name in _JSON} | more)
        echo_dim(f"{_figures(generation)} · {kept}")
        if run:
            echo_dim(_told(run, passage.text))
        if period := repetition_period(passage.text):
            echo_dim(f"it {repetition_message(period)}")
        if ending:
            raise ending
    if failure:
        raise failure


class _SampledTexts:
    """The texts to come, one for each of ``seeds``: as many side by side as there is room for."""

    def __init__(
        self, model: NumpyLSTM, prompt: str, settings: SamplingConfig, seeds: range, length: int
    ) -> None:
        self._model, self._prompt, self._settings = model, prompt, settings
        self._seeds = seeds
        self._widest = min(_WIDEST, _MOST_WAITING // max(1, length))
        self._waiting: Iterator[BatchLane] = iter(())
        self._together: BatchSampler | None = None

    def next(self) -> Sampler | BatchLane:
        """Return the next text; with the first of those side by side the prompt is read."""
        text = next(self._waiting, None)
        if text:
            return text
        width = min(self._widest, len(self._seeds))
        if width < _FEWEST:
            width, self._together = 1, None
        seeds, self._seeds = self._seeds[:width], self._seeds[width:]
        if width == 1:
            return Sampler(self._model, self._prompt, self._settings, seeds[0])
        self._together = BatchSampler(
            self._model, self._prompt, [self._settings] * len(seeds), seeds
        )
        self._waiting = iter(self._together.texts)
        return next(self._waiting)

    @property
    def chars_per_second(self) -> float:
        """How fast those side by side are drawn, all together; 0 where there is one at a time."""
        return self._together.chars_per_second if self._together else 0.0


def _copies(name: str, card: CheckpointMetadata) -> "Callable[[str], VerbatimMatch | None]":
    """Return what finds the longest run of a text that ``name`` has learned, if that can be had."""
    # Deferred: nobody else waits for the rooms that know of texts.
    from charloom.core.analysis.memorization import CorpusIndex
    from charloom.core.runs.training_text import find_training_text

    try:
        return CorpusIndex(find_training_text(name, card).train).longest_match
    except CharloomError as error:
        echo_err(str(error))
        return lambda _: None


def _told(run: "VerbatimMatch", text: str) -> str:
    shown = single_line(text[run.start : run.start + run.length], _EXCERPT)
    characters = "1 character" if run.length == 1 else f"{run.length:,} characters"
    return f"longest verbatim run: {characters}" + f" (“{shown}”)" * bool(shown)


def _keep(generation: Generation) -> str:
    # Deferred: by now the text is there, and SQLite need not be waited for.
    from charloom.core.library.database import Library

    with Library() as library:
        added = library.add(generation)
    return f"{'favorite' if added.starred else 'kept as'} {added.id}"


def _figures(generation: Generation) -> str:
    parts = [
        f"{generation.model}@{generation.step}",
        f"seed {generation.seed}",
        f"{generation.chars_per_second:,.0f} chars/s",
    ]
    if generation.bits_per_char is not None:
        parts.append(f"{generation.bits_per_char:.2f} bits/char")
    return " · ".join(parts)
