"""``charloom chat``: talk with a model, one line in, one reply out."""

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

import click

from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.core.sampling.conversation import Conversation
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Sampler, require_words
from charloom.core.store.read import BUNDLED, load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.completion import complete_refs
from charloom.tui.console.inputs import encode_prompt
from charloom.tui.console.options import json_option, no_keep_option, setting_options
from charloom.tui.console.output import echo_dim, echo_err, error_message, write_json, write_stdout
from charloom.tui.console.stream import OutputStream

_MAX_LENGTH = 100_000
_JSON_FIELDS = ("context", "prompt", "text", "seed", "model", "step", "checkpoint_sha256")


@click.command()
@click.argument(
    "ref",
    metavar="[MODEL]",
    default=BUNDLED,
    type=CheckpointRef.parse,
    shell_complete=complete_refs,
)
@click.option("--as", "user", metavar="NAME", default="", help="Speak as this name of the text.")
@click.option(
    "--with", "other", metavar="NAME", default="", help="Let the model speak as this name."
)
@click.option(
    "--length",
    type=click.IntRange(1, _MAX_LENGTH),
    default=500,
    show_default=True,
    help="Characters after which a reply ends at the latest.",
)
@setting_options
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Seed of the first reply; each next one has the next seed. Random by default.",
)
@no_keep_option
@json_option
def chat(
    ref: CheckpointRef,
    user: str,
    other: str,
    length: int,
    seed: int | None,
    no_keep: bool,
    as_json: bool,
    **settings: Any,
) -> None:
    """Talk with MODEL: it reads each line of standard input after all that was said before.

    Lines and replies are written as in the text that the model was trained on, such as a play, an
    interview or an exported chat: 'NAME:', 'Name: ', '> ' or a dash. A reply ends where the next
    speaker begins. --as and --with choose the names; the default are those that speak most. In a
    text without speakers, each line and each reply is a paragraph.
    """
    loaded = load_checkpoint(ref)
    if loaded.warning:
        echo_err(loaded.warning)
    network, sampling = NumpyLSTM(loaded.checkpoint), SamplingConfig(**settings)
    require_words(network, sampling)
    conversation = Conversation.between(loaded.checkpoint.corpus.dialogue, user, other)
    seed = fresh_seed() if seed is None else seed
    ending = Ending(conversation.stops)
    interactive = sys.stdin is not None and sys.stdin.isatty()
    if interactive:
        echo_dim(_introduction(conversation))
    turns: list[str] = []
    for number, line in enumerate(_lines(conversation.user if interactive else None)):
        context = conversation.context(turns)
        prompt = conversation.prompt(encode_prompt(line, network.vocab))
        if interactive and conversation.model:
            write_stdout(f"{conversation.model}: ", bold=True)
        sampler = Sampler(network, context + prompt, sampling, seed + number)
        output = OutputStream(echo=not as_json)
        interruption = output.write("", partial(Completion, sampler, length, ending))
        turns.append(prompt + output.text)
        generation = Generation(
            model=ref.name,
            step=loaded.checkpoint.step,
            checkpoint_sha256=loaded.sha256,
            context=context,
            prompt=prompt,
            text=output.text,
            **asdict(sampling),
            length=output.length if interruption else length,
            stop=conversation.stops,
            seed=seed + number,
            chars_per_second=output.chars_per_second,
            bits_per_char=output.bits_per_char,
        )
        if as_json:
            write_json({name: getattr(generation, name) for name in _JSON_FIELDS})
        if not no_keep and generation.text:
            _save(generation)
        if interruption:
            raise interruption


def _introduction(conversation: Conversation) -> str:
    names = f"You are {conversation.user}; it is {conversation.model}. " * bool(conversation.user)
    return f"{names}Enter sends a line, Ctrl-D ends."


def _lines(name: str | None) -> Iterator[str]:
    """Yield the lines of standard input; ask for each as ``name`` in a terminal (not None)."""
    if name is None:
        if sys.stdin is None:
            raise CharloomError("Standard input is closed; pipe lines into it.")
        for data in sys.stdin.buffer:
            if line := data.decode("utf-8", "replace").rstrip("\r\n"):
                yield line
        return
    with contextlib.suppress(ImportError):
        import readline  # noqa: F401 - input() edits lines and recalls earlier ones with it
    with contextlib.suppress(EOFError):
        while True:
            if line := input(f"{name}: " if name else "> "):
                yield line


def _save(generation: Generation) -> None:
    from charloom.core.library.database import Library  # deferred, as in generate

    try:
        with Library() as library:
            library.add(generation)
    except CharloomError as error:
        echo_err(f"Not saved: {error_message(error)}")
