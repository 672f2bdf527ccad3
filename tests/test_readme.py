"""The README and CONTRIBUTING: every command and example runs, every path and name exists."""

import importlib
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from charloom import core
from charloom.core.runs.monitor import live_runs
from charloom.tui.cli import cli, run
from tests.helpers.gutenberg_server import Answer, gutenberg_file, running
from tests.helpers.run_cli import needs_terminal
from tests.helpers.terminal import CTRL_Q, ENTER, READY, Terminal

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text("utf-8")
CONTRIBUTING = (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line
]
CHARLOOM = [line for line in COMMANDS if line.startswith("charloom ")]

# The same commands on a smaller network and for a few steps, so that the test is fast.
SMALL = ["--preset", "small", "--hidden", "16", "--threads", "1", "--precision", "float32"]
LETTER = (
    "Letter {}\n\n" + "You will rejoice to hear that no wind has reached us here.\n" * 40 + "\n\n"
)


@pytest.fixture
def gutenberg(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("NO_PROXY", "*")
    with running() as server:
        book = "".join(LETTER.format(number) for number in range(1, 5))
        server.serve(84, Answer(gutenberg_file(book)))
        monkeypatch.setenv("CHARLOOM_GUTENBERG_MIRROR", server.address)
        yield


def test_every_charloom_command_of_the_readme_runs(
    gutenberg: None,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "letter.txt").write_text("My dear Gilbert, I am here and I am dry.\n" * 5)
    for line in CHARLOOM:
        arguments = shlex.split(line)[1:]
        if arguments[0] == "train":
            arguments = [*arguments, *SMALL]
            for bound in ("--minutes", "--epochs"):
                if bound in arguments:
                    index = arguments.index(bound)
                    steps = "1000000" if "--detach" in arguments else "20"
                    arguments[index : index + 2] = ["--steps", steps]
        status = run(arguments)
        assert status == 0, (line, capfd.readouterr().err)
    for name in live_runs():
        assert run(["stop", name]) == 0


def test_the_python_example_of_the_readme_runs(tmp_path: Path, home: Path) -> None:
    (example,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    quick = example.replace("minutes=2", "hidden_size=16, steps=300, threads=1")
    assert quick != example
    done = subprocess.run(
        [sys.executable, "-P", "-c", quick], cwd=tmp_path, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr.decode()
    first, *_, last = done.stdout.decode().splitlines()
    assert re.fullmatch(r"The Loom at Carrow: 1\d\d,\d{3} characters", first)
    assert re.fullmatch(r"\d\.\d{3} bits/char", last)


@needs_terminal
def test_the_app_opens_and_continues_a_sentence_at_one_key(home: Path) -> None:
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        terminal.press(ENTER)
        terminal.wait(lambda: re.search(r"\d characters\b(?!/s)", terminal.text))
        terminal.press(CTRL_Q)
        assert terminal.end() == 0


def test_the_readme_begins_with_the_two_commands_and_has_no_untested_command() -> None:
    assert [line.split("#")[0].strip() for line in COMMANDS[:2]] == ["make run", "make test"]
    others = [line for line in COMMANDS[2:] if line not in CHARLOOM]
    assert [line.split()[:2] for line in others] == [["pipx", "install"], ["charloom"]]
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"\bmake (\w+)", README + CONTRIBUTING)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_continuous_integration_runs_documented_commands() -> None:
    script = (PROJECT / ".ci" / "run").read_text("utf-8").splitlines()
    assert script[-2:] == ["make check", "make test"]
    workflow = (PROJECT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    assert re.findall(r"run: (make \w+)", workflow) == ["make check", "make test"]
    assert {"make check", "make test"} <= set(re.findall(r"make \w+", README + CONTRIBUTING))


def test_continuous_integration_runs_every_python_that_the_package_names() -> None:
    project = (PROJECT / "pyproject.toml").read_text("utf-8")
    pythons = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', project)
    workflow = (PROJECT / ".github" / "workflows" / "ci.yml").read_text("utf-8")
    (matrix,) = re.findall(r"python: \[(.*)\]", workflow)
    assert re.findall(r"3\.\d+", matrix) == pythons


@pytest.mark.parametrize(
    "text", [README, CONTRIBUTING, core.__doc__ or ""], ids=["README", "CONTRIBUTING", "core"]
)
def test_the_ten_stages_are_where_they_are_said_to_be(text: str) -> None:
    stages = re.findall(r"`(core/[\w/]+)\.py`+: `+([\w.]+)`", text)
    assert len(stages) == 10
    for path, name in stages:
        value: object = importlib.import_module(f"charloom.{path.replace('/', '.')}")
        for part in name.split("."):
            members = getattr(value, "__dataclass_fields__", {})
            value = members[part] if part in members else getattr(value, part)


@pytest.mark.parametrize("name", ["README.md", "CONTRIBUTING.md", "BENCHMARKS.md"])
def test_every_file_that_is_linked_or_named_exists(name: str) -> None:
    text = (PROJECT / name).read_text("utf-8")
    links = re.findall(r"\]\(([^)#:]+)\)", text)
    paths = re.findall(r"`((?:core|tui|tests|assets)/[\w/.]*)`", text)
    for path in [*links, *paths]:
        assert (PROJECT / path).exists(), path


def test_the_readme_names_every_command_and_no_option_that_does_not_exist() -> None:
    rows = re.findall(r"^\| (`charloom.*?) \|", README, re.MULTILINE)
    words = set(re.findall(r"\w+", " ".join(rows)))
    assert set(cli.list_commands(click.Context(cli))) <= words
    options = {
        name
        for command in all_commands(cli)
        for parameter in command.params
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    assert set(re.findall(r"`(--[\w-]+)", README)) <= options | {"--help"}


def all_commands(group: click.Group) -> Iterator[click.Command]:
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command
        yield command
        if isinstance(command, click.Group):
            yield from all_commands(command)
