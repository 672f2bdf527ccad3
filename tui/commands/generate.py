"""``charloom generate``: continue a prompt with a model, and save the texts in the library."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import cache
from itertools import chain
from typing import TYPE_CHECKING, Any

import click

from charloom.core.analysis.repetition import repetition_message, repetition_period
from charloom.core.errors import CharloomError
from charloom.core.library.generation import MAX_STORED_CHARACTERS, Generation
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SETTING_NAMES, SamplingConfig, fresh_seed, parse_stops
from charloom.core.sampling.ending import MAX_OVERRUN, UNITS, Ending
from charloom.core.sampling.sampler import Sampler, require_words
from charloom.core.sanitize import single_line
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.core.wording import plural
from charloom.tui.console.inputs import encode_prompt, read_prompt
from charloom.tui.console.options import (
    json_option,
    model_option,
    no_keep_option,
    setting_options,
)
from charloom.tui.console.output import echo_dim, echo_err, error_message, write_json, write_stdout
from charloom.tui.console.stream import OutputStream
from charloom.tui.formatting.prompt_changes import unwritable_ending

if TYPE_CHECKING:
    from charloom.core.analysis.memorization import VerbatimMatch

_MAX_LENGTH = 10_000_000
_SEPARATOR = "\n* * *\n\n"
_MAX_EXCERPT = 60  # characters of a match that are shown
_JSON_FIELDS = (
    *("prompt", "text", "seed", *SETTING_NAMES),
    *("model", "step", "checkpoint_sha256", "chars_per_second"),
)


@click.command()
@click.argument("prompt", required=False)
@model_option
@click.option(
    "--length",
    type=click.IntRange(0, _MAX_LENGTH),
    default=500,
    show_default=True,
    help="Number of characters to generate.",
)
@click.option(
    "--until",
    type=click.Choice(UNITS),
    help="After --length characters, continue to the end of the sentence, line or paragraph, "
    f"for up to {MAX_OVERRUN:,} more.",
)
@setting_options
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Seed that reproduces a text; random by default.",
)
@click.option(
    "--count",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Number of texts, each with the next seed.",
)
@click.option(
    "--stop",
    "stops",
    multiple=True,
    callback=lambda _, __, values: tuple(dict.fromkeys(chain(*map(parse_stops, values)))),
    help=r"Stop before this string (repeatable). \n, \t and \\ are newline, tab and backslash; "
    r"\| separates several strings.",
)
@click.option("--keep-stop", is_flag=True, help="Stop after the stop string instead.")
@click.option("--favorite", is_flag=True, help="Save as a favorite.")
@no_keep_option
@click.option(
    "--copied",
    is_flag=True,
    help="Report the longest verbatim match with the training text.",
)
@json_option
def generate(
    prompt: str | None,
    ref: CheckpointRef,
    length: int,
    until: str | None,
    seed: int | None,
    count: int,
    stops: tuple[str, ...],
    keep_stop: bool,
    favorite: bool,
    no_keep: bool,
    copied: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Continue PROMPT with a model; without it, continue what is piped in, if anything.

    '-' reads standard input, too, without a final newline. A PROMPT that begins with a dash
    follows --. Writes the prompt and the text as it is generated, and a line '* * *' between
    texts. --json writes one object per finished text and line. Texts of up to a million characters
    are saved in the library, if that is possible: see `charloom favorites`.
    """
    if favorite and no_keep:
        raise click.UsageError("Pass --favorite or --no-keep, not both.")
    sampling = SamplingConfig(**settings)
    ending = Ending(stops, keep_stop, until or "")
    loaded = load_checkpoint(ref)
    if loaded.warning:
        echo_err(loaded.warning)
    network = NumpyLSTM(loaded.checkpoint)
    require_words(network, sampling)
    prompt = encode_prompt(read_prompt(prompt), network.vocab)
    if message := unwritable_ending(ending, network.vocab):
        echo_err(message)
    seed = fresh_seed() if seed is None else seed
    samplers = _samplers(network, prompt, sampling, range(seed, seed + count))
    find_match = _match_finder(ref.name, loaded.checkpoint)
    save_error: CharloomError | None = None
    for text_seed in range(seed, seed + count):
        if text_seed > seed and not as_json:
            write_stdout(_SEPARATOR)
        output = OutputStream(echo=not as_json)
        interruption = output.write(prompt, lambda: Completion(next(samplers), length, ending))
        if interruption and not output.length:
            raise interruption
        generation = Generation(
            model=ref.name,
            step=loaded.checkpoint.step,
            checkpoint_sha256=loaded.sha256,
            prompt=prompt,
            text=output.text,
            **asdict(sampling),
            length=output.length if interruption else length,
            **asdict(replace(ending, until="") if interruption else ending),
            seed=text_seed,
            chars_per_second=output.chars_per_second,
            bits_per_char=output.bits_per_char,
            starred=favorite,
        )
        complete = output.length <= MAX_STORED_CHARACTERS
        try:
            outcome = "" if no_keep else _save(generation) if complete else "too long to save"
        except CharloomError as error:
            save_error, outcome = error, "not saved"
        search = copied and complete and not interruption
        match = find_match(generation.text) if search else None
        unknown: list[str] = []
        if sampling.words == "known" and network.known_words:
            unknown = network.known_words.find_unknown(prompt, generation.text)
        if as_json:
            record = {name: getattr(generation, name) for name in _JSON_FIELDS}
            write_json(record | ({"copied": match and asdict(match)} if copied else {}))
        _report(generation, outcome, match)
        if unknown:
            echo_dim(f"not a known word: {single_line(', '.join(unknown), _MAX_EXCERPT)}")
        if interruption:
            raise interruption
    if save_error and favorite:
        raise save_error
    if save_error:
        echo_err(f"Not saved: {save_error} Pass --no-keep to not save at all.")


