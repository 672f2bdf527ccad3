"""Texts of known words: masks against brute force, and what samplers write with them."""

from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.data.vocab import PLACEHOLDER, Vocab
from charloom.core.data.words import find_words, pack_words
from charloom.core.errors import CharloomError
from charloom.core.model.known_words import KnownWords
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion, generate
from charloom.core.sampling.config import SamplingChange, SamplingConfig
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Sampled, Sampler
from tests.core.data.test_words import written_forms
from tests.core.sampling.test_sampler import bold
from tests.helpers.factories import random_checkpoint

CHARS = "abcAB'’- .1\n"
TEXT = "ab cab a'b b'c-a Ba cc A"
KNOWN = SamplingConfig(1.5, words="known")
MODEL = NumpyLSTM(bold(random_checkpoint(CHARS + PLACEHOLDER, words=pack_words(TEXT, CHARS)), 3.0))


def text_of(sampler: Iterable[Sampled], length: int = 200) -> str:
    return "".join(sampled.character for sampled in islice(sampler, length))


def all_known(text: str, forms: set[str]) -> bool:
    return all(match[0].replace("’", "'") in forms for match in find_words(text))


@settings(max_examples=300, deadline=None)
@given(st.lists(st.text("abcAB'", min_size=1, max_size=4), max_size=5), st.text(CHARS, max_size=6))
def test_a_mask_lets_through_what_can_become_known_words(known: list[str], text: str) -> None:
    """By brute force: every end of every word is tried after every character."""
    known = [match[0] for word in known for match in find_words(word)]
    vocab = Vocab.from_text(CHARS)
    masks = KnownWords(pack_words(" ".join(known), CHARS), vocab)
    last = masks.read(text)  # the words before it do not matter
    forms = written_forms(known)
    ends = {"", *(form[start:] for form in forms for start in range(1, len(form)))}
    allowed = [
        any(all_known(last + character + end + " ", forms) for end in ends)
        for character in vocab.chars
    ]
    mask = masks.mask(last)
    assert (mask is None) == (not any(allowed))
    if mask is not None:
        assert [value == 0 for value in mask.tolist()] == allowed
        assert np.isneginf(mask[~np.array(allowed)]).all()


def test_the_unfinished_word_is_read_character_by_character() -> None:
    masks = KnownWords(b"", Vocab.from_text(CHARS))
    for text, word in (
        ("ab", "ab"),
        ("ab ca", "ca"),
        ("ab’c", "ab'c"),
        ("ab'", "ab'"),
        ("ab''", ""),
        ("'a", "a"),
        ("a-b1", ""),
        ("a" * 90, "a" * 65),
    ):
        assert masks.read(text) == word
        assert masks.read(text[2:], masks.read(text[:2])) == word


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("cut", [{}, {"top_k": 3}, {"top_p": 0.7}, {"min_p": 0.2}])
def test_every_word_of_a_text_is_known(seed: int, cut: dict[str, Any]) -> None:
    config = SamplingConfig(2.0, words="known", **cut)
    text = text_of(Sampler(MODEL, "ab ", config, seed), 400)
    complete = text[: max(map(text.rfind, " .1-\n"))]
    assert len(set(find_words(complete))) > 20
    assert all_known(complete, written_forms([match[0] for match in find_words(TEXT)]))
    assert MODEL.known_words
    assert MODEL.known_words.find_unknown("ab ", text) == []
    plain = text_of(Sampler(MODEL, "ab ", SamplingConfig(2.0), seed), 400)
    assert len(MODEL.known_words.find_unknown("ab ", plain)) > 20


def test_a_word_that_cannot_be_continued_goes_on_freely_and_is_found() -> None:
    assert MODEL.known_words
    text = text_of(Sampler(MODEL, "ab ccc", KNOWN, 1))
    (first, *_) = find_words("ab ccc" + text)
    (unknown,) = MODEL.known_words.find_unknown("ab ccc", text)
    assert ("ab ccc" + text).startswith("ab " + unknown) and first[0] == "ab"
    assert MODEL.known_words.find_unknown("ab c", "ab cc, ca") == []  # "ca" may become "cab"


def test_probabilities_stay_those_of_the_network() -> None:
    drawn = list(islice(Sampler(MODEL, "ab ", KNOWN, 3), 50))
    free = Sampler(MODEL, "ab " + "".join(s.character for s in drawn[:40]), SamplingConfig(), 3)
    logits = MODEL.step((free.last_id,), free.state)[0].astype(np.float64)
    softmax = np.exp(logits - logits.max()) / np.exp(logits - logits.max()).sum()
    assert drawn[40].probability == pytest.approx(softmax[MODEL.vocab.c2ix[drawn[40].character]])


def test_the_switch_may_be_turned_on_the_way_and_the_text_is_reproduced() -> None:
    steered = Completion(Sampler(MODEL, "ab ", SamplingConfig(1.5), 3), 200)
    start = "".join(sampled.character for sampled in islice(steered, 50))
    steered.config = KNOWN
    text = start + text_of(steered)
    assert steered.changes == (SamplingChange(50, 1.5, 0, 1.0, words="known"),)
    sampler = Sampler(MODEL, "ab ", SamplingConfig(1.5), 3)
    assert text_of(Completion(sampler, 200, Ending(), steered.changes)) == text
    assert text[50:] != text_of(Sampler(MODEL, "ab ", SamplingConfig(1.5), 3))[50:]


def test_a_model_without_a_list_is_told_so() -> None:
    model = NumpyLSTM(random_checkpoint())
    assert model.known_words is None
    with pytest.raises(CharloomError, match="no list of known words"):
        generate(model, "a", 5, KNOWN)
    sampler = Sampler(model, "a", SamplingConfig(), 0)
    sampler.config = KNOWN
    with pytest.raises(CharloomError, match="no list of known words"):
        next(sampler)
