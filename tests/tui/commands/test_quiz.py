"""``charloom quiz``: two passages, answers from a pipe, and the count in the lab notes."""

import re

import pytest

from charloom.core.config import TrainConfig
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.run import read_run_config
from charloom.core.store.write import read_notes, write_notes
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import call
from tests.helpers.small_models import create


@pytest.fixture(autouse=True)
def _model() -> None:
    """A model of which half of the training text is held out."""
    corpus = CorpusInfo("sea", read_run_config(create("weaver")).sha256, len(TEXT), TEXT[:20])
    training = TrainConfig(held_out=0.5)
    save_model("weaver", random_checkpoint(TEXT, corpus=corpus, training=training))


def test_a_pipe_answers_and_the_notes_count_per_temperature() -> None:
    write_notes("weaver", "My own.\n")
    done = call("quiz", "weaver", "--rounds", "4", "--seed", "3", stdin=b"1\nmaybe\n1\n2\n1\n")
    assert done.code == 0, done.err
    assert "Real or model? weaver@100, temperature 0.8, seed 3." in done.out
    assert [f"Round {n} of 4" in done.out for n in (1, 2, 3, 4, 5)] == [True] * 4 + [False]
    assert "Answer 1 or 2; q ends." in done.out
    passages = re.findall(r"  ([12])  ((?:.+\n)+)", done.out)
    real = ["1" if "The sea was grey" in text else "" for _, text in passages]
    pattern = r"It fooled you: [12] is by the model|Right: [12] is from the text"
    verdicts = re.findall(pattern, done.out)
    first_is_real = [bool(mark) for mark in real[::2]]
    guesses = zip((1, 1, 2, 1), first_is_real, strict=True)
    right = [(guess == 1) is first for guess, first in guesses]
    assert [verdict.startswith("Right") for verdict in verdicts] == right
    fooled = right.count(False)
    assert f"It fooled you {fooled} of 4." in done.out
    line = f"- temperature 0.8: it fooled you {fooled} of 4\n"
    assert read_notes("weaver") == f"My own.\n\n## Real or model?\n\n{line}"
    again = call("quiz", "weaver", "--rounds", "4", "--seed", "3", stdin=b"1\n1\n2\nq\n")
    assert again.out.startswith(done.out[: done.out.index("maybe")])
    assert "of 7 in" in again.out


def test_why_there_is_no_quiz_is_said_in_a_sentence() -> None:
    assert "answer 1 or 2, or pipe in one answer a line" in call("quiz", "weaver").err
    bundled = call("quiz", stdin=b"1\n")
    assert bundled.code == 1 and "is not on this computer. Get it with" in bundled.err
    save_model("other", random_checkpoint())
    assert "is not on this computer" in call("quiz", "other").err
