import lzma
import math
import sys
from collections import Counter
from dataclasses import astuple, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.analysis import baselines
from charloom.core.analysis.baselines import NAMES, Baselines, compute_baselines, n_grams, named
from charloom.core.data.vocab import PLACEHOLDER, Vocab
from tests.helpers.child_process import TEXT

CUT = len(TEXT) // 2


def ids(text: str) -> "np.typing.NDArray[np.int64]":
    return np.array([ord(character) - ord("a") for character in text], np.int64)


def baselines_of(train: str, held_out: str, vocab: Vocab) -> Baselines:
    return compute_baselines(vocab.encode(train), vocab.encode(held_out), vocab)


def directly(train: str, held_out: str, size: int, order: int) -> float:
    """Compute the same character by character, as the formula is written."""
    counts = Counter(
        train[i : i + n] for n in range(1, order + 1) for i in range(len(train) - n + 1)
    )
    followed: Counter[str] = Counter()
    different: Counter[str] = Counter()
    for gram, times in counts.items():
        followed[gram[:-1]] += times
        different[gram[:-1]] += 1
    nats = 0.0
    for i in range(1, len(held_out)):
        chance = (counts[held_out[i]] + 1) / (len(train) + size)
        for n in range(2, min(order, i + 1) + 1):
            gram = held_out[i + 1 - n : i + 1]
            if total := followed[gram[:-1]]:
                weight = different[gram[:-1]]
                chance = (counts[gram] + weight * chance) / (total + weight)
        nats -= math.log(chance)
    return nats / (len(held_out) - 1)


def test_guessing_evenly_costs_the_logarithm_of_the_vocabulary() -> None:
    assert baselines.uniform(1) == 0
    assert baselines.uniform(64) == pytest.approx(6 * math.log(2))


def test_a_small_text_worked_by_hand() -> None:
    # In "abab", of which there are 4 + 3, b follows a twice, and a follows ab once; no c is there.
    single = {"a": 3 / 7, "b": 3 / 7, "c": 1 / 7}
    after_a, after_b = (2 + 1 * single["b"]) / (2 + 1), (1 + 1 * single["a"]) / (1 + 1)
    never = (0 + 1 * single["c"]) / (2 + 1)
    after_ab, never_after_ba = (1 + 1 * after_b) / (1 + 1), (0 + 1 * never) / (1 + 1)
    expected = [
        [single["b"], single["a"], single["c"]],
        [after_a, after_b, never],
        [after_a, after_ab, never_after_ba],
    ]
    losses = n_grams(ids("abab"), ids("abac"), 3, 3)
    assert losses == pytest.approx([-sum(map(math.log, chances)) / 3 for chances in expected])


def test_after_what_is_new_the_next_is_guessed_from_a_shorter_context() -> None:
    for held_out in ("ca", "ba"):  # b is the end of the text: nothing ever followed it
        losses = n_grams(ids("aab"), ids(held_out), 3, 5)
        assert losses == pytest.approx([-math.log(3 / 6)] * 5)


@given(
    train=st.text("abcdef", min_size=1, max_size=200),
    held_out=st.text("abcdefg", min_size=2, max_size=80),
)
def test_n_grams_are_what_the_formula_says_of_any_text(train: str, held_out: str) -> None:
    expected = [directly(train, held_out, 7, order) for order in range(1, 6)]
    losses = n_grams(ids(train), ids(held_out), 7, 5)
    assert losses == pytest.approx(expected)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(baselines, "_MAX_TABLE_ENTRIES", 0)  # so that all is sorted
        assert n_grams(ids(train), ids(held_out), 7, 5) == losses


def test_the_largest_vocabulary_needs_no_table_of_all_pairs() -> None:
    text = np.random.default_rng(0).integers(65_536, size=20_000)  # a table of them: 32 GB
    losses = n_grams(text[:15_000], text[15_000:], 65_536, 5)
    assert losses == pytest.approx([math.log(65_536)] * 5, abs=1.0)


def test_a_text_has_a_baseline_of_each_kind() -> None:
    train, held_out, vocab = TEXT[:CUT], TEXT[CUT:], Vocab.from_text(TEXT)
    losses = baselines_of(train, held_out, vocab)
    assert losses.uniform == math.log(len(vocab))
    for order, loss in ((1, losses.unigram), (2, losses.bigram), (5, losses.five_gram)):
        assert loss == pytest.approx(directly(train, held_out, len(vocab), order))
    packed = [len(lzma.compress(text.encode(), preset=9)) for text in (train, TEXT)]
    assert losses.xz == pytest.approx(8 * math.log(2) * (packed[1] - packed[0]) / len(held_out))
    assert [nats for _, nats in named(losses)] == sorted(astuple(losses), reverse=True)
    assert dict(named(losses)) == dict(zip(NAMES.values(), astuple(losses), strict=True))


def test_a_python_without_lzma_has_the_other_baselines(monkeypatch: pytest.MonkeyPatch) -> None:
    vocab = Vocab.from_text(TEXT)
    whole = baselines_of(TEXT[:CUT], TEXT[CUT:], vocab)
    monkeypatch.setitem(sys.modules, "lzma", None)
    assert baselines_of(TEXT[:CUT], TEXT[CUT:], vocab) == replace(whole, xz=None)


@pytest.mark.parametrize("held_out", ["", "a"])
def test_where_nothing_can_be_predicted_there_is_only_guessing(held_out: str) -> None:
    losses = baselines_of("abab", held_out, Vocab.from_text("abab"))
    assert losses == Baselines(math.log(2))
    assert named(losses) == [("uniform", math.log(2))]


def test_rare_characters_are_one_for_every_baseline() -> None:
    text = TEXT.replace("loom", "lo\u00f6m", 3)
    vocab = Vocab.from_text(text, 10)
    folded = text.replace("\u00f6", PLACEHOLDER)
    assert PLACEHOLDER in vocab.chars
    assert baselines_of(text[:CUT], text[CUT:], vocab) == baselines_of(
        folded[:CUT], folded[CUT:], vocab
    )


def test_of_a_long_text_stretches_spread_over_all_of_it_are_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    text = "".join(np.random.default_rng(0).choice(list("aaabcd\n"), 6_000))
    train, held_out, vocab = text[:3_000], text[3_000:], Vocab.from_text(text)
    monkeypatch.setattr(baselines, "MAX_TRAIN_CHARACTERS", 512)
    monkeypatch.setattr(baselines, "MAX_HELD_OUT_CHARACTERS", 512)
    # 12 windows in two lanes: they begin at window 0 and 6, and read one each.
    read = train[0] * 3 + train[:257] + train[1_533:1_793]
    nats = 0.0
    for context, stretch in (
        (held_out[0] * 3 + held_out[0], held_out[1:257]),
        (held_out[1_533:1_537], held_out[1_537:1_793]),
    ):
        nats += directly(read, context + stretch, len(vocab), 5) * (3 + 256)
        nats -= directly(read, context, len(vocab), 5) * 3
    losses = baselines_of(train, held_out, vocab)
    assert losses.five_gram == pytest.approx(nats / 512)
    judged = held_out[0] * 3 + held_out[:257] + held_out[1_533:1_793]
    assert losses.xz == baselines.xz(read, judged)
