import dataclasses
import math
import tracemalloc
from itertools import islice
from typing import Any

import numpy as np
import pytest
import torch

from charloom.core.analysis.scoring import carried
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampled, Sampler, distribution, draw
from tests.core.model.test_numpy_lstm import Textbook
from tests.core.sampling.helpers import chances
from tests.helpers.factories import random_checkpoint


def bold(checkpoint: Checkpoint, factor: float = 6.0) -> Checkpoint:
    """Return the network with larger weights, for less uniform predictions."""
    larger = {n: t * np.float32(factor) for n, t in checkpoint.tensors.items()}
    return dataclasses.replace(checkpoint, tensors=larger)


def text_of(drawn: Any) -> str:
    return "".join(each.character for each in drawn)


def text(model: NumpyLSTM, seed: int, length: int = 60, **chosen: Any) -> str:
    return text_of(Completion(Sampler(model, "ab", SamplingConfig(**chosen), seed), length))


def test_a_stream_draws_from_the_distribution_of_the_network_s_logits() -> None:
    checkpoint = bold(random_checkpoint(layers=2))
    model = NumpyLSTM(checkpoint)
    chosen = SamplingConfig(0.9, top_k=9, top_p=0.95)
    prompt = "the loom "
    written = text_of(Completion(Sampler(model, prompt, chosen, 11), 200))
    ids = torch.from_numpy(checkpoint.vocab.encode(prompt + written))
    logits, _ = Textbook(checkpoint)(ids[None])
    uniform = np.random.Generator(np.random.PCG64(11)).random
    for place, character in enumerate(written, len(prompt)):
        weights = distribution(logits[0, place - 1].numpy(), chosen)
        assert checkpoint.vocab.chars[draw(weights, uniform())] == character


def test_temperature_zero_takes_the_argmax_of_torch() -> None:
    checkpoint = bold(random_checkpoint(hidden_size=16, seed=2))
    written = text_of(Completion(Sampler(NumpyLSTM(checkpoint), "a", SamplingConfig(0), 0), 80))
    ids = torch.from_numpy(checkpoint.vocab.encode("a" + written))
    logits, _ = Textbook(checkpoint)(ids[None])
    assert checkpoint.vocab.decode(logits[0, :-1].argmax(dim=1).numpy()) == written


def test_the_same_seed_gives_the_same_text_and_another_seed_another() -> None:
    model = NumpyLSTM(random_checkpoint())
    assert text(model, 7) == text(model, 7)
    assert text(model, 7) != text(model, 8)
    assert text(model, 2**63 - 1) == text(model, 2**63 - 1)


def test_a_shorter_text_is_the_beginning_of_a_longer_one() -> None:
    model = NumpyLSTM(random_checkpoint())
    assert text(model, 3, length=90).startswith(text(model, 3, length=10))
    assert text(model, 3, length=0) == ""


def test_settings_replaced_in_mid_stream_hold_from_the_next_character() -> None:
    model = NumpyLSTM(random_checkpoint())
    stream = Sampler(model, "ab", SamplingConfig(2.0), 4)
    start = text_of(islice(stream, 10))
    stream.config = SamplingConfig(0)
    rest = text_of(islice(stream, 10))
    assert start == text(model, 4, length=10, temperature=2.0)
    assert rest == text_of(Completion(Sampler(model, "ab" + start, SamplingConfig(0), 0), 10))


@pytest.mark.parametrize(
    "chosen", [SamplingConfig(1.0), SamplingConfig(0.6, 4, 0.9), SamplingConfig(3.0)]
)
def test_the_bits_of_what_is_drawn_are_those_that_scoring_finds(chosen: SamplingConfig) -> None:
    model = NumpyLSTM(bold(random_checkpoint(layers=2)))
    prompt = "of the warp"
    drawn = list(Completion(Sampler(model, prompt, chosen, 1), 400))
    bits = -sum(math.log2(each.probability) for each in drawn)
    whole, known = carried(model, prompt + text_of(drawn)), carried(model, prompt)
    scored = whole.bits_per_char * whole.characters - known.bits_per_char * known.characters
    assert bits == pytest.approx(scored, abs=1e-3)


