"""No text of the core or of the app names a command or an option: those belong to the commands."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from charloom.tui.cli import _COMMANDS

ROOT = Path(__file__).parents[2]
COMMAND_LINE = ("tui/cli.py", "tui/commands/", "tui/console/", "tui/formatting/shell_commands.py")
OF_COMMANDS = {
    "--resume": "an argument of the trainer's own command line",
    "--processes": "the same",
    "`charloom generate`": "tui/launch.py writes it to the terminal when there can be no app",
    "`charloom tour --plain`": "the same",
}
COMMAND = re.compile(rf"\bcharloom ({'|'.join(_COMMANDS)})\b|(^|[^\w-])--[a-z]")


def sources() -> list[Path]:
    files = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("tui/**/*.py")])
    return [file for file in files if not name_of(file).startswith(COMMAND_LINE)]


def name_of(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def texts(tree: ast.Module) -> Iterator[str]:
    """Yield each string of a module that is no docstring; in an f-string, x is for each value."""
    skipped = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):  # outer nodes first
        if isinstance(node, ast.JoinedStr):
            skipped |= {id(part) for part in node.values}
            yield "".join(
                str(part.value) if isinstance(part, ast.Constant) else "x" for part in node.values
            )
        elif isinstance(node, ast.Constant) and id(node) not in skipped:
            yield str(node.value)


def test_no_text_outside_the_command_line_names_a_command_or_an_option() -> None:
    files = sources()
    assert len(files) > 150
    named = {
        f"{name_of(file)}: {text}"
        for file in files
        for text in texts(ast.parse(file.read_text("utf-8")))
        if COMMAND.search(text) and text not in OF_COMMANDS
    }
    assert named == set()


@pytest.mark.parametrize(
    "text",
    ["`charloom models` lists them", "use --hidden 8", "--batch", "run charloom attach sea"],
)
def test_the_search_finds_commands_and_options(text: str) -> None:
    assert COMMAND.search(text)


@pytest.mark.parametrize(
    "text", ["charloom is quick", "--", "a -- dash", "user-agent", "charloom-dark"]
)
def test_the_search_takes_nothing_else_for_one(text: str) -> None:
    assert not COMMAND.search(text)
