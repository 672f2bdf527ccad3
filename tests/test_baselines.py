import math
from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import baselines


def ids(text: str) -> "np.typing.NDArray[np.int64]":
    return np.array([ord(character) - ord("a") for character in text], np.int64)


def directly(train: str, held_out: str, vocab_size: int) -> float:
    """Compute the same character by character, as the formula is written."""
    pairs, singles = Counter(pairwise(train)), Counter(train)
    total = 0.0
    for a, b in pairwise(held_out):
        single = (singles[b] + 1) / (len(train) + vocab_size)
        followers = [count for (first, _), count in pairs.items() if first == a]
        weight = len(followers)
        chance = (pairs[a, b] + weight * single) / (sum(followers) + weight) if weight else single
        total -= math.log(chance)
    return total / (len(held_out) - 1)


def test_guessing_evenly_costs_the_logarithm_of_the_vocabulary() -> None:
    assert baselines.uniform(1) == 0
    assert baselines.uniform(64) == pytest.approx(6 * math.log(2))


def test_a_small_text_worked_by_hand() -> None:
    # In "abab" b follows a twice, and nothing else does; c, of which there is none, has 1 in 4 + 3.
    after_a = (2 + 1 * 3 / 7) / (2 + 1)
    after_b = (1 + 1 * 3 / 7) / (1 + 1)
    assert baselines.bigram(ids("abab"), ids("ab"), 3) == pytest.approx(-math.log(after_a))
    hard = (-math.log(after_a) - math.log(after_b) - math.log((0 + 1 / 7) / 3)) / 3
    assert baselines.bigram(ids("abab"), ids("abac"), 3) == pytest.approx(hard)


def test_after_a_character_that_is_new_the_next_is_guessed_from_the_letters_alone() -> None:
    assert baselines.bigram(ids("aab"), ids("ca"), 3) == pytest.approx(-math.log(3 / 6))
    assert baselines.bigram(ids("aab"), ids("ba"), 3) == pytest.approx(-math.log(3 / 6))  # its end


@given(
    train=st.text("abcdef", min_size=1, max_size=200),
    held_out=st.text("abcdefg", min_size=2, max_size=80),
)
def test_it_is_what_the_formula_says_of_any_text(train: str, held_out: str) -> None:
    expected = directly(train, held_out, 7)
    assert baselines.bigram(ids(train), ids(held_out), 7) == pytest.approx(expected)


def test_a_long_text_is_counted_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    train, held_out = "the loom went on".replace(" ", "z") * 9, "themoonwentlow"
    whole = baselines.bigram(ids(train), ids(held_out), 26)
    monkeypatch.setattr(baselines, "_BLOCK", 10)
    assert baselines.bigram(ids(train), ids(held_out), 26) == pytest.approx(whole, rel=1e-14)


def test_the_largest_vocabulary_needs_no_table_of_all_pairs() -> None:
    text = np.random.default_rng(0).integers(65_536, size=20_000)  # a table of them: 32 GB
    loss = baselines.bigram(text[:15_000], text[15_000:], 65_536)
    assert loss == pytest.approx(math.log(65_536), abs=1.0)