def test_memory_does_not_grow_with_the_length_of_the_text() -> None:
    stream = Sampler(
        NumpyLSTM(random_checkpoint("ab", hidden_size=2, embedding_dim=2)), "a", SamplingConfig(), 0
    )

    def peak(characters: int) -> int:
        tracemalloc.reset_peak()
        for _ in range(characters):
            next(stream)
        return tracemalloc.get_traced_memory()[1]

    tracemalloc.start()
    try:
        peak(100)
        few, many = peak(1_000), peak(20_000)
    finally:
        tracemalloc.stop()
    assert many < few + 2_000


def test_a_long_prompt_is_read_in_pieces_to_the_same_effect() -> None:
    checkpoint = random_checkpoint()
    model = NumpyLSTM(checkpoint)
    prompt = "warp and weft\n" * 700
    whole = model.start()
    last = model.logits(checkpoint.vocab.encode(prompt)[None], whole)[0, -1]
    first = next(Sampler(model, prompt, SamplingConfig(0), 0))
    assert first.character == checkpoint.vocab.chars[int(last.argmax())]
    assert first.probability == pytest.approx(max(chances(last, 1)), rel=1e-5)


def test_memory_does_not_grow_with_the_length_of_the_prompt() -> None:
    model = NumpyLSTM(random_checkpoint("ab", hidden_size=2, embedding_dim=2))

    def peak(prompt: str) -> int:
        tracemalloc.reset_peak()
        Sampler(model, prompt, SamplingConfig(), 0)
        return tracemalloc.get_traced_memory()[1]

    short, long = "ab" * 5_000, "ab" * 25_000
    tracemalloc.start()
    try:
        peak(short)
        assert peak(long) < peak(short) + 20_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(("chars", "opening"), [("\t\nab", "\n"), ("ab ", " ")])
def test_an_empty_prompt_means_the_start_of_a_line(chars: str, opening: str) -> None:
    model = NumpyLSTM(random_checkpoint(chars))
    drawn = list(Completion(Sampler(model, "", SamplingConfig(), 5), 30))
    # the probabilities depend on the prompt
    assert drawn == list(Completion(Sampler(model, opening, SamplingConfig(), 5), 30))


def test_the_placeholder_is_never_drawn_however_likely() -> None:
    checkpoint = random_checkpoint("ab" + PLACEHOLDER, hidden_size=2)
    for lead in (3.0, 3000.0):
        checkpoint.tensors["head.bias"][2] = lead
        model = NumpyLSTM(checkpoint)
        for chosen in (SamplingConfig(0), SamplingConfig(1.0), SamplingConfig(1.5, 1, 0.5)):
            drawn = list(Completion(Sampler(model, "ab", chosen, 0), 50))
            assert set(text_of(drawn)) <= set("ab")
            assert all(0 < each.probability < 0.1 for each in drawn)


def test_the_placeholder_keeps_its_share_of_the_network_s_probability() -> None:
    checkpoint = random_checkpoint("ab" + PLACEHOLDER, hidden_size=2)
    model = NumpyLSTM(checkpoint)
    drawn = next(Completion(Sampler(model, "ab", SamplingConfig(1.0), 0), 1))
    state = model.start()
    logits = model.logits(checkpoint.vocab.encode("ab")[None], state)[0, -1]
    own = chances(logits, 1)[checkpoint.vocab.c2ix[drawn.character]]
    assert drawn.probability == pytest.approx(own, rel=1e-6)


def test_a_model_that_knows_only_the_placeholder_is_refused() -> None:
    with pytest.raises(CharloomError, match="knows only the placeholder"):
        Sampler(NumpyLSTM(random_checkpoint(PLACEHOLDER)), "", SamplingConfig(), 0)


def test_what_is_drawn_is_a_character_and_a_probability() -> None:
    drawn = next(Sampler(NumpyLSTM(random_checkpoint()), "a", SamplingConfig(), 0))
    assert isinstance(drawn, Sampled)
    assert len(drawn.character) == 1
    assert 0 < drawn.probability < 1


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0])
def test_a_seed_out_of_range_is_refused(seed: Any) -> None:
    with pytest.raises(CharloomError, match="‘seed’"):
        Sampler(NumpyLSTM(random_checkpoint()), "a", SamplingConfig(), seed)


def test_a_prompt_with_unknown_characters_is_refused() -> None:
    with pytest.raises(CharloomError, match="'☃'"):
        Sampler(NumpyLSTM(random_checkpoint()), "a☃", SamplingConfig(), 0)
