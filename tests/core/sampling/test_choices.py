"""What may come next, and characters that the user chooses instead of a drawn one."""

import math
from collections.abc import Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation, format_generations
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import Choice, SamplingConfig
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Prediction, Sampled, Sampler
from tests.core.sampling.helpers import LOGITS, SETTINGS, chances
from tests.core.sampling.test_known_words import KNOWN
from tests.core.sampling.test_known_words import MODEL as WITH_WORDS
from tests.core.sampling.test_sampler import bold
from tests.helpers.factories import random_checkpoint
from tests.helpers.generations import generation

MODEL = NumpyLSTM(bold(random_checkpoint("ab. \n", hidden_size=4, embedding_dim=3)))
ENDINGS = st.builds(
    Ending,
    st.lists(st.text("ab.", min_size=1, max_size=3), max_size=2),
    st.booleans(),
    st.sampled_from(["", "sentence", "line"]),
)


def text_of(sampled: Iterable[Sampled]) -> str:
    return "".join(each.character for each in sampled)


def completion(length: int, ending: Ending, choices: Iterable[Choice] = ()) -> Completion:
    return Completion(Sampler(MODEL, "ab", SamplingConfig(2.0), 5), length, ending, (), choices)


def prediction(logits: list[float]) -> Prediction:
    network = NumpyLSTM(random_checkpoint("".join(map(chr, range(97, 97 + len(logits))))))
    return Prediction(network, np.array(logits) - max(logits), "", None)


# The options


@settings(max_examples=200, deadline=None)
@given(LOGITS, SETTINGS)
def test_options_have_the_probabilities_of_a_softmax_at_the_temperature_and_the_cuts(
    logits: np.ndarray, config: SamplingConfig
) -> None:
    values = [float(each) for each in logits]
    options = prediction(values).options(config, len(values))
    shifted = [value - max(values) for value in values]  # which may make some equal
    order = sorted(range(len(values)), key=lambda i: -shifted[i])  # of equals, the lowest id
    assert [ord(option.character) - 97 for option in options] == order
    if config.temperature == 0:
        assert [option.probability for option in options] == [1.0] + [0.0] * (len(values) - 1)
        assert [option.kept for option in options] == [True] + [False] * (len(values) - 1)
        return
    uncut = chances(logits, config.temperature)
    kept = order[: config.top_k or None]
    if config.top_p < 1:
        mass = math.fsum(uncut[i] for i in kept)
        ends = [sum(uncut[i] for i in kept[:n]) / mass for n in range(len(kept))]
        if any(math.isclose(end, config.top_p) for end in ends):
            return  # rounding decides
        kept = [i for i, end in zip(kept, ends, strict=True) if end < config.top_p]
    if any(math.isclose(uncut[i], config.min_p * uncut[order[0]]) for i in kept[1:]):
        return
    kept = [i for i in kept if uncut[i] >= config.min_p * uncut[order[0]] and uncut[i] > 0]
    mass = math.fsum(uncut[i] for i in kept)
    for i, option in zip(order, options, strict=True):
        assert option.kept is (i in kept) or uncut[i] < 1e-300
        expected = uncut[i] / mass if option.kept else uncut[i]
        assert option.probability == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_the_likeliest_five_of_many_are_those_of_torch() -> None:
    import torch

    sampler = Sampler(MODEL, "ab", SamplingConfig(0.7), 3)
    text = text_of(next(sampler) for _ in range(20))
    state, ids = MODEL.start(), MODEL.vocab.encode("ab" + text)
    logits = torch.from_numpy(np.array(MODEL.logits(ids[None], state)[0][-1]))
    expected = torch.softmax(logits.double() / 0.7, 0).topk(3)
    options = sampler.predict().options(SamplingConfig(0.7), 3)
    assert [option.character for option in options] == [
        MODEL.vocab.chars[i] for i in expected.indices.tolist()
    ]
    assert [option.probability for option in options] == pytest.approx(
        expected.values.tolist(), rel=1e-5
    )


def test_characters_that_lead_to_no_known_word_are_cut_and_come_last() -> None:
    sampler = Sampler(WITH_WORDS, "ab c", KNOWN, 3)
    options = sampler.predict().options(KNOWN, 30)
    assert [option.kept for option in options] == sorted([o.kept for o in options], reverse=True)
    # The words of the text that begin with c: "cab" and "cc".
    assert {option.character for option in options if option.kept} == {"a", "c"}
    assert math.fsum(option.probability for option in options if option.kept) == pytest.approx(1)
    assert len(options) == len(WITH_WORDS.vocab) - 1
    assert PLACEHOLDER not in {option.character for option in options}


