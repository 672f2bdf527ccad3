"""Each text of a batch equals that of a sampler of its own."""

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.batched import BatchSampler
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.ending import Ending
from charloom.core.sampling.sampler import Sampled, Sampler
from tests.core.sampling.test_sampler import SETTINGS, bold
from tests.helpers.factories import random_checkpoint

MODEL = NumpyLSTM(bold(random_checkpoint(hidden_size=24), 3.0))
PROMPT = "the sea "


def text_of(drawn: Iterable[Sampled]) -> str:
    return "".join(each.character for each in drawn)


def alone(model: NumpyLSTM, chosen: SamplingConfig, seed: int, length: int) -> list[Sampled]:
    return list(islice(Sampler(model, PROMPT, chosen, seed), length))


def same(ours: list[Sampled], theirs: list[Sampled]) -> None:
    """Assert equal characters, and probabilities that are equal up to rounding."""
    assert text_of(ours) == text_of(theirs)
    one, other = ([each.probability for each in drawn] for drawn in (ours, theirs))
    np.testing.assert_allclose(one, other, rtol=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(SETTINGS, st.integers(0, 2**63 - 1)), min_size=1, max_size=9))
def test_each_text_is_the_one_its_settings_and_seed_give_alone(
    chosen: list[tuple[SamplingConfig, int]],
) -> None:
    streams = BatchSampler(MODEL, PROMPT, *map(list, zip(*chosen, strict=True)))
    for text, (how, seed) in zip(streams.lanes, chosen, strict=True):
        same(list(islice(text, 40)), alone(MODEL, how, seed, 40))


@pytest.mark.parametrize("layers", [1, 2])
def test_sixty_four_long_texts_of_a_model_with_opinions(layers: int) -> None:
    made = random_checkpoint(hidden_size=64, layers=layers)
    made.tensors["head.weight"][:] *= 6
    model = NumpyLSTM(made)
    streams = BatchSampler(model, PROMPT, [SamplingConfig()] * 64, range(64))
    for seed, text in enumerate(streams.lanes):
        same(list(islice(text, 300)), alone(model, SamplingConfig(), seed, 300))


def test_where_rounding_would_decide_a_stream_of_its_own_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every draw counts as ambiguous, and the batched network is always wrong."""
    monkeypatch.setattr("charloom.core.sampling.batched._ROUNDING", 1e3)

    class Rounding(NumpyLSTM):
        def step(self, ids: Any, state: Any) -> Any:
            logits = super().step(ids, state)
            return logits if len(ids) == 1 else logits[:, ::-1]

    model = Rounding(random_checkpoint(hidden_size=24))
    streams = BatchSampler(
        model,
        PROMPT,
        [
            SamplingConfig(),
            SamplingConfig(1.0, 5),
            SamplingConfig(1.0, 0, 0.7),
            SamplingConfig(1.0, min_p=0.9),
        ],
        [3, 4, 5, 6],
    )
    for seed, text in enumerate(streams.lanes, start=3):
        how = streams.config(seed - 3)
        assert text_of(islice(text, 50)) == text_of(alone(model, how, seed, 50))


def test_texts_are_read_in_any_order_and_to_any_length() -> None:
    streams = BatchSampler(MODEL, PROMPT, [SamplingConfig()] * 3, [5, 6, 7])
    second, first = streams.lanes[1], streams.lanes[0]
    start = list(islice(second, 30))
    same(list(islice(first, 70)), alone(MODEL, SamplingConfig(), 5, 70))
    same([*start, *islice(second, 10)], alone(MODEL, SamplingConfig(), 6, 40))


def test_settings_may_change_on_the_way() -> None:
    streams = BatchSampler(MODEL, PROMPT, [SamplingConfig()] * 2, [5, 6])
    lone = Sampler(MODEL, PROMPT, SamplingConfig(), 5)
    text = streams.lanes[0]
    same(list(islice(text, 10)), list(islice(lone, 10)))
    text.config = lone.config = SamplingConfig(1.5, 4)
    same(list(islice(text, 20)), list(islice(lone, 20)))
    same(list(islice(streams.lanes[1], 30)), alone(MODEL, SamplingConfig(), 6, 30))


def test_equals_are_cut_alike() -> None:
    flat = random_checkpoint()
    flat.tensors["head.weight"][:] = 0
    flat.tensors["head.bias"][:] = 0
    model = NumpyLSTM(flat)
    chosen = [SamplingConfig(0), SamplingConfig(1.0, 3), SamplingConfig(1.0, 0, 0.5)]
    chosen.append(SamplingConfig(1.0, min_p=1.0))
    streams = BatchSampler(model, PROMPT, chosen, [1, 2, 3, 4])
    for how, seed, text in zip(chosen, [1, 2, 3, 4], streams.lanes, strict=True):
        assert text_of(islice(text, 40)) == text_of(alone(model, how, seed, 40))


def test_a_draft_of_one_of_them_ends_at_its_stop_string() -> None:
    whole = text_of(alone(MODEL, SamplingConfig(), 1, 60))
    stop = whole[30:33]
    streams = BatchSampler(MODEL, PROMPT, [SamplingConfig()] * 2, [0, 1])
    assert text_of(Completion(streams.lanes[1], 60, Ending(stop))) == whole[: whole.index(stop)]


def test_the_placeholder_is_never_drawn() -> None:
    model = NumpyLSTM(random_checkpoint(f"ab{PLACEHOLDER}"))
    streams = BatchSampler(model, "ab", [SamplingConfig(3.0)] * 4, range(4))
    for seed, text in enumerate(streams.lanes):
        drawn = text_of(islice(text, 80))
        assert PLACEHOLDER not in drawn
        assert drawn == text_of(islice(Sampler(model, "ab", SamplingConfig(3.0), seed), 80))


@pytest.mark.parametrize(("prompt", "seeds"), [("☃", [0, 1]), ("the", [0, -1])])
def test_what_a_stream_refuses_is_refused(prompt: str, seeds: list[int]) -> None:
    with pytest.raises(CharloomError) as alone_refused:
        for seed in seeds:
            Sampler(MODEL, prompt, SamplingConfig(), seed)
    with pytest.raises(CharloomError, match=re.escape(str(alone_refused.value))):
        BatchSampler(MODEL, prompt, [SamplingConfig()] * 2, seeds)
