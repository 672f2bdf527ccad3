import json
from pathlib import Path

import pytest

from charloom.core.analysis import scoring
from charloom.core.analysis.comparison import SAME
from charloom.core.model.metadata import Losses
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.store.read import load_checkpoint
from tests.core.analysis.test_comparison import save_trained_model
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, ref, save_model
from tests.helpers.run_cli import Result, call, needs_terminal, on_terminal
from tests.helpers.small_models import create

FOX = "the quick brown fox jumps over the lazy dog\n" * 40


@pytest.fixture(autouse=True)
def two() -> None:
    """Two models; the second has two checkpoints and no z in its vocabulary."""
    save_model("weaver", random_checkpoint())
    fewer = "\n abcdefghijklmnopqrstuvwxy"
    for step, loss in ((10, 1.0), (20, 2.0)):
        losses = Losses(validation=loss)
        save_model("other", random_checkpoint(fewer, seed=step, step=step, losses=losses))


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "fox.txt").write_text(FOX, "utf-8", newline="")
    return str(tmp_path / "fox.txt")


def compare(*arguments: str) -> Result:
    done = call("compare", *arguments, "--seed", "3", "--length", "50")
    assert done.code == 0, done.err
    return done


def text(address: str, temperature: float, prompt: str = "the sea") -> str:
    """Return the text of ``charloom generate`` with the same settings."""
    options = ("--model", address, "--temperature", str(temperature), "--seed", "3")
    done = call("generate", prompt, *options, "--length", "50", "--json")
    return str(json.loads(done.out)["text"])


def test_two_models_continue_one_prompt_and_are_scored_on_one_text(file: str) -> None:
    done = json.loads(
        compare("weaver", "other@20", "--text", file, "--prompt", "a ☃ z", "--json").out
    )
    assert (done["seed"], done["scored_on"]) == (3, "fox")
    assert done["verdict"] == "They predict this text equally well."
    assert done["left_out"] == FOX.count("z")
    left, right = done["sides"]
    assert left["text"] == text("weaver", 0.8, "a  z") and left["prompt"] == "a  z"
    assert right["text"] == text("other@20", 0.8, "a  ") and right["prompt"] == "a  "
    assert (right["model"], right["step"], right["temperature"]) == ("other", 20, 0.8)
    for side, address in ((left, "weaver"), (right, "other@20")):
        model = NumpyLSTM(load_checkpoint(ref(address)).checkpoint)
        score = scoring.carried(model, FOX.replace("z", ""))
        assert side["nats_per_char"] == score.nats_per_char
        assert side["chars"] == score.characters == len(FOX) - FOX.count("z") - 1


@pytest.mark.parametrize(
    ("given", "both"),
    [((), (0.8, 1.2)), (("0.5",), (0.5, 0.9)), (("0.5", "2"), (0.5, 2.0))],
)
def test_a_model_alone_is_compared_with_itself_at_another_temperature(
    given: tuple[str, ...], both: tuple[float, float]
) -> None:
    options = [part for each in given for part in ("--temperature", each)]
    done = compare("weaver", "--prompt", "the sea", *options, "--json")
    sides = json.loads(done.out)["sides"]
    assert tuple(each["temperature"] for each in sides) == both
    assert [each["text"] for each in sides] == [text("weaver", each) for each in both]
    assert [each["bits_per_char"] for each in sides] == [None, None]
    assert "No score: The text that 'weaver' learned from" in done.err


def test_a_pipe_gets_one_below_the_other_and_aligned_scores(file: str) -> None:
    done = compare("weaver", "weaver", "--text", file, "--prompt", "the sea", "--temperature", "1")
    bits = scoring.carried(NumpyLSTM(load_checkpoint(ref("weaver")).checkpoint), FOX).bits_per_char
    assert done.out == (
        f"weaver@100 · temperature 1\n\nthe sea{text('weaver', 1)}\n\n"
        f"weaver@100 · temperature 1\n\nthe sea{text('weaver', 1)}\n\n"
        "            bits/char\n"
        f"weaver@100     {bits:.4f}\n"
        f"weaver@100     {bits:.4f}\n"
        f"{SAME}\n"
    )
    better = compare("other@10", "other@20", "--text", file)
    assert better.out.splitlines()[-1].startswith("other@")
    assert better.out.splitlines()[-1].endswith(" fewer bits.")
    assert "fox, 1,760 characters, 40 skipped (unknown to one of the models)" in better.err


def test_without_a_text_both_are_scored_on_the_held_out_text_of_the_first() -> None:
    folder = create("loom")
    save_trained_model("loom", folder)
    save_trained_model("stranger", folder, sha256="0" * 64)
    done = compare("loom", "stranger", "--json")
    record = json.loads(done.out)
    assert record["scored_on"] == "held-out part of sea"
    assert record["sides"][0]["chars"] == int(len(TEXT) * 0.1) - 1
    assert "'stranger' was trained on another text." in done.err


def test_both_are_scored_on_a_column_of_a_table(file: str) -> None:
    table = Path(file).with_name("foxes.csv")
    table.write_text(
        "id,said\n" + "".join(f"{n},{line}\n" for n, line in enumerate(FOX.split("\n")))
    )
    options = ("weaver", "other@20", "--prompt", "a", "--json")
    scores = [
        [side["bits_per_char"] for side in json.loads(compare(*options, *text).out)["sides"]]
        for text in (("--text", file), ("--text", str(table), "--column", "said"))
    ]
    assert scores[0] == scores[1]


def test_an_error_is_one_line(file: str) -> None:
    for arguments, code, message in (
        (("weaver", "wever"), 1, "did you mean 'weaver'"),
        (("weaver@7",), 1, "has no checkpoint '@7'"),
        (("weaver", "--text", "nowhere.txt"), 1, "nowhere.txt"),
        (("weaver", "--temperature", "11"), 1, "--temperature is a number from 0 to 10"),
        (("weaver", *("--temperature", "1") * 3), 2, "give --temperature once or twice"),
    ):
        done = call("compare", *arguments)
        assert (done.code, done.out) == (code, "")
        assert message in done.err


@needs_terminal
def test_on_a_wide_terminal_the_texts_are_side_by_side() -> None:
    shown = on_terminal("compare", "weaver", "--prompt", "the sea", "--length", "200").out
    begun = shown.index("weaver@100 ·")
    lines = shown[begun:].splitlines()
    assert lines[0] == f"{'weaver@100 · temperature 0.8':<38} │ weaver@100 · temperature 1.2"
    assert all(each[38:41] == " │ " or each[38:] == " │" for each in lines)
    assert all(len(each) <= 79 for each in lines)
