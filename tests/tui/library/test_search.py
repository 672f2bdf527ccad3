"""The text of a row and the matches highlighted in it."""

# ruff: noqa: RUF001 - similar characters are the subject

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.library.database import Library
from charloom.core.library.search import _positions, fold, match_spans
from charloom.tui.formatting.units import format_date, format_datetime
from charloom.tui.library.generation_rows import render_row
from tests.helpers.generations import generation
from tests.helpers.marks import needs_posix
from tests.tui.library.helpers import HOSTILE


def marked(text: str, query: str) -> list[str]:
    return [text[start:end] for start, end in match_spans(text, query)]


def test_matches_ignore_case_and_accents() -> None:
    text = "Élise said: ELISE, elisé; Eliseo."
    assert marked(text, "elise x") == ["Élise", "ELISE", "elisé", "Elise"]
    assert marked("a.b and b", "b a") == ["a", "b", "a", "b"]
    assert marked("İstanbul ﬁn", "istanbul") == ["İstanbul"]


@pytest.mark.parametrize("query", ["", " ", '"*( ', "-", "\0", "_", "(?:)", "x" * 1_000])
def test_a_query_without_a_word_matches_nothing(query: str) -> None:
    assert marked("nothing: (?:) \0 * here", query) == []


@pytest.mark.parametrize("query", ["don't", "the se", "sea-side", "NEAR(", "café", "a*b", "x_y"])
def test_what_the_library_finds_is_marked_and_else_nothing(query: str) -> None:
    texts = [
        "Don't!",
        "The sea",
        "seaside",
        "sea side",
        "near (it)",
        "CAFE noir",
        "a b",
        "x y",
        "xy",
    ]
    with Library() as library:
        for text in texts:
            library.add(generation(text, prompt=""))
        finds = {each.text for each in library.search(query)}
    words = len(query.split())
    assert finds
    assert finds == {text for text in texts if len(marked(text, query)) >= words}


@pytest.mark.parametrize(
    ("text", "query", "matches"),
    [
        ("吾輩は山の猫。山", "山", ["山", "山"]),
        ("ブックカハ\u3099ー。", "カバー", ["カハ\u3099ー"]),
        ("ブックｶﾊﾞｰ。", "カバー", ["ｶﾊﾞｰ"]),
        ("\u1112\u1161\u11ab국말", "한국", ["\u1112\u1161\u11ab국"]),
        ("וְהָאָרֶץ הָיְתָה", "הארץ", ["הָאָרֶץ"]),
        ("Straße, strasse", "SS", ["ß", "ss"]),
        ("Straße", "s", ["S", "ß"]),
        ("e\u0301te\u0301, été", "été", ["e\u0301te\u0301", "été"]),
        ("a don’t b", "don't", ["don’t"]),
        ("می\u200cخواهم", "میخواهم", ["می\u200cخواهم"]),
        ("😀 ❤\ufe0f!", "❤", ["❤\ufe0f"]),
    ],
)
def test_matches_are_marked_on_the_text_as_it_is(text: str, query: str, matches: list[str]) -> None:
    assert marked(text, query) == matches


@given(st.text(st.sampled_from("aßéİﬁ e\u0301\u0323\u200dが\u3099カﾊﾞ한\u1112\u1161\u11abكَّ😀’.\0")))
def test_positions_in_folded_text_lead_back_to_the_original(text: str) -> None:
    starts = _positions(text)
    assert len(starts) == len(fold(text))
    assert starts == sorted(starts)
    for start, stop in match_spans(text, "が 한 a é fi ss"):
        assert fold(text[start:stop])


def test_a_wide_row_is_one_line_and_a_narrow_one_two() -> None:
    kept = generation(" that no sooner", starred=True, tags=("dark", "best"))
    (wide,) = render_row(kept, "", 78)
    assert wide.plain == ("★ 2026-01-02  creature@4210       best, dark  …to hear that no sooner")
    about, text = render_row(kept, "", 40)
    assert about.plain == "★ 2026-01-02  creature@4210  best, dark"
    assert text.plain == "  …to hear that no sooner"


def test_an_excerpt_begins_shortly_before_what_was_searched() -> None:
    kept = generation(" and the wind fell" * 20 + " upon a monster of ice" + " and on" * 20)
    _, text = render_row(kept, "monster", 40)
    assert text.plain == "  …upon a monster of ice and on and on …"
    (span,) = (span for span in text.spans if "underline" in str(span.style))
    assert text.plain[span.start : span.end] == "monster"


def test_a_long_name_leaves_the_step_whole_and_nothing_acts() -> None:
    kept = generation(HOSTILE, prompt="", model="m" * 64, tags=("[red]a[/]",), step=123_456)
    line = render_row(kept, "", 120)[0].plain
    assert "mmmmmmmmmm…@123456" in line and "[red]a[/]" in line
    assert "[bold]␛[31mred␛]0;title␇[/] ␦gnirts [/nothing]" in line


@needs_posix("tzset")
def test_a_moment_is_told_in_the_time_zone_here_and_a_false_one_as_it_stands(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import time

    monkeypatch.setenv("TZ", "XXX-9")
    time.tzset()
    assert format_datetime("2026-01-02T18:04:05+00:00") == "2026-01-03 03:04"
    assert format_date("2026-01-02T18:04:05+00:00") == "2026-01-03"
    monkeypatch.undo()
    time.tzset()
    assert format_datetime("0001-01-01T00:00:00+14:00")  # before any calendar of the system's
    assert format_date("yesterday\x1b[2J") == "yesterday…"
