"""Words of a text, the packed list of them, and what may continue a word, against brute force."""

import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.data import words
from charloom.core.data.words import WordList, find_words, pack_words, unpack_words
from charloom.core.errors import CharloomError

LISTS = st.lists(st.text("abcAB'", min_size=1, max_size=4), max_size=8)


def written_forms(known: list[str]) -> set[str]:
    """Return all ways to write ``known`` words, enumerated."""
    return {form for word in known for form in (word, word[0].upper() + word[1:], word.upper())}


@given(LISTS, st.text("abcABC'", max_size=4))
def test_words_are_known_in_their_forms_and_continue_towards_them(
    known: list[str], written: str
) -> None:
    forms, listed = written_forms(known), WordList(known)
    assert listed.is_known(written) == (written in forms)
    following = {form[len(written) :][:1] for form in forms if form.startswith(written)}
    assert listed.continuations(written) == following - {""}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("It was late.", ["It", "was", "late"]),
        ("Don't, I don’t!", ["Don't", "I", "don’t"]),
        ("the boys' ’tis 'now' rock’n’roll", ["the", "boys", "tis", "now", "rock’n’roll"]),
        ("well-known 3.14 2nd snake_case", ["well", "known", "nd", "snake", "case"]),
        ("naïve nai\u0308ve", ["naïve", "nai\u0308ve"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("می\u200cروم به", ["می\u200cروم", "به"]),
        ("שָׁלוֹם", ["שָׁלוֹם"]),
        ("한국어 말", ["한국어", "말"]),
        ("日本語 ไทย カナ", []),  # without blanks between words
        ("", []),
    ],
)
def test_words_are_letters_with_marks_and_inner_apostrophes(text: str, expected: list[str]) -> None:
    assert [match[0] for match in find_words(text)] == expected


@given(st.text("abcdAB' \n’", max_size=200))
def test_a_packed_list_has_the_words_of_the_text_once_in_their_plainest_form(text: str) -> None:
    found = {match[0].replace("’", "'") for match in find_words(text)}
    listed = unpack_words(pack_words(text, text))
    assert listed == sorted(set(listed)) and found >= set(listed)
    assert all(WordList(listed).is_known(word) for word in found)
    assert written_forms(list(found)) == written_forms(listed)


def test_words_that_cannot_be_written_or_are_too_long_are_left_out() -> None:
    text = f"a naïve boy {'x' * 65} {'y' * 64}"
    assert unpack_words(pack_words(text, set(text) - {"ï"})) == ["a", "boy", "y" * 64]
    assert unpack_words(pack_words("don’t", "dont’")) == ["don't"]
    assert unpack_words(pack_words("1 + 1", "1 +")) == []


def test_a_list_that_is_too_large_keeps_the_frequent_words_and_those_of_the_text(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "MAX_PACKED_BYTES", 60)
    rare = [f"{a}{b}{c}q" for a in "bcdfg" for b in "aeiou" for c in "lmnrst"]
    base = pack_words("zebra", "zebra")
    packed = pack_words(" ".join([*rare, *["the"] * 3]), set("".join(rare)) | set("thezbra "), base)
    assert len(packed) <= 60
    assert "the" in unpack_words(packed) and "zebra" not in unpack_words(packed)
    both = pack_words("the sea", set("the szbra"), base)
    assert unpack_words(both) == ["sea", "the", "zebra"]
    assert unpack_words(pack_words("the sea", set("the sa"), base)) == ["sea", "the"]


def test_parts_of_a_long_text_are_counted_without_cutting_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(words, "_MAX_COUNTED_CHARACTERS", 2_000)
    text = " ".join(f"word{letter}" for letter in "abcdefghij" * 100)
    expected = [f"word{letter}" for letter in "abcdefghij"]
    assert unpack_words(pack_words(text, set(text))) == expected


@pytest.mark.parametrize("packed", [b"x", zlib.compress(b"\0\xff")])
def test_a_damaged_list_is_refused(packed: bytes) -> None:
    with pytest.raises(CharloomError, match="list of words in the checkpoint is damaged"):
        unpack_words(packed)