def _samplers(
    network: NumpyLSTM, prompt: str, sampling: SamplingConfig, seeds: range
) -> Iterator[Sampler]:
    """Yield a sampler for each of ``seeds``; the first one reads the prompt for all."""
    first = Sampler(network, prompt, sampling, seeds[0])
    for seed in seeds:
        yield first.fork(seed)


def _match_finder(
    name: str, metadata: CheckpointMetadata
) -> "Callable[[str], VerbatimMatch | None]":
    """Return a function that finds the longest match with the model's training text.

    The training text is loaded at the first call.
    """

    @cache
    def search() -> "Callable[[str], VerbatimMatch | None]":
        from charloom.core.analysis.memorization import CorpusIndex
        from charloom.core.runs.training_text import find_training_text

        try:
            return CorpusIndex(find_training_text(name, metadata).train).longest_match
        except CharloomError as error:
            echo_err(error_message(error))
            return lambda _: None

    return lambda text: search()(text)


def _save(generation: Generation) -> str:
    # Deferred: the text is written before SQLite is imported.
    from charloom.core.library.database import Library

    with Library() as library:
        added = library.add(generation)
    return f"{'favorite' if added.starred else 'saved as'} {added.id}"


def _report(generation: Generation, outcome: str, match: "VerbatimMatch | None") -> None:
    """Write the figures of a text and notes on it to stderr."""
    g = generation
    parts = [str(g.checkpoint_ref), f"seed {g.seed}", f"{g.chars_per_second:,.0f} chars/s"]
    if g.bits_per_char is not None:
        parts.append(f"{g.bits_per_char:.2f} bits/char")
    echo_dim(" · ".join(filter(None, [*parts, outcome])))
    if match:
        excerpt = single_line(g.text[match.start : match.start + match.length], _MAX_EXCERPT)
        characters = plural(match.length, "character")
        echo_dim(f"longest verbatim match: {characters}" + f" (“{excerpt}”)" * bool(excerpt))
    if period := repetition_period(g.text):
        echo_dim(f"it {repetition_message(period)}")
