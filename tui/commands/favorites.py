"""``charloom favorites``: the saved texts, and those among them that are favorites."""

from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import click

from charloom.core.errors import CharloomError
from charloom.core.files import write_file
from charloom.core.library.database import Library
from charloom.core.library.generation import EXPORT_FORMATS, Generation, format_generations
from charloom.core.sanitize import single_line
from charloom.core.wording import plural
from charloom.tui.console.completion import complete_models
from charloom.tui.console.options import DefaultListGroup, json_option, output_options, yes_option
from charloom.tui.console.output import confirm, echo_err, write_json, write_stdout, write_table

_EXCERPT_LENGTH = 60  # characters

_id_argument = click.argument("number", metavar="ID", type=int)
_all_option = click.option("--all", "everything", is_flag=True, help="Not only favorites.")


@click.group(cls=DefaultListGroup)
def favorites() -> None:
    """List, search, export and replay favorites. Without a command, list them.

    Every generated text is in the library under its ID, favorite or not.
    """


@favorites.command("list")
@_all_option
@json_option
def list_(everything: bool, as_json: bool) -> None:
    """List the favorites, newest first."""
    with Library() as library:
        generations = library.recent(-1, starred_only=not everything)
    _list(generations, as_json, "No favorites yet. `charloom generate --favorite` makes one.")


@favorites.command()
@click.argument("query", nargs=-1, required=True)
@_all_option
@json_option
def search(query: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """List the favorites with every word of QUERY, best match first."""
    with Library() as library:
        generations = library.search(" ".join(query), starred_only=not everything, limit=-1)
    _list(generations, as_json, "Nothing was found.")


@favorites.command()
@_id_argument
@json_option
def show(number: int, as_json: bool) -> None:
    """Show a text and everything needed to reproduce it."""
    with Library() as library:
        generation = library.get(number)
    if as_json:
        write_json(asdict(generation))
    else:
        write_stdout(format_generations([generation], "txt"))


@favorites.command()
@_id_argument
def add(number: int) -> None:
    """Add a text to the favorites."""
    with Library() as library:
        library.star(number)
    echo_err(f"{number} is a favorite.")


@favorites.command()
@_id_argument
@click.option("--delete", is_flag=True, help="Delete the text itself, permanently.")
@yes_option
def remove(number: int, delete: bool, yes: bool) -> None:
    """Remove a text from the favorites. It stays in the library unless --delete is given."""
    with Library() as library:
        generation = library.get(number)
        if delete:
            excerpt = single_line(generation.prompt + generation.text, _EXCERPT_LENGTH)
            confirm(f"Delete {number} permanently ({excerpt})?", yes)
            library.remove(number)
        else:
            library.star(number, on=False)
    echo_err(f"{number} is {'deleted' if delete else 'no longer a favorite'}.")


@favorites.command()
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Texts from before this day: YYYY-MM-DD, as in the list.",
)
@click.option(
    "--model",
    metavar="NAME",
    default="",
    shell_complete=complete_models,
    help="Texts of this model.",
)
@click.option("--all-unstarred", is_flag=True, help="No favorites; alone: all other texts.")
@yes_option
def delete(before: datetime | None, model: str, all_unstarred: bool, yes: bool) -> None:
    """Delete many texts permanently: those that all given options apply to."""
    if not (before or model or all_unstarred):
        raise click.UsageError("Pass --before, --model or --all-unstarred.")
    with Library() as library:
        found = library.matching(
            before=before.date().isoformat() if before else "",
            model=model,
            unstarred_only=all_unstarred,
        )
        if found:
            starred = sum(found.values())
            favorites = f" {plural(starred, 'favorite')} among them." if starred else ""
            confirm(f"Delete {plural(len(found), 'text')} permanently?{favorites}", yes)
        count = library.remove_all(found, unstarred_only=all_unstarred)
    echo_err(f"Deleted {plural(count, 'text')}." if found else "There is no such text.")


@favorites.command()
@_id_argument
@click.argument("tags", nargs=-1, required=True)
@click.option("--remove", is_flag=True, help="Remove the tags.")
def tag(number: int, tags: tuple[str, ...], remove: bool) -> None:
    """Add TAGS to a text, or remove them, and write its tags."""
    with Library() as library:
        generation = library.tag(number, remove=tags) if remove else library.tag(number, tags)
    write_stdout(f"{', '.join(generation.tags)}\n")


@favorites.command()
@click.option(
    "--format",
    "kind",
    type=click.Choice(EXPORT_FORMATS),
    default="txt",
    show_default=True,
    help="Text or Markdown for reading, JSON Lines with every field.",
)
@_all_option
@output_options
def export(kind: str, everything: bool, output: Path | None, force: bool) -> None:
    """Write the favorites to stdout or to a file, newest first."""
    with Library() as library:
        text = format_generations(library.recent(-1, starred_only=not everything), kind)
    if output:
        write_file(output, text, force)
    else:
        write_stdout(text)


@favorites.command()
@_id_argument
def replay(number: int) -> None:
    """Generate a text again from the same checkpoint, and compare the two."""
    from charloom.core.library.replay import replay  # deferred: it imports NumPy

    with Library() as library:
        generation = library.get(number)
    result = replay(generation)
    if not result.equal:
        raise CharloomError(result.sentence)
    write_stdout(f"{result.sentence}\n")


def _list(generations: list[Generation], as_json: bool, empty_message: str) -> None:
    if as_json:
        write_json([asdict(generation) for generation in generations])
    elif generations:
        rows = (
            (
                str(generation.id),
                "★" if generation.starred else "",
                generation.created[:10],
                str(generation.checkpoint_ref),
                ", ".join(generation.tags),
                generation.prompt + generation.text,
            )
            for generation in generations
        )
        write_table("><<<<<", ("id", "", "date", "model", "tags", "text"), *rows)
    else:
        echo_err(empty_message)
