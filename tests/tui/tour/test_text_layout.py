import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from charloom.core.sanitize import sanitize
from charloom.tui.tour.text_layout import (
    COLUMNS,
    pad,
    table,
    truncate,
    visible_char,
    visible_chars,
    width,
    wrap,
)


def test_no_character_takes_more_columns_than_it_is_given() -> None:
    """Rich's table is another one, and newer than this Python's."""
    known = (chr(c) for c in range(0x20, 0x20000) if unicodedata.category(chr(c)) != "Cn")
    wider = [c for c in known if cell_len(sanitize(c)) > width(sanitize(c))]
    assert wider == []


def test_every_character_has_a_sign_of_its_own_that_can_be_seen() -> None:
    for c in map(chr, range(0x3000)):
        shown = visible_char(c)
        assert width(shown) in (1, 2) and cell_len(shown) <= width(shown)
        assert sanitize(shown) == shown and not shown.isspace()
    assert visible_chars("a b\n\x1b\u0301織👩\u200d") == "a␣b↵␛◌\u0301織👩␦"


@given(st.text(), st.integers(8, 80))
def test_what_is_folded_or_fitted_fits_and_nothing_is_lost(text: str, columns: int) -> None:
    lines = wrap(text, columns, indent="  ")
    assert all(width(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(sanitize(text).split())
    assert width(truncate(sanitize(text), columns)) <= columns


@pytest.mark.parametrize("text", ["one two three", "  1  織り機が動く織り機が動く織り機が動く"])
def test_a_text_is_folded_between_words_and_its_first_blanks_stay(text: str) -> None:
    first, *others = wrap(text, 12, indent="...")
    assert first == ("one two" if text[0] == "o" else "  1")
    assert others and all(line.startswith("...") for line in others)


def test_a_table_lines_up_and_is_not_too_wide() -> None:
    lines = table("<>", [("織", "1"), ("a", "100"), ("x" * 90, "5")])
    assert lines[1].startswith("a") and all(width(line) <= COLUMNS for line in lines)
    short = table("<>", [("織", "1"), ("ab", "100")])
    assert short == ["織    1", "ab  100"]
    assert pad("織", 4, right=True) == "  織"
