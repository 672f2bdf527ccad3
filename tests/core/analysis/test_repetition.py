import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.analysis.repetition import repetition_message, repetition_period

WORDS = "It was on a dreary night of November that I beheld the accomplishment of my toils. "


def brute_force(text: str) -> int | None:
    """Compare character by character, for every period."""
    for length in range(1, 201):
        size = max(3 * length, 100)
        if size <= len(text) and all(
            text[-place] == text[-place - length] for place in range(1, size - length + 1)
        ):
            return length
    return None


@pytest.mark.parametrize("length", [1, 2, 12, 33, 34, 35, 199, 200])
def test_a_text_that_repeats_itself_has_the_period_it_repeats(length: int) -> None:
    letters = "".join(map(chr, random.Random(length).sample(range(0x4E00, 0x9FFF), length)))
    needed = max(3 * length, 100)
    loop = letters * 300
    assert repetition_period(WORDS + loop[:needed]) == length
    assert repetition_period(WORDS + loop[: needed - 1]) is None
    assert repetition_period(loop) == length


def test_a_period_that_is_too_long_is_none() -> None:
    letters = "".join(map(chr, random.Random(0).sample(range(0x4E00, 0x9FFF), 201)))
    assert repetition_period(letters * 10) is None


def test_it_ends_as_soon_as_the_text_continues_differently() -> None:
    loop = WORDS + "and the " * 40
    assert repetition_period(loop) == 8
    assert repetition_period(loop + "sea") is None


@pytest.mark.parametrize(
    "usual",
    [
        "",
        "-" * 88,
        " " * 88,
        "* " * 40,
        "Letter 1 " + ". " * 35,
        "|---" * 20 + "|",
        "\n" * 20,
        "Never, never, never, never, never!\n",
    ],
)
def test_usual_repetition_in_a_text_does_not_warn(usual: str) -> None:
    assert repetition_period(usual) is None
    assert repetition_period(WORDS * 2 + usual) is None  # twice is no loop


@given(st.text("ab", max_size=40), st.text("ab", max_size=9), st.integers(0, 90))
def test_it_is_the_shortest_period_that_there_is(before: str, letters: str, times: int) -> None:
    text = before + letters * times
    assert repetition_period(text) == brute_force(text)


def test_any_character_will_do() -> None:
    assert repetition_period("\ud800\U0001f600" * 60) == 2


def test_the_message_names_the_period() -> None:
    assert repetition_message(12) == "repeats itself every 12 characters"
    assert repetition_message(1) == "repeats one character"
