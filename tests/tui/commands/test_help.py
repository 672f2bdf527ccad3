"""``--help``: complete sentences for every command and option."""

import re
from collections.abc import Iterator

import click
import pytest

from charloom.tui.cli import cli
from tests.helpers.run_cli import call


def commands(group: click.Group, *names: str) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield (*names, name), command
        if isinstance(command, click.Group):
            yield from commands(command, *names, name)


COMMANDS = dict(commands(cli))


def summaries(*command: str) -> list[str]:
    """Return the summaries of the commands that the help of ``command`` lists."""
    listed = call(*command, "--help").out.partition("Commands:\n")[2]
    lines = re.sub(r"\n {6,}", " ", listed).splitlines()
    return [line.split(None, 1)[1] for line in lines]


@pytest.mark.parametrize("group", [(), ("models",), ("corpus",), ("favorites",)])
def test_every_summary_is_a_sentence(group: tuple[str, ...]) -> None:
    assert len(summaries(*group)) >= 4
    for text in summaries(*group):
        assert re.fullmatch(r"[A-Z].*[^.]\.", text), text


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_and_option_is_explained_in_sentences(command: tuple[str, ...]) -> None:
    texts = [COMMANDS[command].help]
    texts += [p.help for p in COMMANDS[command].params if isinstance(p, click.Option)]
    for text in texts:
        assert text and re.fullmatch(r"(?s)['A-Z0-9].*[.)\]]", text.strip()), text
