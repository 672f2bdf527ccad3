"""``charloom tour``: the ten stages, on one's own text and model."""

from collections.abc import Iterator
from contextlib import nullcontext

import click

from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.sampling.config import Settings
from charloom.core.sanitize import one_line
from charloom.core.store import write as store
from charloom.tui.console.options import mirror_option, model_option
from charloom.tui.console.output import download_progress, note, write
from charloom.tui.services import preferences
from charloom.tui.tour import lab_notes as labnotes
from charloom.tui.tour import subject
from charloom.tui.tour.subject import Opener
from charloom.tui.tour.text_layout import folded
from charloom.tui.tour.tour import NETWORK, STATIONS, Station, Tour
from charloom.tui.tour.worked_example import Working

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
def tour(corpus: str | None, address: str, plain: bool, mirror: str | None) -> None:
    """Walk through the ten stages from a text back to a text.

    Load text, characters, vocabulary, ids, windows, batches, the model, the loss, a step of
    training, and sampling: at each of them you see what it does to your text and your model, in
    real numbers, why it is needed, and where it is in the code. A question to check yourself has
    its answer beside it; one to answer in your own words is kept in the model's lab notes.

    It opens in the app; with --plain all of it is written to stdout.
    """
    opened = _opener(corpus, mirror, plain) if corpus is not None else None
    if not plain:
        from charloom.tui import launch as session  # deferred: --plain needs no screen

        raise click.exceptions.Exit(session.run((address, opened)))
    about = subject.load(address, opened)
    if about.warning:
        note(about.warning)
    chosen = preferences.load()
    _write(Tour(about, Settings(chosen.temperature, chosen.top_k)), store.notes(about.name))


def _opener(text: str, mirror: str | None, plain: bool) -> Opener:
    def opened() -> Corpus:
        with download_progress() if plain else nullcontext() as report:
            return catalog.open_text(text, mirror=mirror, on_progress=report, short=True)

    return opened


def _write(shown: Tour, notes: str) -> None:
    """Write all stations; what takes torch is worked out while the first of them are written."""
    about = shown.subject
    working = Working(about)
    try:
        title = one_line(about.title, _TITLE)
        _say([*folded(f"Ten stages, from a text back to a text: {about.address} and {title!r}")])
        for station in STATIONS:
            if station.number == NETWORK[0]:
                shown.example = working.result()
            _say(_station(shown, station, labnotes.answer(notes, station.number)))
    finally:
        working.stop()
    _say(_ending(shown))


def _station(shown: Tour, station: Station, answer: str) -> Iterator[str]:
    """Yield the lines of a station."""
    heading = f"{station.number} · {station.title}"
    yield from ("", "", heading, "─" * len(heading))
    yield from folded(station.why)
    yield from ("", *shown.figures(station.number), "")
    yield from folded(f"Without it: {station.without}")
    yield f"In the code: {station.where}"
    if check := shown.check(station.number):
        yield from ("", *folded(f"Check yourself: {check.question}"))
        for number, choice in enumerate(check.choices, start=1):
            yield from folded(f"  {number}  {choice}", indent="     ")
    yield from ("", *folded(f"In your own words: {station.question}"))
    for line in answer.split("\n") if answer else ():
        yield from (f"  {row}" for row in folded(line, 74))


def _ending(shown: Tour) -> Iterator[str]:
    """Yield what to check, and the ten sentences."""
    yield from ("", "", "What was right", "──────────────")
    for station in STATIONS:
        if check := shown.check(station.number):
            said = f"{station.number:>2}  {check.right + 1}: {check.choices[check.right]}."
            yield from folded(f"{said} {check.why}", indent="    ")
    yield from ("", "", "All of it, in ten sentences", "───────────────────────────")
    for station in STATIONS:
        yield from folded(f"{station.number:>2}  {station.gist}", indent="    ")


def _say(lines: Iterator[str] | list[str]) -> None:
    write("".join(f"{line.rstrip()}\n" for line in lines))
