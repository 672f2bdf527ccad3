import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.analysis import memorization
from charloom.core.analysis.memorization import SuffixArray, VerbatimMatch
from charloom.core.errors import CharloomError

# One, two and four bytes for a character in Python's memory, and a half of a pair, alone.
LETTERS = "ab", "a", "aé中", "a\U0001f600\ud800"


def directly(corpus: str, text: str) -> VerbatimMatch:
    """Try every run."""
    best = VerbatimMatch(0, 0, 0)
    for start in range(len(text)):
        length = best.length + 1
        while start + length <= len(text) and (run := text[start : start + length]) in corpus:
            best = VerbatimMatch(start, length, corpus.find(run))
            length += 1
    return best


def fibonacci(size: int) -> str:
    one, other = "a", "ab"
    while len(other) < size:
        one, other = other, other + one
    return other[:size]


PATHOLOGICAL = {
    "one letter": "a" * 300,
    "two in turn": "ab" * 150,
    "one letter, and another": "a" * 299 + "b",
    "another, and one letter": "b" + "a" * 299,
    "halves": "a" * 150 + "b" * 150,
    "Fibonacci": fibonacci(300),
    "twice": 2 * "".join(random.Random(0).choices("abc", k=150)),
    "a line, over and over": "the loom went on; " * 17,
}


def test_the_longest_run_is_told_by_where_it_begins_and_where_it_stands_first() -> None:
    index = SuffixArray("the sea was grey, and the loom went on")
    assert index.longest("we saw the loom at night") == VerbatimMatch(6, 10, 21)  # " the loom "
    assert index.longest("the sea was grey, and the loom went on") == VerbatimMatch(0, 38, 0)
    assert index.longest("123") == VerbatimMatch(0, 0, 0)
    assert index.longest("1the 2the 3") == VerbatimMatch(1, 4, 0)  # of equals the first, in both
    assert SuffixArray("abc").longest("xxabcabcabc") == VerbatimMatch(
        2, 3, 0
    )  # longer than the corpus


def test_where_there_is_nothing_there_is_no_run() -> None:
    assert (
        SuffixArray("").longest("")
        == SuffixArray("").longest("a")
        == SuffixArray("a").longest("")
        == VerbatimMatch(0, 0, 0)
    )
    assert SuffixArray("a").longest("ba") == VerbatimMatch(1, 1, 0)
    assert SuffixArray("\ud800").longest("\ud800\udc00") == VerbatimMatch(0, 1, 0)


@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("block", [1, 5, 1 << 12])
def test_it_is_the_longest_that_there_is(
    letters: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memorization, "_BLOCK", block)

    @given(corpus=st.text(letters, max_size=60), text=st.text(letters + "z", max_size=60))
    def check(corpus: str, text: str) -> None:
        assert SuffixArray(corpus).longest(text) == directly(corpus, text)

    check()


@pytest.mark.parametrize("corpus", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
@pytest.mark.parametrize("block", [7, 1 << 12])
def test_suffixes_that_are_hard_to_tell_apart_are_in_order(
    corpus: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memorization, "_BLOCK", block)
    order = sorted(range(len(corpus)), key=lambda place: corpus[place:])
    assert list(SuffixArray(corpus)._suffixes) == order


def test_as_many_letters_as_there_are_characters() -> None:
    corpus = "".join(map(chr, random.Random(0).sample(range(0x4E00, 0x9FFF), 3_000)))
    assert SuffixArray(corpus).longest("x" + corpus[700:900] + "y") == VerbatimMatch(1, 200, 700)


def test_the_index_takes_four_bytes_a_character_and_no_more_than_ten_while_it_is_made() -> None:
    corpus = "".join(random.Random(0).choices("etaoin shrdlu", k=200_000))
    tracemalloc.start()
    index = SuffixArray(corpus)
    stays, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert index.longest("q" + corpus[:40]).length == 40
    assert stays < 4.2 * len(corpus)
    assert peak < 11 * len(corpus)


def test_whoever_waits_for_it_can_give_up_at_any_time() -> None:
    corpus = fibonacci(30_000)
    asked = 0

    def count() -> None:
        nonlocal asked
        asked += 1

    index = SuffixArray(corpus, count)
    assert asked > 100

    def give_up() -> None:
        nonlocal asked
        asked -= 1
        if not asked:
            raise TimeoutError

    asked //= 2
    with pytest.raises(TimeoutError):
        SuffixArray(corpus, give_up)
    asked = 5
    with pytest.raises(TimeoutError):
        index.longest("z" * 10, give_up)


def test_a_text_that_is_too_long_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memorization, "MAX_CHARACTERS", 100)
    assert SuffixArray("a" * 100).longest("a").length == 1
    with pytest.raises(CharloomError, match="has 101 characters; verbatim runs are sought in"):
        SuffixArray("a" * 101)
