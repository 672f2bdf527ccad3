import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charloom.core.analysis.activations import Trace, UnitSignal, trace
from charloom.core.analysis.unit_probes import rank_units
from charloom.core.model.checkpoint import load
from charloom.core.model.metadata import CorpusInfo
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.run import read_run_config
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import Result, call
from tests.helpers.small_models import create

FOX = "the quick (brown) fox\njumps over the lazy dog\n" * 20


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "fox.txt"
    path.write_text(FOX, "utf-8", newline="")
    return str(path)


@pytest.fixture
def expected_trace() -> Trace:
    path = save_model("weaver", random_checkpoint(layers=2))
    return trace(NumpyLSTM(load(path).checkpoint), FOX)


def inspect(*arguments: str, model: str = "weaver") -> Result:
    return call("inspect", *arguments, "--model", model)


def record(*arguments: str) -> dict[str, Any]:
    result = inspect(*arguments)
    assert result.code == 0, result.err
    read: dict[str, Any] = json.loads(result.out)
    return read


@pytest.mark.usefixtures("expected_trace")
def test_json_is_accepted_as_by_the_other_commands(file: str) -> None:
    assert record(file, "--json") == record(file)


def test_it_writes_the_trace_and_the_units(file: str, expected_trace: Trace) -> None:
    seen = record(file, "--unit", "2.8", "--unit", "1.1", "--alternatives", "3", "--top", "5")
    assert (seen["model"], seen["step"], seen["title"]) == ("weaver", 100, "fox")
    assert seen["text"] == FOX
    assert seen["bits_per_char"] == expected_trace.bits_per_char
    assert seen["chars"] == len(FOX) - 1 - 40  # there are brackets, which it does not know
    bits = np.array(seen["bits"], float)  # null becomes NaN
    np.testing.assert_allclose(bits, expected_trace.bits, atol=1e-6)
    ranked = rank_units(expected_trace)[:5]
    assert [(u["layer"] - 1, u["unit"] - 1, u["tracks"], u["sign"]) for u in seen["units"]] == [
        (each.layer, each.unit, each.tracks, each.sign) for each in ranked
    ]
    assert [unit["score"] for unit in seen["units"]] == [each.score for each in ranked]
    assert [(s["layer"], s["unit"]) for s in seen["signals"]] == [(2, 8), (1, 1)]
    for signal in UnitSignal:
        expected = expected_trace.signal(signal, 1, 7)
        np.testing.assert_allclose(seen["signals"][0][signal], expected, atol=1e-6)
    assert seen["alternatives"][0] == []
    for place in (1, 9, 500):
        there = expected_trace.alternatives(place, 3)
        assert [each[0] for each in seen["alternatives"][place]] == [a.character for a in there]


def test_the_held_out_end_of_the_training_text_can_be_read() -> None:
    sha256 = read_run_config(create("other")).sha256
    corpus = CorpusInfo("sea", sha256, len(TEXT), TEXT[:9])
    save_model("weaver", random_checkpoint(corpus=corpus))
    seen = record("--held-out")
    assert seen["title"] == "sea"
    assert seen["text"] == TEXT[-int(len(TEXT) * 0.1) :]
    assert "alternatives" not in seen
    assert seen["signals"] == []


def test_a_long_text_is_read_up_to_a_bound_with_a_note(tmp_path: Path) -> None:
    save_model("weaver", random_checkpoint())
    (tmp_path / "long.txt").write_text("the sea\n" * 2_000)
    result = inspect(str(tmp_path / "long.txt"))
    assert "Only the first 10,000 of 16,000 characters are read." in result.err
    assert len(json.loads(result.out)["bits"]) == 10_000


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--unit", "1"], 2, "'1' is not LAYER.UNIT, such as 1.37."),
        (["--unit", "3.1"], 1, "layers 1 to 2 with units 1 to 8 each"),
        (["--unit", "1.0"], 1, "layers 1 to 2 with units 1 to 8 each"),
        (["--held-out"], 2, "Give a FILE or --held-out, not both."),
    ],
)
def test_invalid_options_are_refused(
    arguments: list[str], code: int, message: str, file: str, expected_trace: Trace
) -> None:
    result = inspect(file, *arguments)
    assert (result.code, result.out) == (code, "")
    assert message in result.err


def test_file_options_do_not_apply_to_the_held_out_text(expected_trace: Trace) -> None:
    result = inspect("--held-out", "--start", "fox")
    assert (result.code, result.out) == (2, "")
    assert "File options do not apply to --held-out." in result.err


def test_without_the_training_text_a_file_is_needed(expected_trace: Trace) -> None:
    result = inspect("--held-out")
    assert result.code == 1
    assert "'weaver' learned from ('alphabet') is not on this computer" in result.err
