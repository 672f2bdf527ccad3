"""Usage errors name what to do, and arguments that may be left out are marked."""

import click
import pytest

from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import call
from tests.tui.commands.test_help import COMMANDS


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (("genrate", "x"), "generate"),
        (("Models",), "models"),
        (("models", "shwo", "weaver"), "show"),
        (("corpus", "chek"), "check"),
        (("favorites", "exprot"), "export"),
    ],
)
def test_a_mistyped_command_meets_the_near_one(arguments: tuple[str, ...], meant: str) -> None:
    done = call(*arguments)
    assert (done.code, done.out) == (2, "")
    mistyped = arguments[-1] if arguments[0] in ("corpus", "favorites") else arguments[0]
    mistyped = "shwo" if "shwo" in arguments else mistyped
    assert f"No such command '{mistyped}'; did you mean '{meant}'" in done.err


def test_a_command_unlike_any_other_gets_no_suggestion() -> None:
    assert call("xyzzy").err.endswith("\nError: No such command 'xyzzy'.\n")
    assert "…" in call("x" * 1_000).err


@pytest.mark.parametrize("prompt", ["-- he said", "- he said", "-he said"])
def test_a_prompt_that_begins_with_a_dash_is_explained(prompt: str) -> None:
    save_model("weaver", random_checkpoint("- abcdehis\n"))
    done = call("generate", prompt, "--model", "weaver")
    assert (done.code, done.out) == (2, "")
    assert "put -- before it: charloom generate -- …\n" in done.err
    done = call("generate", "--model", "weaver", "--length", "0", "--", prompt)
    assert (done.code, done.out) == (0, f"{prompt}\n")


def test_a_mistyped_option_is_not_taken_for_a_text() -> None:
    done = call("generate", "--tempreature", "1")
    assert "--temperature" in done.err and "put --" not in done.err
    assert "put --" not in call("--verion").err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_usage_has_brackets_exactly_around_what_may_be_left_out(command: tuple[str, ...]) -> None:
    context = click.Context(COMMANDS[command])
    for parameter in COMMANDS[command].params:
        if isinstance(parameter, click.Argument):
            (usage,) = parameter.get_usage_pieces(context)
            name = usage.removesuffix("...")
            left_out = name.startswith("[") and name.endswith("]")
            assert left_out is not parameter.required, usage


def test_too_little_memory_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise MemoryError

    save_model("weaver", random_checkpoint())
    monkeypatch.setattr("charloom.tui.commands.score.NumpyLSTM", fail)
    done = call("score", "loom", "--model", "weaver")
    assert (done.code, done.out) == (1, "")
    assert done.err == (
        "charloom: There is not enough memory for `charloom score`; use a shorter text or a "
        "smaller model.\n"
    )
