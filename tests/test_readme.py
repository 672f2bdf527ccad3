"""Every command in the README runs, in the order it stands there."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from charloom.core.runs.monitor import live_runs
from charloom.tui.cli import run
from tests.helpers.gutenberg_server import Answer, gutenberg_file, running
from tests.helpers.run_cli import needs_terminal
from tests.helpers.terminal import CTRL_Q, ENTER, READY, Terminal

PROJECT = Path(__file__).parent.parent
README = (PROJECT / "README.md").read_text("utf-8")
COMMANDS = [
    line
    for block in re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    for line in block.splitlines()
    if line
]
CHARLOOM = [line for line in COMMANDS if line.startswith("charloom ")]

# A test has no minutes to spare: the same commands on a smaller network, for a moment.
QUICKLY = ["--preset", "small", "--hidden", "16", "--threads", "1", "--precision", "float32"]
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
            arguments = [*arguments, *QUICKLY]
            for bound in ("--minutes", "--epochs"):
                if bound in arguments:
                    place = arguments.index(bound)
                    steps = "1000000" if "--detach" in arguments else "20"
                    arguments[place : place + 2] = ["--steps", steps]
        status = run(arguments)
        assert status == 0, (line, capfd.readouterr().err)
    for name in live_runs():
        assert run(["stop", name]) == 0


@needs_terminal
def test_the_app_of_the_readme_opens_and_goes_on_from_its_sentence_at_one_key(home: Path) -> None:
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        terminal.press(ENTER)
        terminal.wait_for("500 characters")
        terminal.press(CTRL_Q)
        assert terminal.end() == 0


def test_the_readme_names_the_two_commands_first_and_no_command_that_is_untested() -> None:
    assert [line.split("#")[0].strip() for line in COMMANDS[:2]] == ["make run", "make test"]
    others = [line for line in COMMANDS[2:] if line not in CHARLOOM]
    assert [line.split()[:2] for line in others] == [["pipx", "install"], ["charloom"]]
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"\bmake (\w+)", README)):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


def test_continuous_integration_calls_what_the_readme_names() -> None:
    script = (PROJECT / ".ci" / "run").read_text("utf-8").splitlines()
    assert script[-2:] == ["make check", "make test"]
    assert {"make check", "make test"} <= set(re.findall(r"make \w+", _told()))


def _told() -> str:
    return README + (PROJECT / "CONTRIBUTING.md").read_text("utf-8")
