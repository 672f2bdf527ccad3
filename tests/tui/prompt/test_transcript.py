"""The transcript: empty, scrolled and followed; and nothing in it acts on the terminal."""

import shutil
from pathlib import Path

import pytest
from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color as TextualColor
from textual.events import MouseScrollUp
from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection
from textual.strip import Strip

from charloom.core.library.generation import Generation
from charloom.core.model.metadata import CorpusInfo
from charloom.core.sanitize import HIDDEN, sanitize
from charloom.core.store.read import find_model
from charloom.tui.app import CharloomApp
from charloom.tui.formatting.contrast import contrast
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.welcome import WelcomeText
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.streaming_text import StreamingText
from tests.helpers.factories import own_assets, random_checkpoint, ref, save_model
from tests.helpers.generations import generation
from tests.tui.helpers.driving import LARGE, SMALL, flat_text, screen_text, until
from tests.tui.prompt.helpers import (
    LONG,
    Gate,
    choose,
    composer,
    ended,
    kept,
    prompt_screen,
    ready,
    send,
    text_of,
    turns,
    written,
)

pytestmark = pytest.mark.usefixtures("model")


async def reopened(pilot: Pilot[None], **over: object) -> Turn:
    """Reopen a stored text on the page."""
    await ready(pilot)
    made: Generation = generation(**over)  # type: ignore[arg-type]
    await prompt_screen(pilot).reopen(made)
    await pilot.pause()
    return turns(pilot)[-1]


# Before there is anything


async def test_at_the_first_start_one_key_starts_a_generation() -> None:
    preferences.save(Preferences(length=20, pace=0))
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: composer(pilot).text == "You will rejoice to hear")
        await until(pilot, lambda: "Press Enter" in flat_text(app))
        await until(pilot, lambda: "Welcome to Charloom." in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: turns(pilot))
        await ended(pilot, turns(pilot)[0])
        assert turns(pilot)[0].request.prompt == "You will rejoice to hear"
        assert "Welcome to" not in screen_text(app)
    assert preferences.load().welcomed
    again = CharloomApp()
    async with again.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: turns(pilot))
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "frankenstein continues it" in flat_text(again))
        assert "Welcome to" not in screen_text(again)


async def test_the_introduction_is_true_in_every_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bundled = find_model("frankenstein").checkpoints[0].path
    own = own_assets(tmp_path, monkeypatch)  # without a model at first
    corpus = CorpusInfo(title="t", sha256="0" * 64, characters=9, opening="")
    save_model("silent", random_checkpoint(corpus=corpus))  # without a prompt of its own
    preferences.save(Preferences(model="nobody", length=20, pace=0))
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        screen = prompt_screen(pilot)

        def page() -> str:
            return " ".join(str(screen.query_one(WelcomeText).render()).split())

        await until(pilot, lambda: page() == "Press ctrl+o to choose a model.")
        shutil.copy(bundled, own)
        await screen.use_model(ref("silent"))
        assert composer(pilot).text == ""
        await until(pilot, lambda: "Write a beginning below. Press Enter" in page())
        assert "bits per character" not in page()  # it was not scored
        await screen.use_model(ref("frankenstein"))
        await until(pilot, lambda: "The prompt below is ready. Press Enter" in page())
        assert "1.53 bits per character: as if choosing among 2.9 characters" in page()
        await pilot.press("x")
        await until(pilot, lambda: "Write a beginning below." in page())
        await written(pilot, "the sea ")
        await pilot.press("ctrl+n")  # a fresh page
        await until(pilot, lambda: screen.query_one(WelcomeText).display)
        assert page() == (
            "Write a beginning, and press Enter: frankenstein continues it. Or paste or drop a "
            "text here: a minute later, a model of your own continues your sentence."
        )


async def test_a_model_brings_the_opening_of_its_text_as_a_prompt() -> None:
    corpus = CorpusInfo(title="t", sha256="0" * 64, characters=9, opening="the grey sea was gr")
    save_model("sailor", random_checkpoint(corpus=corpus))
    choose(model="sailor")
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: composer(pilot).text == "the grey sea was")
        await prompt_screen(pilot).use_model(ref("frankenstein"))
        assert composer(pilot).text == "You will rejoice to hear"
        await pilot.press("x")
        assert composer(pilot).text == "x"
        await prompt_screen(pilot).use_model(ref("sailor"))
        assert composer(pilot).text == "x"


