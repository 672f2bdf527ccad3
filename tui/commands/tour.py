"""``charloom tour``: the ten stages, on one's own text and model."""

from collections.abc import Iterator
from contextlib import nullcontext

import click

from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sanitize import single_line
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import read_notes
from charloom.tui.console.options import mirror_option, model_option
from charloom.tui.console.output import download_progress, echo_err, write_stdout
from charloom.tui.services import preferences
from charloom.tui.tour import lab_notes
from charloom.tui.tour.stages import STAGES, Stage
from charloom.tui.tour.subject import Opener, load_subject
from charloom.tui.tour.text_layout import wrap
from charloom.tui.tour.tour import NETWORK, Tour
from charloom.tui.tour.worked_example import ExampleProcess

_TITLE = 60


@click.command()
@click.option(
    "--corpus",
    metavar="TEXT",
    help="A file, or a name from `charloom corpus`; what the model learned from when not given.",
)
@model_option
@click.option("--plain", is_flag=True, help="Write all ten stations to stdout, without the app.")
@mirror_option
def tour(corpus: str | None, ref: CheckpointRef, plain: bool, mirror: str | None) -> None:
    """Walk through the ten stages from a text back to a text.

    Load text, characters, vocabulary, ids, windows, batches, the model, the loss, a step of
    training, and sampling: at each of them you see what it does to your text and your model, in
    real numbers, why it is needed, and where it is in the code. A question to check yourself has
    its answer beside it; one to answer in your own words is kept in the model's lab notes.

    It opens in the app; with --plain all of it is written to stdout.
    """
    opened = _opener(corpus, mirror, plain) if corpus is not None else None
    if not plain:
        from charloom.tui import launch  # deferred: --plain needs no screen

        raise click.exceptions.Exit(launch.run((ref, opened)))
    about = load_subject(ref, opened)
    if about.warning:
        echo_err(about.warning)
    chosen = preferences.load()
    _write(Tour(about, SamplingConfig(chosen.temperature, chosen.top_k)), read_notes(about.name))


def _opener(text: str, mirror: str | None, plain: bool) -> Opener:
    def opened() -> Corpus:
        with download_progress() if plain else nullcontext() as report:
            return catalog.load_text(text, mirror=mirror, on_progress=report, short=True)

    return opened


def _write(shown: Tour, notes: str) -> None:
    """Write all stations; what takes torch is worked out while the first of them are written."""
    about = shown.subject
    working = ExampleProcess(about)
    try:
        title = single_line(about.title, _TITLE)
        _say([*wrap(f"Ten stages, from a text back to a text: {about.ref} and {title!r}")])
        for station in STAGES:
            if station.number == NETWORK[0]:
                shown.example = working.result()
            _say(_station(shown, station, lab_notes.answer(notes, station.number)))
    finally:
        working.stop()
    _say(_ending(shown))


def _station(shown: Tour, station: Stage, answer: str) -> Iterator[str]:
    """Yield the lines of a station."""
    heading = f"{station.number} · {station.title}"
    yield from ("", "", heading, "─" * len(heading))
    yield from wrap(station.why)
    yield from ("", *shown.figures(station.number), "")
    yield from wrap(f"Without it: {station.without}")
    yield f"In the code: {station.where}"
    if check := shown.check(station.number):
        yield from ("", *wrap(f"Check yourself: {check.question}"))
        for number, choice in enumerate(check.choices, start=1):
            yield from wrap(f"  {number}  {choice}", indent="     ")
    yield from ("", *wrap(f"In your own words: {station.question}"))
    for line in answer.split("\n") if answer else ():
        yield from (f"  {row}" for row in wrap(line, 74))


def _ending(shown: Tour) -> Iterator[str]:
    """Yield what to check, and the ten sentences."""
    yield from ("", "", "What was right", "──────────────")
    for station in STAGES:
        if check := shown.check(station.number):
            said = f"{station.number:>2}  {check.right + 1}: {check.choices[check.right]}."
            yield from wrap(f"{said} {check.why}", indent="    ")
    yield from ("", "", "All of it, in ten sentences", "───────────────────────────")
    for station in STAGES:
        yield from wrap(f"{station.number:>2}  {station.gist}", indent="    ")


def _say(lines: Iterator[str] | list[str]) -> None:
    write_stdout("".join(f"{line.rstrip()}\n" for line in lines))
