"""``charloom corpus``: list, fetch, show and check texts to train on."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from charloom.core.data import catalog
from charloom.core.data.corpus import MIN_CHARACTERS
from charloom.core.data.statistics import TextStatistics
from charloom.core.data.statistics import analyze_text as take
from charloom.core.files import write_file
from charloom.core.runs.estimates import (
    TimeEstimate,
    cached_throughput,
    estimate_presets,
    measure_throughput,
)
from charloom.tui.console.inputs import open_text
from charloom.tui.console.options import (
    DefaultListGroup,
    json_option,
    mirror_option,
    output_options,
    text_options,
)
from charloom.tui.console.output import (
    download_progress,
    echo_err,
    write_json,
    write_stdout,
    write_table,
)
from charloom.tui.formatting.units import format_approx


@click.group(cls=DefaultListGroup)
def corpus() -> None:
    """List, fetch, show and check texts; without a command, list those known by name."""


@corpus.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the texts known by name, and which of them need no network."""
    known = [(entry, catalog.cached(entry.name)) for entry in catalog.ENTRIES]
    if as_json:
        write_json([asdict(entry) | {"offline": offline} for entry, offline in known])
        return
    headings = ("name", "offline", "title", "author", "language", "kind")
    rows = (
        (e.name, "yes" if offline else "", e.title, e.author, e.language, e.kind)
        for e, offline in known
    )
    write_table("<<<<<<", headings, *rows)


@corpus.command()
@click.argument("name")
@mirror_option
@output_options
def get(name: str, mirror: str | None, output: Path | None, force: bool) -> None:
    """Download the text NAME, once and for all; with --output, write it to a file too."""
    with download_progress() as report:
        text = catalog.fetch(name, mirror=mirror, on_progress=report).text
    if output:
        write_file(output, text, force)
    echo_err(f"{name!r} is at hand: {len(text):,} characters.")


@corpus.command()
@click.argument("text")
@text_options
def show(text: str, mirror: str | None, **values: Any) -> None:
    """Write TEXT (a file, '-' or a known name) as it would be trained on."""
    write_stdout(open_text(text, mirror, values).text)


@corpus.command()
@click.argument("text")
@text_options
@json_option
def check(text: str, mirror: str | None, as_json: bool, **values: Any) -> None:
    """Tell what TEXT holds, what Charloom would do about it, and how long training would take."""
    found = open_text(text, mirror, values)
    survey = take(found)
    if as_json:
        about = {"title": found.title, "source": found.source, "sha256": found.sha256}
        seconds = {name: seconds for name, seconds, _ in _estimates(survey)}
        notes = {"notes": found.notes, "training_seconds": seconds}
        write_json(about | asdict(survey) | notes)
        return
    figures = {
        "title": found.title,
        "encoding": f"{survey.encoding}{' (a guess)' if survey.guessed else ''}",
        "characters": f"{survey.characters:,} ({survey.utf8_bytes:,} bytes as UTF-8)",
        "distinct": f"{survey.distinct:,}, of which {len(survey.rare):,} rare",
        "lines": f"{survey.lines:,}, the longest of {survey.longest_line:,} characters",
        "no text": f"{survey.non_text:.2%}",
    }
    for name, value in figures.items():
        write_stdout(f"{name:<11} {value}\n")
    for finding in survey.findings:
        write_stdout(f"\n- {finding.what}\n  {finding.action}\n")
    rows = [
        (name, format_approx(seconds), summary) for name, seconds, summary in _estimates(survey)
    ]
    if rows:
        write_stdout("\n")
        write_table("<><", ("preset", "about", ""), *rows)


def _estimates(survey: TextStatistics) -> list[TimeEstimate]:
    """Return what each preset would take here, timing the machine if that was never done."""
    if survey.characters < MIN_CHARACTERS:
        return []
    if cached_throughput() is None:
        echo_err("Timing how fast this machine trains, which is done once …")
    return estimate_presets(survey.characters, measure_throughput())
