import json
import math
from pathlib import Path

import pytest

from core import scoring, store
from core.checkpoint import load
from core.lstm import LSTM
from tests.makers import random_checkpoint
from tests.running import Result, call, child, needs_terminal, on_terminal

TEXT = "the quick brown fox jumps over the lazy dog\n" * 40


@pytest.fixture(autouse=True)
def model() -> LSTM:
    return LSTM(load(store.save("weaver", random_checkpoint())).checkpoint)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fox.txt"
    path.write_text(TEXT + "Ω!", "utf-8", newline="")
    return path


def score(*arguments: str, stdin: bytes = b"") -> Result:
    return call("score", *arguments, "--model", "weaver", stdin=stdin)


def test_without_a_window_the_measure_is_carried(model: LSTM, file: Path) -> None:
    expected = scoring.carried(model, TEXT)
    assert json.loads(score(str(file), "--json").out) == {
        "chars": len(TEXT) - 1,
        "nats_per_char": expected.nats_per_char,
        "bits_per_char": expected.nats_per_char / math.log(2),
        "unknown_chars": 2,
    }


def test_with_a_window_the_measure_is_windowed(model: LSTM, file: Path) -> None:
    found = json.loads(score(str(file), "--json", "--window", "16").out)
    assert found["nats_per_char"] == scoring.windowed(model, TEXT, 16).nats_per_char
    assert found["nats_per_char"] != scoring.carried(model, TEXT).nats_per_char


def test_the_measure_is_named(model: LSTM, file: Path) -> None:
    nats = scoring.carried(model, TEXT).nats_per_char
    assert score(str(file)).out == (
        f"{nats:.4f} nats per character ({nats / math.log(2):.4f} bits), carried, "
        "over 1,759 characters; 2 unknown\n"
    )
    assert ", windowed-16, " in score(str(file), "--window", "16").out


@pytest.mark.parametrize("name", [("-",), ()])
def test_a_text_may_be_piped_in(name: tuple[str, ...], file: Path) -> None:
    expected = score(str(file), "--json").out
    done = child("score", *name, "--model", "weaver", "--json", stdin=file.read_bytes())
    assert (done.code, done.out) == (0, expected)


@needs_terminal
def test_a_terminal_is_not_waited_for() -> None:
    shown = on_terminal("score", "--model", "weaver")
    assert shown.code == 2
    assert "Name a FILE, or pipe a text in." in shown.out


def test_a_text_too_short_to_train_on_can_be_scored(model: LSTM) -> None:
    found = json.loads(score("-", "--json", stdin=b"good").out)
    assert found["chars"] == 3
    assert found["nats_per_char"] == scoring.carried(model, "good").nats_per_char


def test_a_part_of_a_text_can_be_scored_and_what_is_adjusted_is_told(file: Path) -> None:
    done = score(str(file), "--start", "quick", "--end", "dog", "--json")
    assert json.loads(done.out)["chars"] == len("quick brown fox jumps over the lazy ") - 1
    assert "Took the 36 characters from 4 to 40." in done.err


def test_a_text_known_by_name_can_be_scored() -> None:
    assert json.loads(score("loom", "--json").out)["chars"] > 100_000


@pytest.mark.parametrize(
    ("text", "told"),
    [(b"", "Standard input is empty"), ("ΩΩΩ".encode(), "too short to score")],
)
def test_what_cannot_be_scored_is_told_in_one_line(text: bytes, told: str) -> None:
    done = score("-", stdin=text)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert told in done.err