async def test_a_fresh_page_has_nothing_on_it_and_the_library_has_everything(gate: Gate) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await written(pilot, "the sea ")
        prompt_screen(pilot).query_one("#length").value = LONG  # type: ignore[attr-defined]
        gate.let(32)
        second = await send(pilot, "a loom ")
        await until(pilot, lambda: text_of(second))
        await pilot.press("ctrl+n")
        gate.let()
        await until(pilot, lambda: not turns(pilot))
        await until(pilot, lambda: prompt_screen(pilot).query_one(WelcomeText).display)
        await until(pilot, lambda: len(kept()) == 2)
        await written(pilot, "a loom ")
        assert len(turns(pilot)) == 1


# Reading


async def test_the_end_is_followed_until_one_scrolls_up_and_again_when_one_wants(
    gate: Gate,
) -> None:
    choose(length=LONG)
    gate.let(3_000)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        turn, page = await send(pilot, "the sea "), prompt_screen(pilot).transcript
        await until(pilot, lambda: page.max_scroll_y > 20 and page.following)
        await pilot.press("pageup")
        await until(pilot, lambda: not page.following and page.scroll_y == page.scroll_target_y)
        place, length = page.scroll_y, len(text_of(turn))
        gate.let(2_000)
        await until(pilot, lambda: len(text_of(turn)) > length + 1_000)
        await until(pilot, lambda: "^end more text has come" in screen_text(app))
        assert page.scroll_y == place
        await pilot.press("ctrl+end")
        await until(pilot, lambda: page.following and "more text" not in screen_text(app))
        gate.let(2_000)
        length = len(text_of(turn))
        await until(pilot, lambda: len(text_of(turn)) > length + 1_000)
        await until(pilot, lambda: page.following)
        wheel = MouseScrollUp(page, 5, 5, 0, 0, 0, False, False, False)
        page.post_message(wheel)
        await until(pilot, lambda: not page.following)
        await pilot.press("shift+tab", "end")
        await until(pilot, lambda: page.following)
        await pilot.press("home")
        await until(pilot, lambda: page.scroll_y == 0)
        gate.let(2_000)
        await until(pilot, lambda: "more text has come" in screen_text(app))
        await pilot.click("#more", offset=(27, 0))
        await until(pilot, lambda: page.following and "more text" not in screen_text(app))
        await pilot.press("escape")
        gate.let()


async def test_keys_move_through_the_turns() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        first, second = await written(pilot, "the sea "), await written(pilot, "a loom ")
        assert prompt_screen(pilot).transcript.current is second
        await pilot.press("ctrl+up")
        await until(pilot, lambda: second.has_focus)
        await pilot.press("ctrl+up")
        await until(pilot, lambda: first.has_focus)
        await pilot.press("ctrl+up", "s")
        await until(pilot, lambda: [each.starred for each in kept()] == [False, True])
        await pilot.press("ctrl+down")
        await until(pilot, lambda: second.has_focus)
        await pilot.press("escape")
        await until(pilot, lambda: composer(pilot).has_focus)
        assert prompt_screen(pilot).transcript.current is second
        await pilot.click(first, offset=(5, 0))
        await until(pilot, lambda: prompt_screen(pilot).transcript.current is first)


async def test_a_resize_in_the_middle_of_a_text_wraps_it_again(gate: Gate) -> None:
    choose(length=400)
    gate.let(200)
    app = CharloomApp()
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await ready(pilot)
        turn = await send(pilot, "the sea ")
        await until(pilot, lambda: len(text_of(turn)) > 150)
        await pilot.resize_terminal(60, 30)
        gate.let()
        await ended(pilot, turn)
        await until(pilot, lambda: drawn(turn) == "the sea " + text_of(turn))
        assert 31 < max(map(len, lines(turn))) <= 56  # the panel is hidden
        await pilot.resize_terminal(160, 48)
        await until(pilot, lambda: max(map(len, lines(turn))) > 60 or "\n" in text_of(turn))
        assert drawn(turn) == "the sea " + text_of(turn)


def lines(turn: Turn) -> list[str]:
    """Return the rows of a text as drawn, without the margin."""
    flow = turn.query_one(StreamingText)
    return [flow.render_line(y).text[3:].rstrip() for y in range(len(flow._rows))]


def drawn(turn: Turn) -> str:
    """Return the text of the rows, with the newlines of the text."""
    flow = turn.query_one(StreamingText)
    starts = [flow._rows[row].start for row in range(len(flow._rows))]
    pairs = zip(starts, [*starts[1:], None], strict=True)
    pieces = [flow._text[start:end] for start, end in pairs]
    for line, piece in zip(lines(turn), pieces, strict=True):
        assert line == piece.rstrip(" \n").rstrip()
    return "".join(pieces)


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


# Nothing acts


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
