import json
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

import pytest

from charloom.core.analysis import scoring
from charloom.core.analysis.baselines import compute_baselines, named
from charloom.core.analysis.scoring import Score
from charloom.core.model.checkpoint import load
from charloom.core.model.metadata import CorpusInfo
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import bits
from charloom.core.runs.run import read_run_config
from tests.helpers.child_process import TEXT as SEA
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import Result, call, child, needs_terminal, on_terminal
from tests.helpers.small_models import create

TEXT = "the quick brown fox jumps over the lazy dog\n" * 40


@pytest.fixture(autouse=True)
def model() -> NumpyLSTM:
    return NumpyLSTM(load(save_model("weaver", random_checkpoint())).checkpoint)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "fox.txt"
    path.write_text(TEXT + "Ω!", "utf-8", newline="")
    return path


def score(*arguments: str, stdin: bytes = b"") -> Result:
    return call("score", *arguments, "--model", "weaver", stdin=stdin)


def test_without_a_window_the_measure_is_carried(model: NumpyLSTM, file: Path) -> None:
    expected = scoring.carried(model, TEXT)
    assert json.loads(score(str(file), "--json").out) == {
        "chars": len(TEXT) - 1,
        "nats_per_char": expected.nats_per_char,
        "bits_per_char": expected.nats_per_char / math.log(2),
        "standard_error": expected.standard_error,
        "unknown_chars": 2,
    }


def test_with_a_window_the_measure_is_windowed(model: NumpyLSTM, file: Path) -> None:
    record = json.loads(score(str(file), "--json", "--window", "16").out)
    assert record["nats_per_char"] == scoring.windowed(model, TEXT, 16).nats_per_char
    assert record["nats_per_char"] != scoring.carried(model, TEXT).nats_per_char


def test_the_measure_is_named(model: NumpyLSTM, file: Path) -> None:
    expected = scoring.carried(model, TEXT)
    nats = expected.nats_per_char
    assert score(str(file)).out == (
        f"{nats:.4f} ± {expected.standard_error:.4f} nats per character "
        f"({nats / math.log(2):.4f} bits), carried, over 1,759 characters; 2 unknown\n"
    )
    assert ", windowed-16, " in score(str(file), "--window", "16").out


def test_of_a_long_text_stretches_are_scored_or_all(
    monkeypatch: pytest.MonkeyPatch, file: Path
) -> None:
    def score_long(*_: object, full: bool, on_progress: Callable[[int, int], object]) -> Score:
        on_progress(1_500, 1_759)
        return Score(1_759, 3.0, 2) if full else Score(1_500, 3.0, 2, 0.002, 259)

    monkeypatch.setattr("charloom.tui.commands.score.LONG_CHARACTERS", len(TEXT))
    monkeypatch.setattr("charloom.tui.commands.score.score_long", score_long)
    assert ", carried, over 1,759 characters; 2 unknown\n" in score(str(file), "--full").out
    assert score(str(file)).out == (
        "3.0000 ± 0.0020 nats per character (4.3281 bits), carried, "
        "over 1,500 of 1,759 characters; 2 unknown\n"
    )


@pytest.mark.parametrize("name", [("-",), ()])
def test_a_text_may_be_piped_in(name: tuple[str, ...], file: Path) -> None:
    expected = score(str(file), "--json").out
    done = child("score", *name, "--model", "weaver", "--json", stdin=file.read_bytes())
    assert (done.code, done.out) == (0, expected)


@needs_terminal
def test_a_terminal_is_not_read_from() -> None:
    shown = on_terminal("score", "--model", "weaver")
    assert shown.code == 2
    assert "Pass a FILE, or pipe a text" in shown.out


def test_a_text_too_short_to_train_on_can_be_scored(model: NumpyLSTM) -> None:
    record = json.loads(score("-", "--json", stdin=b"good").out)
    assert record["chars"] == 3
    assert record["nats_per_char"] == scoring.carried(model, "good").nats_per_char


