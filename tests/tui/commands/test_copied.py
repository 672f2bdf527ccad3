"""``charloom generate`` reports the longest verbatim match, and that a text repeats itself."""

import json

import pytest

from charloom.core.analysis.repetition import repetition_message, repetition_period
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import Result, call
from tests.helpers.small_models import create

TRAIN = TEXT[: len(TEXT) - len(TEXT) // 10]


@pytest.fixture(autouse=True)
def trained() -> None:
    """A model called "weaver" trained on the text of a match, and one without a training text."""
    corpus = CorpusInfo("sea", read_run_config(create("other")).sha256, len(TEXT), "The sea")
    save_model("weaver", random_checkpoint(TEXT, corpus=corpus))
    save_model("stranger", random_checkpoint(TEXT))


def generate(model: str, *arguments: str) -> Result:
    done = call("generate", "the ", "--model", model, "--seed", "1", "--length", "80", *arguments)
    assert done.code == 0, done.err
    return done


def test_the_longest_match_is_reported_after_each_text() -> None:
    done = generate("weaver", "--copied", "--count", "2", "--json")
    reports = [line for line in done.err.splitlines() if line.startswith("longest")]
    for line, sentence in zip(done.out.splitlines(), reports, strict=True):
        record = json.loads(line)
        text, match = record["text"], record["copied"]
        longest = max(
            (length, -start)
            for start in range(len(text))
            for length in range(len(text) - start + 1)
            if text[start : start + length] in TRAIN
        )
        assert (match["length"], -match["start"]) == longest
        copied = text[match["start"] :][: match["length"]]
        assert match["place"] == TRAIN.find(copied)
        assert sentence == f"longest verbatim match: {len(copied)} characters (“{copied}”)"


def test_the_match_is_reported_only_with_the_option() -> None:
    assert "verbatim" not in generate("weaver").err
    assert "copied" not in json.loads(generate("weaver", "--json").out)


def test_a_missing_training_text_is_reported_and_the_texts_are_written() -> None:
    done = generate("stranger", "--copied", "--count", "2", "--json")
    assert [json.loads(line)["copied"] for line in done.out.splitlines()] == [None, None]
    assert done.err.count("'stranger' learned from ('alphabet') is not on this computer") == 1


def test_an_empty_text_has_no_match() -> None:
    done = generate("weaver", "--copied", "--length", "0", "--json")
    assert json.loads(done.out)["copied"] == {"start": 0, "length": 0, "place": 0}
    assert "longest verbatim match: 0 characters\n" in done.err


def test_a_text_that_repeats_itself_is_reported() -> None:
    done = generate("stranger", "--temperature", "0", "--length", "900", "--json")
    period = repetition_period(json.loads(done.out)["text"])
    assert period
    assert done.err.splitlines()[-1] == f"it {repetition_message(period)}"
    assert "repeats" not in generate("stranger").err
