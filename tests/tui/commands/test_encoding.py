"""Output in other encodings than UTF-8: files and pipes get UTF-8, terminals what they can show."""

import json
import os
import subprocess

import pytest

from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import COMMAND, child, folder, needs_terminal, on_terminal

SETTINGS = {
    "ASCII locale": {"LC_ALL": "C"},
    "Latin-1": {"PYTHONIOENCODING": "iso-8859-1"},
    "Windows": {"PYTHONIOENCODING": "cp1252"},
    "Shift JIS": {"PYTHONIOENCODING": "cp932:strict"},
}
PLAIN = {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0", "PYTHONIOENCODING": ""}
PROMPT = "«и», 山 – ∞"
any_setting = pytest.mark.parametrize(
    "environment", [PLAIN | setting for setting in SETTINGS.values()], ids=SETTINGS
)


@pytest.fixture(autouse=True)
def _model() -> None:
    save_model("words", random_checkpoint("«и», 山–∞\n"))


def arguments(*more: str) -> list[str]:
    return ["generate", "-", "--model", "words", "--length", "0", *more]


@any_setting
def test_a_pipe_gets_utf_8(environment: dict[str, str]) -> None:
    done = child(*arguments(), stdin=PROMPT.encode(), **environment)
    assert (done.code, done.out) == (0, PROMPT + "\n")


@any_setting
def test_a_file_gets_utf_8(environment: dict[str, str]) -> None:
    path = folder() / "out.txt"
    with path.open("wb") as out, path.with_suffix(".log").open("wb") as log:
        subprocess.run(
            [*COMMAND, *arguments()],
            input=(PROMPT + "ж").encode(),
            stdout=out,
            stderr=log,
            env=os.environ | environment,
            check=True,
        )
    assert path.read_bytes().splitlines() == [PROMPT.encode()]
    assert "Not known to the model: ж was dropped." in path.with_suffix(".log").read_text("utf-8")


@needs_terminal
def test_a_terminal_that_cannot_show_a_character_gets_an_escape() -> None:
    done = on_terminal("models", "show", "山", environment=SETTINGS["Latin-1"])
    assert done.code == 1 and "\\u5c71" in done.out


def test_json_is_the_same_in_every_locale() -> None:
    (one,) = {
        child(
            *arguments("--json", "--seed", "1"), stdin=PROMPT.encode(), **PLAIN, LC_ALL=locale
        ).out
        for locale in ("C", "C.UTF-8")
    }
    assert json.loads(one)["prompt"] == PROMPT
