"""Titles against queries: words in any order, initials, skipped letters."""

import pytest

from charloom.tui.palette.matching import match_score


@pytest.mark.parametrize(
    ("query", "title"),
    [
        ("new", "Train: New run"),
        ("run new", "Train: New run"),
        ("nr", "New run"),
        ("frnk", "Model: frankenstein"),
        ("lusiadas", "Train on: Os Lusíadas"),
        ("ÜBER", "über alles"),
    ],
)
def test_a_title_matches(query: str, title: str) -> None:
    assert 0 < match_score(query, title) <= 1


@pytest.mark.parametrize("query", ["", " ,.", "xyz", "new xyz", "nrw", "ng", "krun"])
def test_a_title_without_the_letters_in_order_and_near_does_not_match(query: str) -> None:
    assert match_score(query, "New run of Frankenstein") == 0


def test_the_better_match_has_the_higher_score() -> None:
    titles = ["Train", "Train: New run", "Settings: Restrain", "Terrain", "Tear a ruin"]
    scores = [match_score("train", title) for title in titles]
    assert scores == sorted(scores, reverse=True) and len(set(scores)) == len(scores)
    assert match_score("terrain", "Train") == 0


def test_without_fuzziness_only_parts_of_words_match() -> None:
    assert match_score("rn", "born at sea", fuzzy=False)
    assert not match_score("sr", "the sea and the river", fuzzy=False)
