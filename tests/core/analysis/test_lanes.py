import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.analysis.lanes import Lanes, Mean, mean


@given(st.integers(1, 3_000_000), st.integers(1, 300), st.sampled_from([16, 64, 512]))
def test_lanes_are_a_partition_of_the_windows(predictions: int, window: int, most: int) -> None:
    lanes = Lanes.plan(predictions, None, most, window)
    windows = math.ceil(predictions / window)
    assert (lanes.first[0], lanes.last[-1]) == (0, windows)
    assert (lanes.first[1:] == lanes.last[:-1]).all()
    lengths = lanes.last - lanes.first
    assert lengths.max() - lengths.min() <= 1 and lanes.rows == lengths.max()
    assert len(lengths) in (windows, *(16 << k for k in range(6))) and len(lengths) <= most


@given(st.integers(2, 3_000_000), st.integers(1, 3_000_000))
def test_with_a_limit_each_lane_reads_equally_much(predictions: int, limit: int) -> None:
    lanes = Lanes.plan(predictions, limit)
    if limit < predictions - 256:
        read = len(lanes.first) * lanes.rows * 256
        assert limit <= read < limit + 256 * (len(lanes.first) + 1)
    if len(lanes.first) >= 16:  # shorter readings are part of longer ones
        assert set(lanes.first) <= set(Lanes.plan(predictions).first)


def test_the_mean_of_lanes_has_the_standard_error_of_the_mean_of_their_means() -> None:
    losses = np.random.default_rng(0).normal(2.0, 0.5, (32, 100))
    result = mean(losses.sum(axis=1), np.full(32, 100))
    assert result.nats == pytest.approx(losses.mean())
    assert result.characters == 3_200
    expected = losses.mean(axis=1).std(ddof=1) / math.sqrt(32)
    assert result.standard_error == pytest.approx(expected)


def test_lanes_that_count_nothing_do_not_matter() -> None:
    sums, counts = np.array([3.0, 0.0, 5.0]), np.array([2, 0, 2])
    assert mean(sums, counts) == mean(sums[::2], counts[::2])


def test_a_loss_is_certain_if_enough_was_read_and_its_error_is_small() -> None:
    assert Mean(1.0, 0.002, 1 << 19).is_certain
    assert not Mean(1.0, 0.0021, 1 << 19).is_certain
    assert not Mean(1.0, 0.001, (1 << 19) - 1).is_certain
    assert not Mean(1.0, None, 1 << 19).is_certain


def test_the_characters_that_make_a_loss_certain_grow_with_the_square_of_its_error() -> None:
    least, most = 1 << 19, 1 << 21
    assert Mean(1.0, 0.004, 250_000).needed(most) == 1_000_000
    assert Mean(1.0, 0.04, 250_000).needed(most) == Mean(1.0, None, 9).needed(most) == most
    assert Mean(1.0, 0.002, 24_000).needed(most) == least
    assert Mean(1.0, 0.002, 24_000).needed(30_000) == 30_000
