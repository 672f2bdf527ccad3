"""``charloom quiz``: tell passages of a text from those of a model."""

import sys
from collections.abc import Iterator
from typing import Any

import click

from charloom.core.errors import CharloomError, MissingTextError
from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.core.store.read import BUNDLED
from charloom.core.store.ref import CheckpointRef
from charloom.tui.console.completion import complete_refs
from charloom.tui.console.options import setting_options
from charloom.tui.console.output import echo_err, write_stdout
from charloom.tui.formatting.flowing import flow
from charloom.tui.tour.blind_test import EXPLANATION, BlindTest
from charloom.tui.tour.text_layout import wrap

_MAX_ROUNDS = 100
_QUESTION = "Which one is real, 1 or 2? "


@click.command()
@click.argument(
    "ref",
    metavar="[MODEL]",
    default=BUNDLED,
    type=CheckpointRef.parse,
    shell_complete=complete_refs,
)
@click.option(
    "--rounds",
    type=click.IntRange(1, _MAX_ROUNDS),
    default=10,
    show_default=True,
    help="Pairs of passages; fewer if little text is held out.",
)
@setting_options
@click.option(
    "--seed",
    type=click.IntRange(0, 2**62),
    metavar="N",
    help="Seed of places, order and texts. Random by default, and shown.",
)
def quiz(ref: CheckpointRef, rounds: int, seed: int | None, **settings: Any) -> None:
    """Guess which passage is from the held-out text, and which one MODEL wrote.

    Each round shows two passages that continue the same lines: one of the text that was held out
    from training, one by the model. Answer 1 or 2 for the real one, q to end; in a pipe, one
    answer a line. How often the model fooled you is added to its lab notes, for each temperature.

    The training text must be on this computer, with a part held out.
    """
    seed = fresh_seed() if seed is None else seed
    try:
        test = BlindTest(ref, SamplingConfig(**settings), seed, rounds)
    except MissingTextError as error:
        raise CharloomError(
            f"{error} Get it with `charloom corpus get`, or take a model trained here."
        ) from error
    if test.warning:
        echo_err(test.warning)
    _write(f"Real or model? {test.ref}, {test.setting}, seed {seed}. {EXPLANATION}")
    answers = _answers()
    for number in range(test.rounds):
        pair = test.pair(number)
        _write(f"\nRound {number + 1} of {test.rounds}")
        for index, passage in enumerate(pair.passages):
            _write("")
            for line_number, line in enumerate(flow(passage).split("\n")):
                _write(line, f"  {index + 1}  " if line_number == 0 else "     ")
        _write("")
        choice = next(answers, None)
        if choice is None:
            break
        _write(test.guess(pair, choice))
    if not test.guesses:
        raise CharloomError("No guess was made: answer 1 or 2, or pipe in one answer a line.")
    _write(f"\n{test.score} {test.total()}")


def _answers() -> Iterator[int]:
    """Yield the answers on standard input, 0 or 1, until it or the user ends."""
    if sys.stdin is None:
        return
    interactive = sys.stdin.isatty()
    while True:
        write_stdout(_QUESTION)
        line = sys.stdin.readline()
        answer = line.strip().lower()
        if not interactive:
            write_stdout(f"{answer[:10]!s}\n")
        if not line or answer in ("q", "quit"):
            return
        if answer in ("1", "2"):
            yield int(answer) - 1
        else:
            write_stdout("Answer 1 or 2; q ends.\n")


def _write(text: str, prefix: str = "") -> None:
    """Write a paragraph, wrapped after its leading newlines."""
    body = text.lstrip("\n")
    lines = wrap(body, prefix=prefix) or [""]
    write_stdout("\n" * (len(text) - len(body)) + "".join(f"{line.rstrip()}\n" for line in lines))
