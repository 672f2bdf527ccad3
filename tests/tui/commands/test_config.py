"""``charloom config``, and the defaults that it shows, as other commands use them."""

import json
from pathlib import Path

import pytest

from charloom.core.files import make_folder
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.helpers.marks import is_private
from tests.helpers.run_cli import call


def configure(home: Path, text: str) -> Path:
    """Write the configuration file and return its path."""
    path = make_folder(home) / "config.toml"
    path.write_text(text)
    return path


def test_without_a_file_it_shows_the_defaults_and_writes_nothing(home: Path) -> None:
    done = call("config")
    assert done.code == 0 and not done.err and not home.exists()
    assert done.out.startswith(f"{home}/config.toml (there is none; --init writes one)\n")
    assert ["temperature", "0.8"] in [line.split() for line in done.out.splitlines()]


def test_init_writes_a_file_that_changes_nothing_and_never_replaces_one(home: Path) -> None:
    before = call("config", "--json").out
    done = call("config", "--init")
    path = home / "config.toml"
    assert done.code == 0 and str(path) in done.err and is_private(path)
    text = path.read_text()
    assert "# temperature = 0.8" in text and '# "turn.star" = "s"  # Make' in text
    assert json.loads(call("config", "--json").out) == json.loads(before) | {"exists": True}
    path.write_text("length = 60\n")
    done = call("config", "--init")
    assert done.code == 1 and "exists already" in done.err and done.err.count("\n") == 1
    assert path.read_text() == "length = 60\n"


def test_it_shows_what_comes_from_where(home: Path) -> None:
    configure(home, 'temperature = 1.5\nlength = 60\n[keys]\nturn.star = "f11"\n')
    preferences.save(Preferences(temperature=0.3, length=60))
    make_folder(home / "themes").joinpath("sea.toml").write_text('primary = "teal"')
    rows = [line.split() for line in call("config").out.splitlines()]
    assert ["temperature", "1.5", "file", "0.3"] in rows and ["length", "60", "file"] in rows
    assert ["key", "turn.star:", "f11"] in rows and ["themes:", "sea"] in rows
    data = json.loads(call("config", "--json").out)
    assert data["defaults"]["temperature"] == 1.5 and data["app"]["temperature"] == 0.3
    assert data["keys"] == {"turn.star": "f11"} and data["themes"] == ["sea"]
    assert data["problems"] == []


def test_it_fails_with_every_problem_and_shows_the_rest(home: Path) -> None:
    path = configure(
        home, 'temperature = 99\nlength = 60\ntheme = "x"\n[keys]\na = 1\n"b.c" = "f7"\n'
    )
    done = call("config")
    assert done.code == 1 and ["length", "60", "file"] in [r.split() for r in done.out.splitlines()]
    assert done.err.count("\n") == 4 and done.err.count(f"{path}: ") == 4
    assert len(json.loads(call("config", "--json").out)["problems"]) == 4


@pytest.mark.parametrize("command", [("generate", "I"), ("growth", "--prompt", "I")])
def test_a_default_of_the_file_is_used_unless_an_option_is_given(
    home: Path, command: tuple[str, ...]
) -> None:
    arguments = (*command, "--seed", "1", "--length", "9")
    at_zero = call(*arguments, "--temperature", "0").out
    at_three = call(*arguments, "--temperature", "3").out
    assert at_zero != at_three
    configure(home, "temperature = 3\nlength = 200\n")
    assert call(*arguments).out == at_three
    assert call(*arguments, "--temperature", "0").out == at_zero
    assert "[default: 3.0" in " ".join(call(command[0], "--help").out.split())


def test_the_length_of_the_file_is_that_of_generate_and_no_other(home: Path) -> None:
    configure(home, "length = 7\nuntil = 'line'\n")
    assert len(call("generate", "I", "--no-keep").out.rstrip("\n")) <= len("I") + 7
    assert "default: 80" in call("growth", "--help").out


def test_a_problem_stops_the_commands_that_need_the_file_and_no_others(home: Path) -> None:
    path = configure(home, "temprature = 3\n")
    for command in ("generate", "quiz", "chat", "growth"):
        done = call(command)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith(f"charloom: {path}: There is no setting 'temprature'; did you")
        assert call(command, "--help").code == 0
    assert call("models").code == 0 and call("runs").code == 0
    configure(home, '[keys]\nturn.star = "x"\n')
    assert call("generate", "I", "--length", "3").code == 0
