import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from charloom.core.sanitize import HIDDEN, sanitize, single_line

EVERYTHING = "".join(map(chr, range(sys.maxunicode + 1)))
JOINERS = "\u200c\u200d"
PREPENDED_MARKS = (
    "\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u0890\u0891\u08e2\U000110bd\U000110cd"
)

ATTACKS = {
    "colour": "\x1b[31mred\x1b[0m",
    "clear the screen": "\x1b[2J\x1b[H",
    "window title": "\x1b]0;pwned\x07",
    "link to elsewhere": "\x1b]8;;https://example.org\x1b\\click\x1b]8;;\x1b\\",
    "clipboard": "\x1b]52;c;cm0gLXJmIH4K\x07",
    "eight-bit CSI": "\x9b31m",
    "eight-bit OSC": "\x9d0;title\x9c",
    "device status": '\x1bP$q"p\x1b\\\x05',
    "overwritten line": "safe\rrm -rf",
    "erased": "abc\b\b\bxyz\x7f",
    "reordered source": "access\u202e\u2066// admin\u2069 \u2066",
    "invisible tags": "hi\U000e0069\U000e0067",
    "line separator": "one\u2028two\u2029three\x85four",
    "half a character": "\ud800x\udc00",
}


def test_of_all_code_points_nothing_that_acts_or_hides_survives() -> None:
    survivors = {
        c for c in sanitize(EVERYTHING) if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
    }
    assert survivors == set("\n" + JOINERS + PREPENDED_MARKS)


def test_of_all_code_points_each_becomes_exactly_one_and_everything_else_stays() -> None:
    shown = sanitize(EVERYTHING)
    assert len(shown) == len(EVERYTHING)
    changed = {c for c, glyph in zip(EVERYTHING, shown, strict=True) if c != glyph}
    unassigned = {c for c in changed if unicodedata.category(c) == "Cn"}
    assert {unicodedata.category(c) for c in changed - unassigned} == {"Cc", "Cf", "Cs", "Zl", "Zp"}
    assert len(unassigned) == 66  # the noncharacters: 32 in the Arabic block, two in each plane
    assert all(ord(c) & 0xFFFF >= 0xFDD0 for c in unassigned)


def test_every_replacement_glyph_can_be_shown_everywhere() -> None:
    shown = sanitize(EVERYTHING)
    glyphs = {glyph for c, glyph in zip(EVERYTHING, shown, strict=True) if c != glyph}
    assert all(
        glyph.isprintable() and unicodedata.east_asian_width(glyph) == "N" for glyph in glyphs
    )


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
def test_an_attack_on_the_terminal_becomes_plain_glyphs(attack: str) -> None:
    shown = sanitize(attack)
    assert shown.isprintable()
    assert len(shown) == len(attack)


def test_ascii_controls_are_shown_by_their_own_pictures() -> None:
    assert sanitize("\x1b[31m\x00\a\t\r\x7f") == "␛[31m␀␇␉␍␡"
    names = [unicodedata.name(sanitize(chr(code))) for code in (0, 7, 8, 9, 13, 27, 127)]
    words = ["NULL", "BELL", "BACKSPACE", "HORIZONTAL TABULATION", "CARRIAGE RETURN", "ESCAPE"]
    assert names == [f"SYMBOL FOR {word}" for word in [*words, "DELETE"]]


def test_what_has_no_picture_of_its_own_is_shown_by_one_glyph() -> None:
    assert sanitize("\x85\xad\u200b\u202e\ufeff\U000e0041\ud800\uffff") == HIDDEN * 8


def test_clean_text_in_any_script_is_returned_as_it_is() -> None:
    for text in (
        "It was on a dreary night\nof November — “that” I beheld…\n",
        "吾輩は猫である。\n名前はまだ無い。",
        "क्\u200dष \u0645\u06cc\u200c 👩\u200d👧 e\u0301 \u3000\u00a0 \ue000 \u06dd",
        "",
    ):
        assert sanitize(text) == text


@given(st.text(st.characters()), st.text(st.characters()))
@settings(deadline=None)
def test_text_can_be_shown_piece_by_piece_and_twice(first: str, second: str) -> None:
    assert sanitize(first + second) == sanitize(first) + sanitize(second)
    assert sanitize(sanitize(first)) == sanitize(first)


def test_one_line_shows_newlines_and_cuts_what_is_too_long() -> None:
    assert single_line("a\nb\x1b", 10) == "a↵b␛"
    assert single_line("abcdef", 6) == "abcdef"
    assert single_line("abcdefg", 6) == "abcde…"
    assert single_line("ab", 1) == "…"
    assert single_line("", 1) == ""


@given(st.text(st.characters()), st.integers(1, 30))
@settings(deadline=None)
def test_one_line_is_never_longer_than_asked_and_never_breaks(text: str, limit: int) -> None:
    shown = single_line(text, limit)
    assert len(shown) == min(len(text), limit)
    assert len(shown.splitlines()) <= 1
