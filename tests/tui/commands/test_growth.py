import json
import math
from pathlib import Path

import pytest

from charloom.core.model.metadata import Losses
from tests.helpers.factories import checkpoint_path, random_checkpoint, save_model
from tests.helpers.run_cli import call, needs_terminal, on_terminal

STEPS = (100, 2_000, 30_000)


@pytest.fixture(autouse=True)
def weaver() -> None:
    for seed, step in enumerate(STEPS):
        losses = Losses(validation=2.0 - seed / 2, carried=1.1 if step == 30_000 else None)
        save_model("weaver", random_checkpoint(seed=seed, step=step, losses=losses))


def text(prompt: str, step: int) -> str:
    """Return the text of ``charloom generate`` with the same settings."""
    options = ("--model", f"weaver@{step}", "--seed", "3", "--length", "40", "--json")
    return str(json.loads(call("generate", prompt, *options).out)["text"])


def test_each_checkpoint_is_one_aligned_line() -> None:
    done = call("growth", "weaver", "--prompt", "the sea", "--seed", "3", "--length", "40")
    first, second, third = (text("the sea", step).replace("\n", "↵") for step in STEPS)
    assert done.out == (
        "     step  bits/char           text\n"
        f"      100       2.89  valid.   {first}\n"
        f"    2,000       2.16  valid.   {second}\n"
        f"   30,000       1.59  carried  {third}\n"
    )
    assert done.err == "the sea · seed 3 · temperature 0.8\n"


def test_json_is_an_object_for_each_checkpoint() -> None:
    checkpoint_path("weaver@2000").write_bytes(b"no checkpoint")
    done = call("growth", "weaver", "--seed", "3", "--length", "40", "--json")
    first, damaged, last = map(json.loads, done.out.splitlines())
    assert first == {
        "model": "weaver",
        "step": 100,
        "loss": 2.0,
        "bits_per_char": 2.0 / math.log(2),
        "measure": "validation",
        "counted_characters": None,
        "prompt": "abc",  # the opening of its training text
        "seed": 3,
        "temperature": 0.8,
        "text": text("abc", 100),
        "error": None,
    }
    assert (damaged["text"], damaged["loss"]) == ("", None)
    assert "It is not a safetensors file" in damaged["error"]
    assert last["step"] == 30_000 and last["measure"] == "carried"


def test_a_damaged_checkpoint_and_unknown_characters_are_reported() -> None:
    checkpoint_path("weaver@2000").write_bytes(b"no checkpoint")
    done = call("growth", "weaver", "--prompt", "the ☃ sea")
    assert done.code == 0 and len(done.out.splitlines()) == 3
    assert "Not known to the model: ☃ was dropped." in done.err
    assert "Skipped: The checkpoint " in done.err
    for step in (100, 30_000):
        checkpoint_path(f"weaver@{step}").write_bytes(b"neither")
    done = call("growth", "weaver")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)


def test_a_model_with_one_checkpoint_has_a_note() -> None:
    save_model("young", random_checkpoint())
    done = call("growth", "young")
    assert len(done.out.splitlines()) == 2
    assert "'young' has only one checkpoint; a training run saves more as it continues." in done.err
    done = call("growth", "wever")
    assert (done.code, done.out) == (1, "")
    assert "did you mean 'weaver'" in done.err


@pytest.mark.parametrize(
    ("suffix", "start"), [("svg", "<svg "), ("cast", '{"version": 2, "width": 80, ')]
)
def test_the_growth_is_written_as_a_film(tmp_path: Path, suffix: str, start: str) -> None:
    path = tmp_path / f"growth.{suffix}"
    options = ("--prompt", "the sea", "--seed", "3", "--length", "40")
    without = call("growth", "weaver", *options)
    done = call("growth", "weaver", *options, "--output", str(path))
    assert (done.code, done.out, done.err) == (0, without.out, without.err)
    film = path.read_text("utf-8")
    assert film.startswith(start) and "3 of 3 · step 30,000 · 1.59 bits/char held-out" in film
    assert f"charloom growth weaver --prompt 'the sea' {' '.join(options[4:])}" in film
    assert call("growth", "weaver", *options, "--output", str(path)).code == 1  # it exists
    assert call("growth", "weaver", *options, "--output", str(path), "--force").code == 0


def test_a_film_needs_a_suffix_and_two_checkpoints(tmp_path: Path) -> None:
    done = call("growth", "weaver", "--output", str(tmp_path / "growth.txt"))
    assert done.code == 2 and "the suffix .svg or .cast" in done.err
    save_model("young", random_checkpoint())
    done = call("growth", "young", "--output", str(tmp_path / "growth.svg"))
    assert done.code == 1 and "A film needs two checkpoints with a text." in done.err
    assert not list(tmp_path.glob("growth.*"))


@needs_terminal
def test_on_a_terminal_a_text_is_folded_beside_its_figures() -> None:
    sea = "the grey sea" * 20
    save_model("young", random_checkpoint("\x1b\n", step=7))
    shown = on_terminal("growth", "young", "--prompt", sea, "--length", "90").out
    assert "\x1b" not in shown.replace("\x1b[2m", "").replace("\x1b[0m", "")
    lines = [each for each in shown.splitlines() if each[31:32] in "␛↵" and each[:1] == " "]
    assert [len(each) for each in lines] == [79, 73]
    assert lines[0].startswith("        7          –           ")
    assert lines[1].startswith(" " * 31)
