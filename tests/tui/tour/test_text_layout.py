import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.graphemes import truncate
from charloom.tui.tour.text_layout import (
    COLUMNS,
    align_right,
    table,
    visible_char,
    visible_chars,
    wrap,
)


def test_every_character_has_a_visible_form() -> None:
    for c in map(chr, range(0x3000)):
        shown = visible_char(c)
        assert cell_len(shown) in (1, 2)
        assert sanitize(shown) == shown and not shown.isspace()
    assert visible_chars("a b\n\x1b\u0301織👩\u200d") == "a␣b↵␛◌\u0301織👩␦"


@given(st.text(), st.integers(8, 80))
def test_wrapped_and_truncated_lines_fit_and_wrapping_loses_nothing(
    text: str, columns: int
) -> None:
    lines = wrap(text, columns, prefix="  ")
    assert all(cell_len(line) <= columns for line in lines)
    assert "".join("".join(lines).split()) == "".join(sanitize(text).split())
    assert cell_len(truncate(sanitize(text), columns)) <= columns


@pytest.mark.parametrize("text", ["one two three", "織り機が動く織り機が動く織り機が動く"])
def test_a_text_is_wrapped_between_words_with_an_indent(text: str) -> None:
    first, *others = wrap(text, 12, prefix=" 1  ")
    assert first == (" 1  one two" if text[0] == "o" else " 1  織り機が")
    assert others and all(line.startswith("    ") for line in others)


def test_a_table_lines_up_and_is_not_too_wide() -> None:
    lines = table("<>", [("織", "1"), ("a", "100"), ("x" * 90, "5")])
    assert lines[1].startswith("a") and all(cell_len(line) <= COLUMNS for line in lines)
    short = table("<>", [("織", "1"), ("ab", "100")])
    assert short == ["織    1", "ab  100"]
    assert align_right("織", 4) == "  織"
