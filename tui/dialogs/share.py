"""Share a text or a picture: copy it, or save it in a file."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from textual.app import App

from charloom.core.errors import CharloomError
from charloom.core.files import write_file
from charloom.core.library.generation import EXPORT_FORMATS, Generation, format_generations
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.formatting.picture import picture_formats, text_picture, write_picture
from charloom.tui.formatting.shell_commands import generate_command
from charloom.tui.services import config_file


def copy_command(app: App[Any], generation: Generation) -> None:
    """Copy the command that writes the text again."""
    if command := generate_command(generation, config_file.load().values):
        app.copy_to_clipboard(command)
        app.notify("Copied the command that writes this text again.")
    else:
        app.notify("No command repeats it: its settings were changed while it was written.")


def copy_markdown(app: App[Any], generation: Generation) -> None:
    """Copy the text as Markdown, with what repeats it."""
    app.copy_to_clipboard(format_generations([generation], "md"))
    app.notify("Copied the text as Markdown.")


async def export_text(app: App[Any], generation: Generation) -> None:
    """Save ``generation`` under a name that the user chooses, by default as a picture."""
    await save_file(
        app,
        "Export to:",
        f"writing-{generation.id}",
        (*picture_formats(), *EXPORT_FORMATS),
        lambda path, kind: write_generations(path, [generation], kind),
    )


async def save_picture(app: App[Any], question: str, name: str, svg: str) -> None:
    """Save a picture under a name that the user chooses, by default ``name``."""
    await save_file(
        app, question, name, picture_formats(), lambda path, kind: write_picture(path, svg, kind)
    )


async def save_file(
    app: App[Any],
    question: str,
    name: str,
    formats: Sequence[str],
    write: Callable[[Path, str], object],
) -> None:
    """Save a file in a format and under a name that the user chooses, by default ``name``."""
    path = await app.push_screen_wait(
        SaveFileDialog(
            question,
            [("format", formats)],
            lambda chosen: f"{name}.{formats[chosen[0]]}",
            lambda path, chosen: write(path, formats[chosen[0]]),
        )
    )
    if path:
        deliver(app, path)


def write_generations(path: Path, generations: Sequence[Generation], kind: str) -> None:
    """Write texts as ``kind``, one of the formats of exports or of pictures, replacing a file.

    Raises :class:`CharloomError` if that is not possible, as with several texts in a picture.
    """
    if kind in EXPORT_FORMATS:
        write_file(path, format_generations(generations, kind), force=True)
    elif len(generations) == 1:
        write_picture(path, text_picture(generations[0], config_file.load().values), kind)
    else:
        raise CharloomError("A picture shows one text. Choose “this one” or another format.")


def deliver(app: App[Any], path: Path) -> None:
    """Show where a file was saved; in a browser, also download it there."""
    app.notify(f"Saved to {str(path)!r}.")
    if app.is_web:
        app.deliver_binary(path)
