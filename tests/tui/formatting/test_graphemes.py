"""Graphemes and rows of any script, against Unicode's tables as the package wcwidth ships them."""

import re
import unicodedata
from itertools import chain, pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from rich import cells
from rich.segment import Segment
from rich.text import Text
from wcwidth import iter_graphemes, table_grapheme

from charloom.core.sanitize import quoted, sanitize, single_line
from charloom.tui.formatting import graphemes as module
from charloom.tui.formatting.content import fit_line, pad_line
from charloom.tui.formatting.graphemes import (
    cell_len,
    extends,
    graphemes,
    has_uncertain_width,
    is_simple,
    truncate,
)
from charloom.tui.formatting.wrapping import rows

# The first characters of every range of every property that matters for graphemes.
UNICODE = sorted(
    {
        sanitize(chr(code))
        for name, ranges in vars(table_grapheme).items()
        if name.isupper() and name not in ("GRAPHEME_LV", "GRAPHEME_LVT")
        for low, high in ranges
        for code in (low, high)
        if unicodedata.category(chr(code)) not in ("Cn", "Cs")
    }
)
SAMPLES = [
    "がか\u3099ハ\u309aﾊﾞ",
    "❤️☀️1️⃣☎️",
    "👍🏽👩🏿‍🚀👨‍👩‍👧‍👦🏳️‍🌈🇩🇪🇫🇷",
    "हिन्दी में क्षि",
    "ภาษาไทยกำลังน้ำ",
    "தமிழ் மொழி",
    "മലയാളം ശ്രീ",
    "ශ්\u200dරී ලංකා",
    "မြန်မာဘာသာ",
    "ភាសាខ្មែរ",
    "שָׁלוֹם",
    "اَلسَّلَامُ",
    "각힣\u1112\u1161\u11ab",
    "e\u0301 naïve\u0308 — “yes”…",
    "吾輩は猫である。名前は、まだ無い。「そう」",
]
TEXTS = st.lists(
    st.one_of(
        st.sampled_from(SAMPLES),
        st.sampled_from([*"ab \n—漢、「」。", "\u200d", "\ufe0f", "\u0301", "\u093e"]),
        st.sampled_from(UNICODE),
        st.text(max_size=4).map(sanitize),
    ),
    max_size=12,
).map("".join)
WIDE_ENOUGH = st.integers(module._MAX_CELLS, 30)


def split(text: str) -> list[str]:
    return [text[start:end] for start, end, _ in graphemes(text)]


def pieces(text: str, width: int) -> list[str]:
    starts = [row.start for row in rows(text, width)]
    return [text[start:end] for start, end in pairwise([*starts, len(text)])]


@pytest.mark.parametrize(
    ("text", "sizes"),
    [
        ("か\u3099", [2]),
        ("❤️", [2]),
        ("1️⃣", [2]),
        ("👍🏽", [2]),
        ("👨‍👩‍👧‍👦", [2]),
        ("🇩🇪🇫🇷", [2, 2]),
        ("का", [2]),
        ("क्षि", [3]),
        ("ශ්\u200dරී", [1, 1]),
        ("น้ำ", [2]),
        ("ﾊﾞ", [2]),
        ("a\n\u0301", [1, 0, 0]),
    ],
)
def test_a_grapheme_takes_the_columns_of_the_terminal_that_draws_it_widest(
    text: str, sizes: list[int]
) -> None:
    assert [size for *_, size in graphemes(text)] == sizes


@given(TEXTS)
def test_no_grapheme_of_unicode_is_torn(text: str) -> None:
    prepended = {chr(c) for a, b in table_grapheme.GRAPHEME_PREPEND for c in range(a, b + 1)}
    assume(not prepended & set(text) and not re.search("[ᄀ-ᅟꥠ-ꥼ]{2}", text))
    ours = {start for start, *_ in graphemes(text)}
    end, theirs = 0, {0}
    for grapheme in iter_graphemes(text):
        theirs.add(end := end + len(grapheme))
    assert ours <= theirs


@given(TEXTS)
def test_graphemes_are_the_whole_text_and_the_same_from_any_of_them_on(text: str) -> None:
    spans = list(graphemes(text))
    assert "".join(split(text)) == text
    for start, _, size in spans:
        rest = [(start + s, start + e, cells_) for s, e, cells_ in graphemes(text[start:])]
        assert rest == [span for span in spans if span[0] >= start]
        assert size <= module._MAX_CELLS


@given(TEXTS)
def test_the_screen_is_drawn_by_the_same_measure(text: str) -> None:
    assert cells.cell_len(text) == cell_len(text) == Segment(text).cell_length
    assert Text(text.replace("\n", "")).cell_len == cell_len(text.replace("\n", ""))
    assert cells.split_graphemes(text) == (list(graphemes(text)), cell_len(text))
    assert cell_len(text) >= sum(c not in "\n" for c in text if not extends(c)) or "\u200d" in text


