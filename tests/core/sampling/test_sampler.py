import dataclasses
import math
import tracemalloc
from collections import Counter
from itertools import accumulate, islice
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charloom.core.analysis.scoring import carried
from charloom.core.data.vocab import PLACEHOLDER
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampled, Sampler, distribution, draw
from tests.core.model.test_numpy_lstm import Textbook
from tests.helpers.factories import random_checkpoint

LOGITS = st.lists(
    st.one_of(st.floats(-30, 30, width=32), st.sampled_from([0.0, 1.0])), min_size=1, max_size=12
).map(lambda values: np.array(values, np.float32))
SETTINGS = st.builds(
    SamplingConfig,
    st.one_of(st.just(0.0), st.just(1.0), st.floats(0.05, 10)),
    st.integers(0, 14),
    st.one_of(st.just(1.0), st.floats(0.01, 1)),
    st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1)),
)


def bold(checkpoint: Checkpoint, factor: float = 6.0) -> Checkpoint:
    """Return the network with larger weights, for less uniform predictions."""
    larger = {n: t * np.float32(factor) for n, t in checkpoint.tensors.items()}
    return dataclasses.replace(checkpoint, tensors=larger)


def text_of(drawn: Any) -> str:
    return "".join(each.character for each in drawn)


def text(model: NumpyLSTM, seed: int, length: int = 60, **chosen: Any) -> str:
    return text_of(Completion(Sampler(model, "ab", SamplingConfig(**chosen), seed), length))


def chances(logits: NDArray[np.float32], temperature: float) -> list[float]:
    """Softmax at a temperature, slowly."""
    scaled = [float(each) / temperature for each in logits]
    exponentials = [math.exp(each - max(scaled)) for each in scaled]
    return [each / math.fsum(exponentials) for each in exponentials]


@settings(max_examples=200, deadline=None)
@given(LOGITS, SETTINGS)
def test_the_distribution_is_softmax_cut_by_top_k_then_by_top_p_then_by_min_p(
    logits: NDArray[np.float32], chosen: SamplingConfig
) -> None:
    found = distribution(logits, chosen)
    assert found.dtype == np.float64
    assert math.isclose(found.sum(), 1)
    # Differences to the maximum: logits with equal differences are equally likely.
    below = [float(logits.max()) - float(logit) for logit in logits]
    likeliest = sorted(range(len(logits)), key=lambda ix: (below[ix], ix))
    if chosen.temperature == 0:
        assert np.flatnonzero(found).tolist() == likeliest[:1]
        return
    full = chances(logits, chosen.temperature)
    survivors = likeliest[: chosen.top_k] if chosen.top_k else likeliest
    mass = math.fsum(full[ix] for ix in survivors)
    running = 0.0
    for place, ix in enumerate(survivors):
        beyond = running / mass - chosen.top_p if chosen.top_p < 1 else -1.0
        short = chosen.min_p - full[ix] / max(full)  # relative to the likeliest
        if place == 0 or (beyond < -1e-9 and (short < -1e-9 or chosen.min_p == 0)):
            assert found[ix] > 0 or full[ix] < 1e-300
        elif beyond > 1e-9 or short > 1e-9:
            assert found[ix] == 0
        running += full[ix]
    assert not found[[ix for ix in likeliest if ix not in survivors]].any()
    kept = np.flatnonzero(found)
    expected = np.array([full[ix] for ix in kept])
    np.testing.assert_allclose(found[kept], expected / expected.sum(), rtol=1e-9)


@pytest.mark.parametrize(
    ("chosen", "kept"),
    [
        (SamplingConfig(1.0, top_k=2), [1, 3]),
        (SamplingConfig(1.0, top_p=0.5), [1, 3]),  # 0.3 + 0.3 is the first sum to reach 0.5
        (SamplingConfig(1.0, top_p=0.29), [1]),
        (SamplingConfig(1.0, top_p=1e-9), [1]),
        (SamplingConfig(1.0, top_k=3, top_p=0.7), [1, 3]),  # 0.6 of 0.8 is 0.75
        (SamplingConfig(1.0, top_p=0.7), [1, 3, 0]),
        (SamplingConfig(1.0, top_k=99), [0, 1, 2, 3]),
        (SamplingConfig(1.0, min_p=0.6), [0, 1, 2, 3]),  # 0.2 is two thirds of 0.3
        (SamplingConfig(1.0, min_p=0.7), [1, 3]),
        (SamplingConfig(0.5, min_p=0.6), [1, 3]),  # 4/9
        (SamplingConfig(3.0, min_p=0.8), [0, 1, 2, 3]),  # 0.874
        (SamplingConfig(1.0, min_p=1.0), [1, 3]),
        (SamplingConfig(1.0, top_k=3, min_p=0.6), [0, 1, 3]),
        (SamplingConfig(1.0, top_p=0.7, min_p=0.6), [0, 1, 3]),  # min-p alone would keep all
        (SamplingConfig(1.0, top_p=0.61, min_p=0.7), [1, 3, 0][:2]),
        (SamplingConfig(0.0, min_p=1.0), [1]),
        (SamplingConfig(0.0), [1]),
        (SamplingConfig(1e-300), [1, 3]),
    ],
)
def test_these_characters_are_kept(chosen: SamplingConfig, kept: list[int]) -> None:
    logits = np.log(np.array([0.2, 0.3, 0.2, 0.3])).astype(np.float32)
    assert sorted(np.flatnonzero(distribution(logits, chosen))) == sorted(kept)


