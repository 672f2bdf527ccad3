"""``charloom tour``: the ten stages, on the user's own text and model."""

from collections.abc import Iterable, Iterator
from contextlib import nullcontext

import click

from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import single_line
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import read_notes
from charloom.tui.console.completion import complete_texts
from charloom.tui.console.inputs import has_piped_input
from charloom.tui.console.options import column_option, mirror_option, model_option
from charloom.tui.console.output import count_progress, echo_err, write_stdout
from charloom.tui.services import config_file, preferences
from charloom.tui.tour import lab_notes
from charloom.tui.tour.stages import STAGES, Stage
from charloom.tui.tour.subject import TextOpener, load_subject
from charloom.tui.tour.text_layout import wrap
from charloom.tui.tour.tour import NETWORK_STAGES, Tour
from charloom.tui.tour.worked_example import ExampleProcess

_MAX_TITLE = 60  # characters
_ANSWER_COLUMNS = 74


@click.command()
@click.option(
    "--corpus",
    metavar="TEXT",
    shell_complete=complete_texts,
    help="A file, a folder, '-' for standard input, or a name from `charloom corpus`. "
    "Default: with --plain, what is piped in; else the model's training text.",
)
@model_option
@click.option("--plain", is_flag=True, help="Write all ten stages to stdout, without the app.")
@column_option
@mirror_option
def tour(
    corpus: str | None, ref: CheckpointRef, plain: bool, column: str | None, mirror: str | None
) -> None:
    """Walk through the ten stages from a text back to a text.

    Load text, characters, vocabulary, ids, windows, batches, the model, the loss, a step of
    training, and sampling. Each stage shows, in real numbers, what it does to your text and your
    model, why it is needed, and where it is in the code. It ends with a multiple-choice question
    and one to answer in your own words. That answer is saved in the model's lab notes.

    The tour opens in the app; --plain writes all of it to stdout.
    """
    if corpus is None and plain and has_piped_input("--corpus TEXT"):
        corpus = "-"
    open_text = _text_opener(corpus, mirror, column, plain) if corpus is not None else None
    if not plain:
        from charloom.tui import launch  # deferred: --plain needs no screen

        raise click.exceptions.Exit(launch.run((ref, open_text)))
    subject = load_subject(ref, open_text)
    if subject.warning:
        echo_err(subject.warning)
    saved = preferences.load(config_file.load().defaults)
    user_config = SamplingConfig(saved.temperature, saved.top_k)
    _write_tour(Tour(subject, user_config), read_notes(subject.name))


def _text_opener(text: str, mirror: str | None, column: str | None, plain: bool) -> TextOpener:
    def open_text() -> Corpus:
        with count_progress("Downloading", "bytes") if plain else nullcontext() as report:
            return catalog.load_text(
                text, mirror=mirror, on_progress=report, short=True, column=column
            )

    return open_text


def _write_tour(tour: Tour, notes: str) -> None:
    """Write all stages; a child process computes the worked example in the meantime."""
    with ExampleProcess(tour.subject) as process:
        title = single_line(tour.subject.title, _MAX_TITLE)
        _write_lines(wrap(f"Ten stages from text to text: {tour.subject.ref} and {title!r}"))
        for stage in STAGES:
            if stage.number == NETWORK_STAGES[0]:
                tour.example = process.result()
            _write_lines(_stage_lines(tour, stage, lab_notes.find_answer(notes, stage.number)))
    _write_lines(_final_lines(tour))


def _stage_lines(tour: Tour, stage: Stage, answer: str) -> Iterator[str]:
    heading = f"{stage.number} · {stage.title}"
    yield from ("", "", heading, "─" * len(heading))
    yield from wrap(stage.why)
    yield from ("", *tour.lines(stage.number), "")
    yield from wrap(f"Without it: {stage.without}")
    yield f"In the code: {stage.code}"
    if quiz := tour.question(stage.number):
        yield from ("", *wrap(f"Check yourself: {quiz.question}"))
        for number, choice in enumerate(quiz.choices, start=1):
            yield from wrap(choice, prefix=f"  {number}  ")
    yield from ("", *wrap(f"In your own words: {stage.question}"))
    for line in answer.split("\n") if answer else ():
        yield from wrap(line, _ANSWER_COLUMNS, prefix="  ")


def _final_lines(tour: Tour) -> Iterator[str]:
    """Yield the right answers and the summaries."""
    yield from ("", "", "Right answers", "─────────────")
    for stage in STAGES:
        if quiz := tour.question(stage.number):
            answer = f"{quiz.right + 1}: {quiz.choices[quiz.right]}. {quiz.explanation}"
            yield from wrap(answer, prefix=f"{stage.number:>2}  ")
    yield from ("", "", "All ten stages in short", "───────────────────────")
    for stage in STAGES:
        yield from wrap(stage.summary, prefix=f"{stage.number:>2}  ")


def _write_lines(lines: Iterable[str]) -> None:
    write_stdout("".join(f"{line.rstrip()}\n" for line in lines))