@given(TEXTS, WIDE_ENOUGH)
def test_rows_fit_are_the_whole_text_and_begin_with_no_mark(text: str, width: int) -> None:
    broken = pieces(text, width)
    assert "".join(broken) == text
    for before, row in pairwise(["\n", *broken]):
        assert cells.cell_len(row.rstrip(" \n")) <= width
        assert not (row and extends(row[0])) or before.endswith("\n")


@given(TEXTS, WIDE_ENOUGH)
def test_a_text_that_grows_by_one_character_changes_its_last_row_alone(
    text: str, width: int
) -> None:
    grown = list(rows("", width))
    for end in range(1, len(text) + 1):
        grown = [*grown[:-1], *rows(text[:end], width, grown[-1])]
        assert grown == list(rows(text[:end], width))


@given(st.text(st.sampled_from("ab  \ncé—’"), max_size=60), st.integers(1, 9))
def test_the_fast_way_breaks_as_the_other_one_does(text: str, width: int) -> None:
    assert all(map(is_simple, text.replace("\n", "")))
    # A wide character before each line makes it go the other way, in a row of its own.
    lines = text.split("\n")
    slow = [pieces(f"字{' ' * 9}{line}", width)[1:] for line in lines if line.strip(" ") == line]
    assert slow == [
        pieces(line, width) if line else [] for line in lines if line.strip(" ") == line
    ]


def test_the_simple_characters_take_one_cell_and_join_nothing() -> None:
    simple = [chr(code) for code in range(0x3000) if is_simple(chr(code))]
    assert len(simple) > 1_800
    for character in simple:
        assert cells.get_character_cell_size(character) == 1 and not extends(character)
        assert split("a" + character + "b") == ["a", character, "b"]


@pytest.mark.parametrize(
    ("text", "width", "broken"),
    [
        ("吾輩は猫である。名前", 8, ["吾輩は猫", "である。", "名前"]),
        ("吾輩は猫。名前", 8, ["吾輩は", "猫。名前"]),
        ("吾輩「猫」である", 6, ["吾輩", "「猫」", "である"]),
        ("これはword中", 10, ["これはword", "中"]),
        ("これはwords", 10, ["これは", "words"]),
        ("はっきり", 4, ["はっ", "きり"]),
        ("ラーメン", 4, ["ラー", "メン"]),
        ("。。。。。", 4, ["。。", "。。", "。"]),
        ("안녕 하세요", 6, ["안녕 ", "하세요"]),
        ("か\u3099か\u3099か\u3099", 4, ["か\u3099か\u3099", "か\u3099"]),
        ("❤️❤️❤️", 4, ["❤️❤️", "❤️"]),
        ("👨‍👩‍👧👨‍👩‍👧👨‍👩‍👧", 4, ["👨‍👩‍👧👨‍👩‍👧", "👨‍👩‍👧"]),
        ("कााा", 8, ["कााा"]),
    ],
)
def test_rows_break_between_ideographs_and_keep_punctuation(
    text: str, width: int, broken: list[str]
) -> None:
    assert pieces(text, width) == broken


@pytest.mark.parametrize("sample", SAMPLES)
def test_lines_are_cut_and_padded_by_columns_between_graphemes(sample: str) -> None:
    starts = {start for start, *_ in graphemes(sample)} | {len(sample)}
    for columns in range(2, cell_len(sample) + 2):
        cut = truncate(sample, columns)
        assert cell_len(cut) <= columns and cell_len(pad_line(sample, columns)) == columns
        assert fit_line(sample, columns) == cut
        if cut != sample:
            assert cut[-1] == "…" and len(cut) - 1 in starts


def test_a_cut_in_characters_keeps_marks_with_their_base() -> None:
    assert single_line("bc\u0327\u0301d", 4) == "b…"
    assert single_line("👩\u200d👧 x", 3) == "…"
    assert quoted("abc\u0301def", 3) == "'ab…'"
    assert quoted("abc\u0301def", 4, keep_end=True) == "'…def'"


def test_only_texts_that_terminals_measure_differently_are_placed() -> None:
    assert all(map(has_uncertain_width, ["का", "❤️", "👨‍👩‍👧", "👍🏽", "🇩🇪"]))
    plain = ["plain", "漢字", "e\u0301", "か\u3099", "ภาษาไทย", "שָׁ", "👍", "“—”"]
    assert not any(map(has_uncertain_width, plain))


def test_every_linker_of_unicode_joins() -> None:
    for linker in chain.from_iterable(range(a, b + 1) for a, b in table_grapheme.INCB_LINKER):
        if unicodedata.category(chr(linker))[0] == "M":  # two are letters
            assert len(split(f"\u0915{chr(linker)}\u0915")) == 1
