"""The distribution that characters are drawn from: softmax, cut by top-k, top-p and min-p."""

import math
from collections import Counter
from itertools import accumulate
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import distribution, draw
from tests.core.sampling.helpers import LOGITS, SETTINGS, chances


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