def test_looking_at_a_prediction_changes_nothing_of_the_text() -> None:
    plain = Sampler(MODEL, "ab", SamplingConfig(2.0), 5)
    watched = Sampler(MODEL, "ab", SamplingConfig(2.0), 5)
    sampled = []
    for _ in range(50):
        seen = watched.predict()
        copied = seen.logits.copy()
        watched.predict().options(SamplingConfig(1.0, 1), 5)
        fork = watched.fork(5)
        assert next(fork).character in MODEL.vocab.chars
        sampled.append(next(watched))
        assert np.array_equal(seen.logits, copied)
    assert sampled == [next(plain) for _ in range(50)]


# Choices


def test_after_a_choice_the_text_continues_as_if_it_had_been_read() -> None:
    sampler = Sampler(MODEL, "ab", SamplingConfig(0), 0)
    start = text_of(next(sampler) for _ in range(10))
    options = sampler.predict().options(SamplingConfig(1.0), 5)
    chosen = options[3]
    sampled = sampler.take(chosen.character)
    assert sampled.character == chosen.character
    assert sampled.probability == pytest.approx(chosen.probability)
    rest = text_of(next(sampler) for _ in range(10))
    other = Sampler(MODEL, "ab" + start + chosen.character, SamplingConfig(0), 0)
    assert rest == text_of(next(other) for _ in range(10))


def test_to_choose_what_would_be_drawn_changes_nothing() -> None:
    drawn = [next(s) for s in [Sampler(MODEL, "ab", SamplingConfig(2.0), 5)] for _ in range(60)]
    sampler = Sampler(MODEL, "ab", SamplingConfig(2.0), 5)
    taken = [sampler.take(s.character if n % 3 else "") for n, s in enumerate(drawn)]
    assert taken == drawn


def test_a_choice_that_the_model_does_not_know_is_refused() -> None:
    with pytest.raises(CharloomError):
        Sampler(MODEL, "ab", SamplingConfig(), 0).take("☃")


@settings(max_examples=300, deadline=None)
@given(ENDINGS, st.integers(0, 30), st.dictionaries(st.integers(0, 40), st.sampled_from("ab. \n")))
def test_a_text_with_choices_is_written_again_from_them(
    ending: Ending, length: int, chosen: dict[int, str]
) -> None:
    steps = completion(length, ending)
    text, number = "", 0
    while not steps.done:
        text += text_of(steps.step(chosen.get(number, "")))
        number += 1
    assert {at: c for at, c in chosen.items() if at < number} == dict(steps.choices)
    again = completion(length, ending, steps.choices)
    assert text_of(again) == text and again.choices == steps.choices
    # As the app does with a text that the user stops:
    for end in range(0, number, 7):
        stopped, early = completion(length, ending), ""
        for at in range(end):
            early += text_of(stopped.step(chosen.get(at, "")))
        if not stopped.done:
            short = Ending(ending.stop, ending.keep_stop)
            assert text_of(completion(len(early), short, stopped.choices)) == early


def test_held_back_characters_are_pending() -> None:
    steps = completion(20, Ending("ab.", keep_stop=False))
    assert (steps.step("a"), steps.pending) == ([], "a")
    assert (steps.step("b"), steps.pending) == ([], "ab")
    assert (text_of(steps.step("b")), steps.pending) == ("abb", "")


# Storage


def test_choices_are_read_from_lists_and_exported() -> None:
    made: Generation = generation(choices=[[0, "a"], (7, "\n")])
    assert made.choices == (Choice(0, "a"), Choice(7, "\n"))
    assert "chosen 1 'a', 8 '\\n'" in format_generations([made], "txt")


@pytest.mark.parametrize(
    "choices",
    [[[0]], [[0, ""]], [[0, "ab"]], [[-1, "a"]], [[1, "a"], [1, "b"]], [[True, "a"]], 5, [[0, 1]]],
)
def test_choices_that_are_none_are_refused(choices: object) -> None:
    with pytest.raises(CharloomError, match=r"^The choices in a generation are lists of .*\.$"):
        generation(choices=choices)
