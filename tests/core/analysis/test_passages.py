"""Passages of held-out text and of a model: truly held out, cut alike, the same for a seed."""

import itertools

import pytest

from charloom.core.analysis.passages import (
    MAX_CHARACTERS,
    PassagePair,
    PassagePairs,
    cut_alike,
    held_out_text,
)
from charloom.core.config import TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CorpusInfo
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.run import read_run_config
from charloom.core.sampling.completion import generate
from charloom.core.sampling.config import SamplingConfig
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint
from tests.helpers.small_models import create

HELD_OUT = " ".join(
    f"The {one} sea and the {two} loom went by."
    for one, two in itertools.permutations("abcdefghijk", 2)
)
NETWORK = NumpyLSTM(random_checkpoint("\n" + HELD_OUT))


def pairs(seed: int = 1, count: int = 10, held_out: str = HELD_OUT) -> list[PassagePair]:
    return list(PassagePairs(NETWORK, held_out, SamplingConfig(), seed, count))


def test_real_passages_are_in_the_held_out_text_begin_a_sentence_and_do_not_overlap() -> None:
    found = pairs()
    assert len(found) == 10
    places = []
    for pair in found:
        real = pair.real.removesuffix(" …")
        places.append(HELD_OUT.index(real))
        assert HELD_OUT.count(real) == 1 and real.startswith("The ")
        assert HELD_OUT[: places[-1]].endswith(". ")
        assert pair.passages == (
            (pair.real, pair.generated) if pair.real_first else (pair.generated, pair.real)
        )
    gaps = [b - a for a, b in itertools.pairwise(places)]
    assert min(gaps) >= MAX_CHARACTERS and places[-1] > len(HELD_OUT) * 0.8
    assert {pair.real_first for pair in found} == {True, False}


def test_the_model_continues_what_comes_before_the_real_passage() -> None:
    pair = pairs()[3]
    place = HELD_OUT.index(pair.real.removesuffix(" …"))
    text = generate(NETWORK, HELD_OUT[place - 500 : place], MAX_CHARACTERS, seed=1 + 3)
    assert text.strip().startswith(pair.generated.removesuffix(" …"))


def test_a_seed_gives_the_same_pairs_and_another_seed_others() -> None:
    assert pairs() == pairs() != pairs(seed=2)


@pytest.mark.parametrize(
    ("real", "generated", "ends"),
    [
        ("A long night. " * 20, "The short day! " * 30, ".!"),
        ("A long night. " * 20, "no end of words " * 30, "……"),
        ("no end " * 60, "Here is one. " * 30, "……"),
        ("x" * 400, "y" * 400, "……"),
    ],
)
def test_both_are_cut_alike(real: str, generated: str, ends: str) -> None:
    cut = cut_alike(real, generated, "sentence")
    for passage, whole, end in zip(cut, (real, generated), ends, strict=True):
        assert passage.endswith(end) and len(passage) <= MAX_CHARACTERS + 2
        assert whole.startswith(passage.removesuffix(" …"))
        after = whole[len(passage.removesuffix(" …")) :]
        assert after[0] == " " or " " not in whole


def test_fewer_rounds_or_an_error_if_little_is_held_out() -> None:
    assert 0 < len(pairs(held_out=HELD_OUT[:1_500])) < 5
    with pytest.raises(CharloomError, match="Only 500 characters of the text are held out"):
        pairs(held_out=HELD_OUT[:500])


def test_passages_have_only_characters_that_the_model_could_write() -> None:
    held_out = HELD_OUT.replace("The a sea", "The ÿ sea")
    passages = [pair.real for pair in pairs(held_out=held_out)]
    assert len(passages) == 10 and "ÿ" not in "".join(passages)


def test_a_guess_fools_if_it_takes_the_models_text_for_real() -> None:
    assert not PassagePair("a", "b", real_first=True).fools(0)
    assert PassagePair("a", "b", real_first=True).fools(1)
    assert PassagePair("a", "a", real_first=False).fools(0)


def test_the_held_out_text_is_the_end_that_the_checkpoint_was_not_trained_on() -> None:
    corpus = CorpusInfo("sea", read_run_config(create("weaver")).sha256, len(TEXT), TEXT[:20])
    checkpoint = random_checkpoint(TEXT, corpus=corpus, training=TrainConfig(held_out=0.25))
    assert held_out_text("weaver", checkpoint)[:] == TEXT[-len(TEXT) // 4 :]
    checkpoint = random_checkpoint(TEXT, corpus=corpus, training=TrainConfig(held_out=0.0))
    with pytest.raises(CharloomError, match="none is held out"):
        held_out_text("weaver", checkpoint)
    with pytest.raises(CharloomError, match="not on this computer"):
        held_out_text("other", random_checkpoint())
