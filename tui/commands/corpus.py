"""``charloom corpus``: list, download, show and check texts to train on."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from charloom.core.data import catalog
from charloom.core.data.corpus import MIN_CHARACTERS
from charloom.core.data.statistics import TextStatistics, analyze_text
from charloom.core.files import write_file
from charloom.core.runs.estimates import (
    TimeEstimate,
    cached_throughput,
    estimate_presets,
    measure_throughput,
)
from charloom.core.wording import plural
from charloom.tui.console.completion import complete_catalog, complete_texts
from charloom.tui.console.inputs import open_texts
from charloom.tui.console.options import (
    DefaultListGroup,
    json_option,
    mirror_option,
    output_options,
    text_options,
)
from charloom.tui.console.output import (
    count_progress,
    echo_err,
    write_json,
    write_stdout,
    write_table,
)
from charloom.tui.formatting.units import format_approx


@click.group(cls=DefaultListGroup)
def corpus() -> None:
    """List, download, show and check texts. Without a command, list the catalog."""


@corpus.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the texts of the catalog, and which of them need no network."""
    entries = [(entry, catalog.cached(entry.name)) for entry in catalog.ENTRIES]
    if as_json:
        write_json([asdict(entry) | {"offline": offline} for entry, offline in entries])
        return
    headings = ("name", "offline", "title", "author", "language", "kind")
    rows = (
        (e.name, "yes" if offline else "", e.title, e.author, e.language, e.kind)
        for e, offline in entries
    )
    write_table("<<<<<<", headings, *rows)


@corpus.command()
@click.argument("name", shell_complete=complete_catalog)
@mirror_option
@output_options
def get(name: str, mirror: str | None, output: Path | None, force: bool) -> None:
    """Download the text NAME and cache it. With --output, also write it to a file."""
    with count_progress("Downloading", "bytes") as report:
        text = catalog.fetch(name, mirror=mirror, on_progress=report).text
    if output:
        write_file(output, text, force)
    echo_err(f"{name!r} is available ({len(text):,} characters).")


@corpus.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True, shell_complete=complete_texts)
@text_options
def show(texts: tuple[str, ...], mirror: str | None, **values: Any) -> None:
    """Write TEXT (files, folders, '-' or names) as it would be trained on."""
    for piece in open_texts(*texts, mirror=mirror, values=values).stored.pieces():
        write_stdout(piece)


@corpus.command()
@click.argument("texts", metavar="TEXT...", nargs=-1, required=True, shell_complete=complete_texts)
@text_options
@json_option
def check(texts: tuple[str, ...], mirror: str | None, as_json: bool, **values: Any) -> None:
    """Show statistics and issues of TEXT, and estimated training times."""
    corpus = open_texts(*texts, mirror=mirror, values=values)
    statistics = analyze_text(corpus)
    issues = [
        {"summary": issue.summary, "advice": issue.advice.format(option=f"--{issue.option}")}
        for issue in statistics.issues
    ]
    estimates = _estimates(statistics)
    if as_json:
        write_json(
            {"title": corpus.title, "source": corpus.source, "sha256": corpus.sha256}
            | asdict(statistics)
            | {
                "issues": issues,
                "notes": corpus.notes,
                "training_seconds": {name: seconds for name, seconds, _ in estimates},
            }
        )
        return
    utf8_size = plural(statistics.utf8_bytes, "byte")
    longest_line = plural(statistics.longest_line, "character")
    figures = {
        "title": corpus.title,
        "encoding": f"{statistics.encoding}{' (a guess)' if statistics.guessed else ''}",
        "characters": f"{statistics.characters:,} ({utf8_size} as UTF-8)",
        "distinct": f"{statistics.distinct:,}, of which {len(statistics.rare):,} rare",
        "lines": f"{statistics.lines:,}, the longest of {longest_line}",
        "no text": f"{statistics.non_text:.2%}",
    }
    for name, value in figures.items():
        write_stdout(f"{name:<11} {value}\n")
    for issue in issues:
        write_stdout(f"\n- {issue['summary']}\n  {issue['advice']}\n")
    if estimates:
        rows = ((name, format_approx(seconds), summary) for name, seconds, summary in estimates)
        write_stdout("\n")
        write_table("<><", ("preset", "about", ""), *rows)


def _estimates(statistics: TextStatistics) -> list[TimeEstimate]:
    """Return the training time of each preset; time this machine first, if that was never done."""
    if statistics.characters < MIN_CHARACTERS:
        return []
    if cached_throughput(recent=True) is None:
        echo_err("Timing how fast this machine trains: once a day, once an hour if it is busy …")
    return estimate_presets(statistics.characters, statistics.distinct, measure_throughput())
