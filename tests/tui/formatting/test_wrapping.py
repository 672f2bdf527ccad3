"""Wrapping, compared with the text itself and with a slow check of every word."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from charloom.tui.formatting.wrapping import FIRST, Row, rows

TEXTS = st.text(st.sampled_from("ab \n—漢é"), max_size=60)
WIDTHS = st.integers(1, 9)


def pieces(text: str, width: int) -> list[str]:
    """Return the rows as text, with trailing spaces and newlines."""
    starts = [row.start for row in rows(text, width)]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


@pytest.mark.parametrize(
    ("text", "width", "broken"),
    [
        ("", 5, [""]),
        ("the sea", 7, ["the sea"]),
        ("the sea", 6, ["the ", "sea"]),
        ("the sea was", 7, ["the sea ", "was"]),
        ("the   sea", 4, ["the   ", "sea"]),
        ("the sea   ", 7, ["the sea   "]),
        ("unbreakable", 4, ["unbr", "eaka", "ble"]),
        ("a\n\nb\n", 4, ["a\n", "\n", "b\n", ""]),
        ("  ab", 3, ["  ", "ab"]),
        ("漢字漢", 4, ["漢字", "漢"]),
        ("漢字", 1, ["漢", "字"]),
    ],
)
def test_a_text_breaks_after_spaces_and_where_it_must(
    text: str, width: int, broken: list[str]
) -> None:
    assert pieces(text, width) == broken


@given(TEXTS, WIDTHS)
def test_rows_are_the_whole_text_and_no_wider_than_they_may_be(text: str, width: int) -> None:
    broken = pieces(text, width)
    assert "".join(broken) == text
    for row in broken:
        visible = row.rstrip(" \n")  # spaces may hang over
        assert cell_len(visible) <= width or len(visible) == 1


@given(TEXTS, WIDTHS)
def test_no_row_is_shorter_than_it_need_be(text: str, width: int) -> None:
    for row, following in pairwise(pieces(text, width)):
        if not row.endswith("\n"):
            word = following.split(" ")[0].rstrip("\n")
            assert cell_len(row + word) > width


@given(TEXTS, TEXTS, WIDTHS)
def test_what_is_appended_changes_the_last_row_alone(text: str, more: str, width: int) -> None:
    before = list(rows(text, width))
    after = [*before[:-1], *rows(text + more, width, before[-1])]
    assert after == list(rows(text + more, width))


@given(TEXTS, WIDTHS)
def test_a_row_knows_its_paragraph_and_column(text: str, width: int) -> None:
    paragraphs = text.split("\n")
    for row, piece in zip(rows(text, width), pieces(text, width), strict=True):
        rest = paragraphs[row.paragraph][row.column :]
        assert rest.startswith(piece.rstrip("\n"))
    assert next(rows(text, width)) == FIRST == Row(0, 0, 0)
