from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.data.permutation import Permutation


@given(size=st.integers(1, 3_000), seed=st.integers(0, 2**63 - 1), epoch=st.integers(0, 1_000))
def test_every_number_comes_exactly_once(size: int, seed: int, epoch: int) -> None:
    order = Permutation(size, seed, epoch)[:]
    assert sorted(order.tolist()) == list(range(size))


@given(size=st.integers(1, 3_000), ends=st.tuples(st.integers(0, 3_000), st.integers(0, 3_000)))
def test_a_part_is_that_part_of_the_whole(size: int, ends: tuple[int, int]) -> None:
    order = Permutation(size, 1)
    assert order[ends[0] : ends[1]].tolist() == order[:].tolist()[ends[0] : ends[1]]


@pytest.mark.parametrize("size", [7, 100, 65_537])
def test_each_key_gives_another_order_and_the_same_key_the_same(size: int) -> None:
    orders = {tuple(Permutation(size, seed, epoch)[:]) for seed in range(3) for epoch in range(3)}
    assert len(orders) == 9
    assert tuple(Permutation(size, 2, 2)[:]) in orders


def test_all_orders_of_a_few_numbers_come_equally_often() -> None:
    keys = 12_000
    counts = Counter(tuple(Permutation(4, key)[:]) for key in range(keys))
    assert len(counts) == 24
    expected = keys / 24
    chi_squared = sum((count - expected) ** 2 / expected for count in counts.values())
    assert chi_squared < 60  # of 23 degrees of freedom: exceeded once in 40,000 times


def test_neighbours_are_far_apart_as_in_a_random_order() -> None:
    size = 1_000_003
    gaps = np.abs(np.diff(Permutation(size, 5)[:100_000])) / size
    assert abs(float(gaps.mean()) - 1 / 3) < 0.01  # the mean distance of two random places
    assert abs(float((gaps < 0.1).mean()) - 0.19) < 0.01


def test_an_order_beyond_memory_is_computed_in_parts() -> None:
    size = 10**15
    part = Permutation(size, 3)[size - 1_000 :]
    assert len(set(part.tolist())) == 1_000
    assert 0 <= part.min() < size // 10 and 9 * (size // 10) < part.max() < size