def test_of_equal_characters_top_k_keeps_those_with_the_lowest_ids() -> None:
    kept = distribution(np.zeros(10, np.float32), SamplingConfig(1.0, top_k=3))
    np.testing.assert_allclose(kept, [1 / 3] * 3 + [0] * 7)


def test_logits_of_any_size_give_a_distribution() -> None:
    largest = np.finfo(np.float32).max
    logits = np.array([-largest, largest, 0, largest], np.float32)
    for chosen in (SamplingConfig(1.0), SamplingConfig(1e-300), SamplingConfig(10.0, 3, 0.9)):
        np.testing.assert_array_equal(distribution(logits, chosen), [0, 0.5, 0, 0.5])


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.sampled_from([0.0, 1e-300, 1e-9, 0.1, 0.3, 1.0, 1 / 3]), min_size=1, max_size=9),
    st.one_of(st.floats(0, 1, exclude_max=True), st.just(math.nextafter(1, 0))),
)
def test_a_draw_is_where_the_cdf_first_exceeds_the_uniform_and_never_at_a_zero(
    weights: list[float], uniform: float
) -> None:
    if not any(weights):
        weights[-1] = 1.0
    drawn = draw(np.array(weights), uniform)
    assert weights[drawn] > 0
    cdf = [0.0, *accumulate(weights)]
    assert cdf[drawn] <= uniform * cdf[-1] < cdf[drawn + 1]


@pytest.mark.parametrize(
    "chosen",
    [
        SamplingConfig(1.0),
        SamplingConfig(0.7),
        SamplingConfig(1.3, top_k=5),
        SamplingConfig(1.0, top_p=0.8),
        SamplingConfig(1.0, min_p=0.3),
    ],
)
def test_characters_come_as_often_as_the_distribution_says(chosen: SamplingConfig) -> None:
    draws = 20_000
    random = np.random.default_rng(5)
    probabilities = distribution(random.normal(size=12).astype(np.float32), chosen)
    uniforms = random.random(draws)
    counts = Counter(draw(probabilities, uniform) for uniform in uniforms)
    possible = np.flatnonzero(probabilities)
    assert set(counts) <= set(possible.tolist())
    observed = np.array([counts[ix] for ix in possible.tolist()])
    expected = probabilities[possible] * draws
    chi_square = float(((observed - expected) ** 2 / expected).sum())
    freedom = len(possible) - 1
    # the 99.9th percentile of chi-square, after Wilson & Hilferty (1931)
    assert chi_square < freedom * (1 - 2 / (9 * freedom) + 3.09 * (2 / (9 * freedom)) ** 0.5) ** 3


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


@pytest.mark.parametrize(
    "wrong",
    [
        {"temperature": -0.1},
        {"temperature": 10.01},
        {"temperature": math.nan},
        {"temperature": math.inf},
        {"temperature": "1"},
        {"temperature": True},
        {"top_k": -1},
        {"top_k": 1.5},
        {"top_p": 0},
        {"top_p": 1.01},
        {"top_p": math.nan},
        {"words": "some"},
        {"min_p": -0.01},
        {"min_p": 1.01},
        {"min_p": math.nan},
    ],
)
def test_a_setting_out_of_range_is_refused_by_its_name(wrong: dict[str, Any]) -> None:
    with pytest.raises(CharloomError, match="‘" + next(iter(wrong)).replace("_", "-")):
        SamplingConfig(**wrong)


@pytest.mark.parametrize("seed", [-1, 2**63, 1.0])
def test_a_seed_out_of_range_is_refused(seed: Any) -> None:
    with pytest.raises(CharloomError, match="‘seed’"):
        Sampler(NumpyLSTM(random_checkpoint()), "a", SamplingConfig(), seed)


def test_a_prompt_with_unknown_characters_is_refused() -> None:
    with pytest.raises(CharloomError, match="'☃'"):
        Sampler(NumpyLSTM(random_checkpoint()), "a☃", SamplingConfig(), 0)
