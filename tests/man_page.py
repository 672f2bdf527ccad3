"""Write the manual page from the help of every command: ``python -m tests.man_page``."""

import inspect
import re
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import click

from charloom.tui.cli import cli

PAGE = Path(__file__).parent.parent / "assets" / "man" / "charloom.1"
_FILES = (
    ("CHARLOOM_HOME", "The folder of all files; `charloom paths` shows it."),
    ("VISUAL, EDITOR", "The editor that Ctrl-E opens for prompts and notes in the app."),
    ("CHARLOOM_GUTENBERG_MIRROR", "The mirror of Project Gutenberg that texts come from."),
)


def man_page() -> str:
    """Return the page in roff: description, options, commands, environment."""
    context = click.Context(cli, info_name="charloom", **cli.context_settings)
    summary = _paragraphs(cli)[0].rstrip(".")
    parts = [
        f'.TH CHARLOOM 1 "" "Charloom {version("charloom")}"',
        ".SH NAME",
        f"charloom \\- {_escape(summary[0].lower() + summary[1:])}",
        ".SH SYNOPSIS",
        "charloom [OPTIONS] [COMMAND] [ARGS]...",
        ".SH DESCRIPTION",
        *_described(cli, context),
        ".SH COMMANDS",
        *_commands(cli, context),
        ".SH ENVIRONMENT",
        *(line for name, text in _FILES for line in (".TP", f".B {name}", _escape(text))),
    ]
    return "\n".join(parts) + "\n"


def _commands(group: click.Group, parent: click.Context) -> Iterator[str]:
    for name in group.list_commands(parent):
        command = group.get_command(parent, name)
        assert command
        context = click.Context(command, info_name=name, parent=parent)
        usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
        yield f".SS {_escape(usage)}"
        yield from _described(command, context)
        if isinstance(command, click.Group):
            yield from _commands(command, context)


def _described(command: click.Command, context: click.Context) -> Iterator[str]:
    for paragraph in _paragraphs(command):
        yield ".PP"
        yield _escape(paragraph)
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record and isinstance(parameter, click.Option):
            yield ".TP"
            yield f".B {_escape(record[0])}"
            yield _escape(record[1])


def _paragraphs(command: click.Command) -> list[str]:
    paragraphs = inspect.cleandoc(command.help or "").replace("\b\n", "").split("\n\n")
    return [" ".join(paragraph.split()) for paragraph in paragraphs]


def _escape(text: str) -> str:
    """Return ``text`` on one line, with nothing in it that roff takes for a request."""
    line = " ".join(text.split()).replace("\\", "\\e").replace("-", "\\-")
    return re.sub(r"^(?=[.'])", r"\\&", line)


if __name__ == "__main__":
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(man_page(), encoding="utf-8")
