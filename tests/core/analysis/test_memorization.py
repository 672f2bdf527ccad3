import math
import random
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.analysis import memorization
from charloom.core.analysis.memorization import CorpusIndex, VerbatimMatch
from charloom.core.errors import CharloomError

# One, two and four bytes per character in Python's memory, and a lone surrogate.
LETTERS = "ab", "a", "aé中", "a\U0001f600\ud800"


def brute_force(corpus: str, text: str) -> VerbatimMatch:
    """Try every run of ``text``."""
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


def test_the_longest_match_is_the_first_in_the_text_at_its_first_place_in_the_corpus() -> None:
    index = CorpusIndex("the sea was grey, and the loom went on")
    assert index.longest_match("we saw the loom at night") == VerbatimMatch(
        6, 10, 21
    )  # " the loom "
    assert index.longest_match("the sea was grey, and the loom went on") == VerbatimMatch(0, 38, 0)
    assert index.longest_match("123") == VerbatimMatch(0, 0, 0)
    assert index.longest_match("1the 2the 3") == VerbatimMatch(
        1, 4, 0
    )  # of equals the first, in both
    longer = "xxabcabcabc"  # than the corpus
    assert CorpusIndex("abc").longest_match(longer) == VerbatimMatch(2, 3, 0)


def test_an_empty_text_or_corpus_has_no_match() -> None:
    assert (
        CorpusIndex("").longest_match("")
        == CorpusIndex("").longest_match("a")
        == CorpusIndex("a").longest_match("")
        == VerbatimMatch(0, 0, 0)
    )
    assert CorpusIndex("a").longest_match("ba") == VerbatimMatch(1, 1, 0)
    assert CorpusIndex("\ud800").longest_match("\ud800\udc00") == VerbatimMatch(0, 1, 0)


@pytest.mark.parametrize("letters", LETTERS)
@pytest.mark.parametrize("block", [1, 5, 1 << 12])
@pytest.mark.parametrize("first", [1, 4, 16])
def test_no_match_is_longer(
    letters: str, block: int, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memorization, "_BLOCK_CHARACTERS", block)
    monkeypatch.setattr(memorization, "_FIRST_LENGTH", first)

    @given(corpus=st.text(letters, max_size=60), text=st.text(letters + "z", max_size=60))
    def check(corpus: str, text: str) -> None:
        assert CorpusIndex(corpus).longest_match(text) == brute_force(corpus, text)

    check()


@pytest.mark.parametrize("corpus", PATHOLOGICAL.values(), ids=PATHOLOGICAL)
@pytest.mark.parametrize("block", [7, 1 << 12])
def test_no_match_is_longer_in_a_periodic_corpus(
    corpus: str, block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memorization, "_BLOCK_CHARACTERS", block)
    index = CorpusIndex(corpus)
    for text in (*PATHOLOGICAL.values(), corpus[1:200] + "z" + corpus[:250], corpus[::-1]):
        assert index.longest_match(text) == brute_force(corpus, text)


def test_equal_hashes_of_different_runs_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memorization, "_BASE", 1)  # the hash is the sum of the code points
    draw = random.Random(0)
    for _ in range(100):
        corpus, text = ("".join(draw.choices("abc", k=k)) for k in (300, 40))
        assert CorpusIndex(corpus).longest_match(text) == brute_force(corpus, text)


@pytest.mark.parametrize("corpus", ["a" * 100_000, ("a" * 99 + "b") * 1_000, fibonacci(100_000)])
def test_a_search_reads_a_periodic_corpus_once_for_each_length_that_it_tries(corpus: str) -> None:
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    index = CorpusIndex(corpus)
    for text in ("a" * 500, corpus[7:507], ("a" * 99 + "c") * 5):
        calls = 0
        index.longest_match(text, count)
        blocks = -(-len(corpus) // memorization._BLOCK_CHARACTERS)
        assert calls < 2 + 2 * math.ceil(math.log2(500)) * blocks


def test_as_many_letters_as_there_are_characters() -> None:
    corpus = "".join(map(chr, random.Random(0).sample(range(0x4E00, 0x9FFF), 3_000)))
    assert CorpusIndex(corpus).longest_match("x" + corpus[700:900] + "y") == VerbatimMatch(
        1, 200, 700
    )


@pytest.mark.parametrize("letters", ["etaoin shrdlu", "a"])
def test_index_and_search_take_less_than_ten_bytes_per_character(letters: str) -> None:
    corpus = "".join(random.Random(0).choices(letters, k=1_000_000))
    tracemalloc.start()
    index = CorpusIndex(corpus)
    size, _ = tracemalloc.get_traced_memory()
    assert size < 4.1 * len(corpus)
    assert index.longest_match("q" + corpus[:40] + "q").length == 40
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 9 * len(corpus)


def test_index_and_search_can_be_cancelled_at_any_block(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memorization, "_BLOCK_CHARACTERS", 100)
    corpus = fibonacci(30_000)
    calls = 0

    def count() -> None:
        nonlocal calls
        calls += 1

    index = CorpusIndex(corpus, count)
    assert calls == 300
    index.longest_match("z" * 10, count)
    assert calls > 600

    def cancel() -> None:
        nonlocal calls
        calls -= 1
        if not calls:
            raise TimeoutError

    calls = 150
    with pytest.raises(TimeoutError):
        CorpusIndex(corpus, cancel)
    calls = 150
    with pytest.raises(TimeoutError):
        index.longest_match("z" * 10, cancel)


def test_a_corpus_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memorization, "MAX_CHARACTERS", 100)
    assert CorpusIndex("a" * 100).longest_match("a").length == 1
    with pytest.raises(CharloomError, match="it has 101 characters, and the limit is 100"):
        CorpusIndex("a" * 101)
