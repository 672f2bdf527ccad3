"""Texts of any script as they are drawn: the cursor on a mark, levels, growing rows, terminals."""

import unicodedata

import numpy as np
import pyte
import pytest
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual.app import App, ComposeResult
from textual.strip import Strip

from charloom.tui.app import CharloomApp
from charloom.tui.formatting.graphemes import cell_len, extends, has_uncertain_width
from charloom.tui.formatting.themes import heat_variables
from charloom.tui.textual_patches import place_segments
from charloom.tui.tour.text_layout import visible_char, visible_chars
from charloom.tui.widgets.color_scale import BITS
from charloom.tui.widgets.heatmap_text import HeatmapText
from charloom.tui.widgets.streaming_text import StreamingText
from charloom.tui.widgets.token_readout import char_label, text_label
from tests.tui.helpers.driving import APP_CSS, SMALL, until

TEXTS = [
    "か\u3099き\u3099く\u3099け\u3099こ\u3099" * 9,
    "❤️☀️1️⃣☎️ bring the cake please " * 5,
    "👍🏽👩🏿‍🚀👨‍👩‍👧‍👦🇩🇪" * 9,
    "हिन्दी में लिखा हुआ " * 5,
    "ภาษาไทยน้ำ" * 9,
]


class Shown(App[None]):
    """Shows one widget with the app's styles."""

    CSS_PATH = APP_CSS

    def __init__(self, widget: HeatmapText | StreamingText) -> None:
        super().__init__()
        self.widget = widget

    def get_css_variables(self) -> dict[str, str]:
        variables = super().get_css_variables()
        return variables | heat_variables(variables, dark=True)

    def compose(self) -> ComposeResult:
        yield self.widget


def lines(widget: HeatmapText | StreamingText) -> list[Strip]:
    return [widget.render_line(y) for y in range(widget.size.height)]


@pytest.mark.parametrize("text", TEXTS)
async def test_a_growing_text_is_drawn_whole_and_within_its_width(text: str) -> None:
    widget = StreamingText()
    async with Shown(widget).run_test(size=(20, 24)) as pilot:
        for character in text:
            widget.append(character)
        await pilot.pause()
        rows = [strip.text for strip in lines(widget)]
        assert "".join("".join(rows).split()) == "".join(text.split())
        assert all(cell_len(row) == 20 for row in rows)
        assert not any(extends(row.strip()[0]) for row in rows)


async def test_styles_do_not_divide_a_grapheme() -> None:
    widget = StreamingText("e")  # the accent belongs to the continuation
    widget.append("\u0301 ❤️ का")
    widget.mark_match(slice(1, 4))
    async with Shown(widget).run_test(size=(20, 5)):
        parts = [segment.text for segment in widget.render_line(0)]
    assert not any(extends(part[0]) for part in parts)
    assert "e\u0301" in parts


async def test_the_cursor_on_a_mark_shows_its_whole_letter() -> None:
    text = "か\u3099き\u3099x का\n"
    widget = HeatmapText(text)
    async with Shown(widget).run_test(size=(20, 5)) as pilot:
        widget.marks = False
        widget.focus()
        cursors = []
        for position in range(len(text)):
            widget.position = position
            await pilot.pause()
            plain = [segment.style for segment in widget.render_line(1)]
            strip = widget.render_line(0)
            at_cursor = [s.text for s in strip if s.style and s.style.bold and s.text.strip()]
            cursors += at_cursor or ["␣"]
            assert strip.cell_length == 20 and plain
    assert cursors == [
        *("か\u3099",) * 2,
        *("き\u3099",) * 2,
        *("x", "␣"),
        *("का",) * 2,
        "↵",
    ]


async def test_marks_are_under_their_letters() -> None:
    text = "e\u0301xか\u3099y❤️z"
    widget = HeatmapText(text)
    async with Shown(widget).run_test(size=(20, 5)) as pilot:
        widget.set_levels(np.array([1, 5, 2, 3, 5, 4, 1, 1, 2]), BITS)
        widget.marks = True
        await pilot.pause()
        marks = BITS.marks
        expected = f"{marks[1]}{marks[2]}{marks[3]} {marks[4]}{marks[1]} {marks[2]}"
        assert widget.render_line(1).text.rstrip() == expected.rstrip()
        await pilot.click(widget, offset=(4, 0))
        assert text[widget.position] == "y"


def test_a_mark_alone_is_on_a_circle_and_in_running_text_on_its_base() -> None:
    for mark in "\u0301\u3099\u0e34\u093e\u093f\u0bcd\u0e33":
        assert visible_char(mark) == char_label(mark) == f"◌{mark}"
        assert visible_chars(f"क{mark}") == text_label(f"क{mark}")
    assert text_label("ा का") == "◌ा␣का"
    assert visible_chars("ำน้ำ")[:2] == "◌ำ"


@pytest.mark.parametrize("counted", ["zero", "one", "plain emoji"])
@pytest.mark.parametrize("text", ["हिन्दी में", "❤️ and 👍🏽", "👨‍👩‍👧", "தமிழ்"])
def test_what_follows_is_in_its_column_however_the_terminal_counts(
    monkeypatch: pytest.MonkeyPatch, text: str, counted: str
) -> None:
    def columns(character: str) -> int:
        if unicodedata.category(character) == "Mc":
            return counted == "one"
        if character in "\u200d\ufe0f" or unicodedata.combining(character):
            return 0
        if character == "\U0001f3fd":
            return 2 * (counted == "plain emoji")
        return 1 + (character > "\U0001f000")

    monkeypatch.setattr("pyte.screens.wcwidth", columns)
    monkeypatch.setattr(Strip, "render", Strip.render)
    place_segments(has_uncertain_width)
    style = Style(color="red")
    strip = Strip([Segment(text, style), Segment(" " * 4, style), Segment("|panel", style)])
    screen = pyte.Screen(40, 2)
    for drawing in (strip, strip.crop(0, 39)):
        pyte.Stream(screen).feed(drawing.render(Console()) + "\r")
        row = screen.buffer[0]
        column = cell_len(text) + 4
        assert "".join(row[x].data for x in range(column, column + 6)) == "|panel"


async def test_a_key_draws_the_whole_screen_again() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL) as pilot:
        await pilot.press("f5")
        await until(pilot, lambda: app.current_mode == "settings")
        await pilot.pause(0.2)
        drawn: list[object] = []
        app._display = lambda *of: drawn.append(of[-1])  # type: ignore[method-assign]
        await pilot.press("ctrl+l")
        await until(
            pilot, lambda: any(getattr(u, "region", None) == app.screen.region for u in drawn)
        )
