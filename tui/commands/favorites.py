"""``charloom favorites``: what was kept of all that models wrote."""

from dataclasses import asdict
from pathlib import Path

import click

from charloom.core.errors import CharloomError
from charloom.core.files import write_file
from charloom.core.library.database import Library
from charloom.core.library.generation import EXPORT_FORMATS, Generation, format_generations
from charloom.core.sanitize import single_line
from charloom.tui.console.options import DefaultListGroup, json_option, output_options, yes_option
from charloom.tui.console.output import confirm, echo_err, write_json, write_stdout, write_table

_EXCERPT = 60

_number = click.argument("number", metavar="ID", type=int)
_all = click.option("--all", "everything", is_flag=True, help="Not only favorites: all there is.")


@click.group(cls=DefaultListGroup)
def favorites() -> None:
    """List, search, export and replay favorites; without a command, list them.

    Everything that was generated stays in the library under its ID, favorite or not.
    """


@favorites.command("list")
@_all
@json_option
def list_(everything: bool, as_json: bool) -> None:
    """List the favorites, newest first."""
    with Library() as library:
        found = library.recent(-1, starred_only=not everything)
    _list(found, as_json, "There is no favorite yet; `charloom generate --favorite` makes one.")


@favorites.command()
@click.argument("query", nargs=-1, required=True)
@_all
@json_option
def search(query: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """List the favorites with every word of QUERY, the best match first."""
    with Library() as library:
        found = library.search(" ".join(query), starred_only=not everything, limit=-1)
    _list(found, as_json, "Nothing was found.")


@favorites.command()
@_number
@json_option
def show(number: int, as_json: bool) -> None:
    """Show one generation and all that it takes to repeat it."""
    with Library() as library:
        found = library.get(number)
    if as_json:
        write_json(asdict(found))
    else:
        write_stdout(format_generations([found], "txt"))


@favorites.command()
@_number
def add(number: int) -> None:
    """Make a favorite of something that was generated before."""
    with Library() as library:
        library.star(number)
    echo_err(f"{number} is a favorite.")


@favorites.command()
@_number
@click.option("--delete", is_flag=True, help="Delete the text itself, for good.")
@yes_option
def remove(number: int, delete: bool, yes: bool) -> None:
    """Take ID from the favorites; the text stays in the library unless --delete is given."""
    with Library() as library:
        found = library.get(number)
        if delete:
            excerpt = single_line(found.prompt + found.text, _EXCERPT)
            confirm(f"Delete {number} for good ({excerpt})?", yes)
            library.remove(number)
        else:
            library.star(number, on=False)
    echo_err(f"{number} is {'deleted' if delete else 'no longer a favorite'}.")


@favorites.command()
@_number
@click.argument("tags", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Take the tags away.")
def tag(number: int, tags: tuple[str, ...], remove: bool) -> None:
    """Give a generation TAGS, or take them away, and write those it has now."""
    with Library() as library:
        changed = library.tag(number, remove=tags) if remove else library.tag(number, tags)
    write_stdout(f"{', '.join(changed.tags)}\n")


@favorites.command()
@click.option(
    "--format",
    "kind",
    type=click.Choice(EXPORT_FORMATS),
    default="txt",
    show_default=True,
    help="For reading, or with every field (jsonl).",
)
@_all
@output_options
def export(kind: str, everything: bool, output: Path | None, force: bool) -> None:
    """Write the favorites to stdout or into a file, newest first."""
    with Library() as library:
        text = format_generations(library.recent(-1, starred_only=not everything), kind)
    if output:
        write_file(output, text, force)
    else:
        write_stdout(text)


@favorites.command()
@_number
def replay(number: int) -> None:
    """Let the same checkpoint write the text again, and say whether it is the same."""
    from charloom.core.library.replay import replay

    with Library() as library:
        found = library.get(number)
    outcome = replay(found)
    if not outcome.equal:
        raise CharloomError(outcome.sentence)
    write_stdout(f"{outcome.sentence}\n")


def _list(found: list[Generation], as_json: bool, nothing: str) -> None:
    if as_json:
        write_json([asdict(each) for each in found])
    elif found:
        rows = (
            (
                str(each.id),
                "★" if each.starred else "",
                each.created[:10],
                f"{each.model}@{each.step}",
                ", ".join(each.tags),
                each.prompt + each.text,
            )
            for each in found
        )
        write_table("><<<<<", ("id", "", "date", "model", "tags", "text"), *rows)
    else:
        echo_err(nothing)
