"""The prompt of charloom generate: its characters, and standard input."""

import json
import shlex
import subprocess

import pytest

from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.marks import needs_posix
from tests.helpers.run_cli import COMMAND, call, child, folder
from tests.tui.commands.generate_helpers import objects

pytestmark = pytest.mark.usefixtures("weaver")


def test_unknown_characters_are_adapted_and_reported() -> None:
    done = call("generate", "ÉÉ caffè☃", "--model", "weaver", "--length", "0")
    assert done.out == "ee caffe\n"
    message = "Not known to the model: É → e  ·  è → e  ·  ☃ was dropped."
    assert done.err.splitlines()[0] == message


def test_of_many_unknown_characters_a_few_are_reported() -> None:
    done = call("generate", "x0123456789", "--model", "weaver", "--length", "0")
    assert "0 1 2 3 were dropped  ·  and 6 more kinds." in done.err


@pytest.mark.parametrize(
    ("prompt", "message"),
    [("", "The prompt is empty"), ("☃☃", "The model knows none of the prompt's characters")],
)
def test_without_a_known_character_the_text_begins_as_a_line_does(
    prompt: str, message: str
) -> None:
    made = objects(prompt, "--seed", "1", "--length", "60")[0]
    after_newline = objects("\n", "--seed", "1", "--length", "60")[0]
    assert (made["prompt"], made["text"]) == ("", after_newline["text"])
    assert message in call("generate", prompt, "--model", "weaver", "--length", "1").err


def test_a_prompt_from_standard_input_loses_its_final_newline() -> None:
    done = call("generate", "-", "--model", "weaver", "--length", "0", stdin=b"one\ntwo\n")
    assert done.out == "one\ntwo\n"


def test_a_prompt_from_a_pipe_of_windows_has_plain_newlines() -> None:
    done = call("generate", "-", "--model", "weaver", "--length", "0", stdin=b"one\r\ntwo\r\n")
    assert done.out == "one\ntwo\n"


def test_of_a_megabyte_of_prompt_the_end_is_read() -> None:
    words = ("every so often " * 70_000).encode()
    done = call("generate", "-", "--model", "weaver", "--length", "9", "--json", stdin=words)
    assert json.loads(done.out)["prompt"] == words.decode()[-20_000:]
    assert "Only the last 20,000 characters of the prompt are read." in done.err


def test_the_end_of_a_long_prompt_is_cut_between_characters() -> None:
    save_model("sinograph", random_checkpoint("𠀀𠀁"))
    data = ("𠀀𠀁" * 20_000).encode() + b"\n"
    done = call("generate", "-", "--model", "sinograph", "--length", "0", stdin=data)
    assert done.out == "𠀀𠀁" * 10_000 + "\n"


def test_bytes_that_are_no_text_are_dropped_and_reported() -> None:
    done = child("generate", b"ab\xffc", "--model", "weaver", "--length", "0")
    assert (done.code, done.out) == (0, "abc\n")
    assert "Not known to the model: ␦ was dropped." in done.err


@pytest.mark.parametrize("command", ["generate", "growth", "compare"])
def test_a_prompt_may_be_piped_in(command: str) -> None:
    model = ("--model", "weaver") if command == "generate" else ("weaver",)
    options = (*model, "--seed", "1", "--length", "20", "--json")

    def prompts(*arguments: str, stdin: bytes) -> list[str]:
        records = map(json.loads, call(command, *options, *arguments, stdin=stdin).out.splitlines())
        return [side["prompt"] for record in records for side in record.get("sides", [record])]

    given = ("the sea",) if command == "generate" else ("--prompt", "the sea")
    default = "" if command == "generate" else "abc"  # the opening of the model's training text
    assert set(prompts(stdin=b"a web\n")) == {"a web"}
    assert set(prompts(*given, stdin=b"a web\n")) == {"the sea"}
    assert set(prompts(stdin=b"")) == {default}  # as from /dev/null


@needs_posix("redirections of a shell")
def test_a_closed_or_unreadable_standard_input_is_no_prompt() -> None:
    for redirection in ("<&-", "0>written.txt"):
        shell = f"exec {shlex.join([*COMMAND, 'generate', '--model', 'weaver'])} {redirection}"
        done = subprocess.run(
            shell, shell=True, capture_output=True, text=True, cwd=folder(), check=True
        )
        assert "The prompt is empty" in done.stderr
