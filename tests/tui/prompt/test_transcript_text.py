"""How the texts of the page look and are copied; they cannot act on the terminal."""

import pytest
from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color as TextualColor
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.strip import Strip

from charloom.core.library.generation import Generation
from charloom.core.sanitize import HIDDEN, sanitize
from charloom.tui.app import CharloomApp
from charloom.tui.formatting.contrast import contrast
from charloom.tui.prompt.turn import Turn
from charloom.tui.widgets.streaming_text import StreamingText
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.tui.helpers.driving import LARGE, SMALL, flat_text, screen_text, until
from tests.tui.prompt.helpers import (
    choose,
    prompt_screen,
    ready,
    text_of,
    turns,
    written,
)
from tests.tui.prompt.transcript_helpers import drawn, lines

pytestmark = pytest.mark.usefixtures("model")


async def reopened(pilot: Pilot[None], **over: object) -> Turn:
    """Reopen a stored text on the page."""
    await ready(pilot)
    made: Generation = generation(**over)  # type: ignore[arg-type]
    await prompt_screen(pilot).reopen(made)
    await pilot.pause()
    return turns(pilot)[-1]


async def test_a_text_is_at_most_88_columns_wide() -> None:
    app = CharloomApp()
    async with app.run_test(size=(240, 60), notifications=True) as pilot:
        turn = await reopened(pilot, text=" the sea" * 100)
        assert 80 < max(map(len, lines(turn))) <= 88


async def test_a_hundred_thousand_characters_can_be_reopened_and_read() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        text = " ".join(f"word{number}" for number in range(10_000))
        turn = await reopened(pilot, text=text)
        assert drawn(turn).endswith("word9999")
        await until(pilot, lambda: "word9999" in screen_text(app))
        await pilot.press("ctrl+up", "home")
        await until(pilot, lambda: "word0 " in screen_text(app))


async def test_what_is_selected_with_the_mouse_is_the_text_without_its_breaks() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        turn = await reopened(pilot, text=" the sea was grey" * 20 + "\nand the loom")
        flow = turn.query_one(StreamingText)
        await pilot.mouse_down(flow, offset=(3, 0))
        await pilot.hover(flow, offset=(13, 1))
        await pilot.mouse_up(flow, offset=(13, 1))
        await until(pilot, lambda: flow.text_selection)
        selected = prompt_screen(pilot).get_selected_text()
        whole = turn.chosen.full_text
        assert selected and len(selected) > 40 and whole.startswith(selected)
        assert "\n" not in selected
        assert flow.get_selection(Selection(None, None))[0] == whole


async def test_selected_text_is_legible_in_every_theme() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        turn = await reopened(pilot, prompt="the sea ", text="was grey and the loom was still")
        flow = turn.query_one(StreamingText)
        app.screen.selections = {flow: Selection(Offset(4, 0), Offset(16, 0))}
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            selected, resting = styles_of(flow.render_line(0), "sea w", " and ")
            if app.native_ansi_color:
                assert selected.color != selected.bgcolor != resting.bgcolor, theme
            else:
                assert color_contrast(selected.color, selected.bgcolor) >= 3, theme
                assert color_contrast(selected.bgcolor, resting.bgcolor) >= 1.25, theme


def styles_of(strip: Strip, *pieces: str) -> list[Style]:
    """Return the style of the first character of each piece of a line."""
    found = []
    for piece in pieces:
        segments, left = iter(strip), strip.text.index(piece)
        segment = next(segments)
        while left >= len(segment.text):
            left -= len(segment.text)
            segment = next(segments)
        assert segment.style
        found.append(segment.style)
    return found


def color_contrast(first: RichColor | None, second: RichColor | None) -> float:
    assert first and second
    return contrast(TextualColor.from_rich_color(first), TextualColor.from_rich_color(second))


async def test_what_is_copied_with_the_mouse_is_the_original_text() -> None:
    text = "a\tb\x0cc\r\x85\u2028d\n\te\x1b[0m\nf"
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        turn = await reopened(pilot, prompt="\t", text=text)
        flow = turn.query_one(StreamingText)
        assert flow.get_selection(Selection(None, None))[0] == "\t" + text
        assert flow.get_selection(Selection(Offset(2, 0), Offset(2, 1)))[0] == (
            "\tb\x0cc\r\x85\u2028d\n\te"
        )


async def test_what_a_model_writes_is_shown_and_does_nothing() -> None:
    hostile = "[]\x1b\x9b\u202e/@=ab\n"
    save_model("wild", random_checkpoint(hostile))
    choose(model="wild", length=100, candidate_count=2, seed=1)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await written(pilot, "[a]\x1b[b]")
        assert set(text_of(turn)) >= set("[]\x1b\x9b\u202e")
        picture = screen_text(app)
        assert "␛" in picture and HIDDEN in picture and "[" in picture
        assert not set("\x1b\x9b\u202e") & set(picture)
        assert sanitize(turn.request.prompt) in picture
        await pilot.press("ctrl+s", "ctrl+g", "ctrl+r")
        await until(pilot, lambda: len(turns(pilot)) == 2)


async def test_names_that_look_like_markup_are_shown_as_they_are() -> None:
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        text = "[/nothing] [@click=app.exit]"
        await reopened(pilot, model="[red]x[/]\x1b]0;t\x07", prompt="[b]\x1b", text=text)
        await until(pilot, lambda: "» [b]␛[/nothing] [@click=app.exit]" in screen_text(app))
        await until(pilot, lambda: "[red]x[/]␛]0;t␇@4210" in flat_text(app))


async def test_nothing_that_was_brought_up_is_lost_on_the_way_to_another_theme() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        turn = await written_here(pilot)
        for theme in ("charloom-light", "ansi-dark", "charloom-dark"):
            app.theme = theme
            await pilot.pause()
            assert drawn(turn) == turn.chosen.full_text


async def written_here(pilot: Pilot[None]) -> Turn:
    await ready(pilot)
    return await written(pilot, "the sea ")