def test_a_part_of_a_text_can_be_scored_and_adjustments_are_reported(file: Path) -> None:
    done = score(str(file), "--start", "quick", "--end", "dog", "--json")
    assert json.loads(done.out)["chars"] == len("quick brown fox jumps over the lazy ") - 1
    assert "Took the 36 characters from 4 to 40." in done.err


def test_a_text_known_by_name_can_be_scored() -> None:
    assert json.loads(score("loom", "--json").out)["chars"] > 100_000


def known_text() -> NumpyLSTM:
    """Make a run, and an untrained model whose metadata names the run's text."""
    plan = read_run_config(create("reader"))
    card = CorpusInfo("sea", plan.sha256, len(SEA), SEA[:20])
    return NumpyLSTM(load(save_model("reader", random_checkpoint(SEA, corpus=card))).checkpoint)


def test_the_held_out_text_is_scored_next_to_the_baselines() -> None:
    model = known_text()
    cut = len(SEA) - int(len(SEA) * 0.1)
    score = scoring.carried(model, SEA[cut:])
    ids = model.vocab.encode(SEA)
    known = compute_baselines(ids[:cut], ids[cut:], model.vocab)
    done = call("score", "--held-out", "--model", "reader", "--baselines", "--json")
    record = json.loads(done.out)
    assert (record["chars"], record["nats_per_char"]) == (score.characters, score.nats_per_char)
    expected = {name: nats / math.log(2) for name, nats in asdict(known).items()}
    assert record["baselines"] == pytest.approx(expected)
    lines = call("score", "--held-out", "--model", "reader", "--baselines").out.splitlines()
    assert f"over {score.characters:,} characters; 0 unknown" in lines[0]
    assert lines[1].split() == ["bits/char"]
    rows = [*named(known), ("reader", score.nats_per_char)]
    shown = [(name, f"{nats / math.log(2):.4f}") for name, nats in rows]
    assert [tuple(line.rsplit(maxsplit=1)) for line in lines[2:]] == sorted(
        shown, key=lambda row: -float(row[1])
    )
    assert len({len(line) for line in lines[1:]}) == 1


def test_baselines_are_of_the_characters_that_the_model_knows(tmp_path: Path) -> None:
    model = known_text()
    (tmp_path / "new.txt").write_text("the Ωletter was the sea" * 9, "utf-8")
    done = call("score", str(tmp_path / "new.txt"), "--model", "reader", "--baselines", "--json")
    train_ids = model.vocab.encode(SEA[: len(SEA) - len(SEA) // 10])
    ids = model.vocab.encode("the letter was the sea" * 9)
    known = compute_baselines(train_ids, ids, model.vocab)
    assert json.loads(done.out)["baselines"]["five_gram"] == bits(known.five_gram or 0)


def test_without_the_training_text_the_only_baseline_is_uniform(file: Path) -> None:
    done = score(str(file), "--baselines", "--json")
    losses = json.loads(done.out)["baselines"]
    assert losses.pop("uniform") == pytest.approx(math.log2(28))
    assert set(losses.values()) == {None}
    assert "Only uniform guessing can be scored, without the training text." in done.err
    assert "'weaver'" in done.err
    assert score(str(file), "--baselines").out.splitlines()[1].split() == ["bits/char"]
    done = call("score", "--held-out", "--model", "weaver")
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)


@pytest.mark.parametrize("more", [["fox.txt"], ["--start", "quick"]])
def test_a_file_and_the_held_out_text_are_not_scored_together(more: list[str]) -> None:
    done = score("--held-out", *more)
    assert done.code == 2 and "--held-out or a FILE" in done.err


@pytest.mark.parametrize(
    ("text", "message"),
    [(b"", "Standard input is empty"), ("ΩΩΩ".encode(), "too short to score")],
)
def test_a_text_that_cannot_be_scored_is_a_one_line_error(text: bytes, message: str) -> None:
    done = score("-", stdin=text)
    assert (done.code, done.out, done.err.count("\n")) == (1, "", 1)
    assert message in done.err
