"""Long reading in Prompt: hard-wrapped texts flow where it is narrow, and phrases are found."""

import random
import textwrap

from textual.geometry import Offset
from textual.pilot import Pilot
from textual.selection import Selection

from charloom.tui.app import CharloomApp
from charloom.tui.messages import ReopenGeneration
from charloom.tui.prompt.turn import Turn
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.streaming_text import StreamingText
from tests.tui.helpers.driving import SMALL, flat_text, notifications, screen_text, until
from tests.tui.library.helpers import keep
from tests.tui.prompt.helpers import prompt_screen, turns

PROSE = " ".join(
    f"The {word} sea was grey and the loom went on by itself." for word in "abcdefghij"
)
BOOK = textwrap.fill(PROSE, 68)


async def reopened(pilot: Pilot[None], text: str) -> Turn:
    """Open a stored text on the page, with the focus on it."""
    before = len(turns(pilot))
    pilot.app.post_message(ReopenGeneration(keep(text, prompt="")[0]))
    await until(pilot, lambda: len(turns(pilot)) > before)
    turn = turns(pilot)[-1]
    turn.focus()
    await until(pilot, lambda: turn.has_focus)
    return turn


def view_of(turn: Turn) -> StreamingText:
    return turn.query_one(StreamingText)


async def test_a_wrapped_text_flows_below_its_width_and_is_raw_on_a_key_and_when_copied() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        turn = await reopened(pilot, BOOK)
        view = view_of(turn)
        await until(pilot, lambda: view._text == PROSE)
        await until(pilot, lambda: "↵" in screen_text(app))
        lines = [line for line in screen_text(app).splitlines() if "sea was" in line]
        await pilot.press("W")
        await until(pilot, lambda: view._text == BOOK)
        assert "↵" not in screen_text(app)
        await pilot.press("W")
        await until(pilot, lambda: view._text == PROSE)
        assert [line for line in screen_text(app).splitlines() if "sea was" in line] == lines
        # What is selected over the end of a line is copied as written.
        end = BOOK.index("\n")
        selection = Selection(Offset(end - 5, 0), Offset(end + 5, 0))
        assert view.get_selection(selection)[0] == BOOK[end - 5 : end + 5]
        await pilot.resize_terminal(160, 48)
        await until(pilot, lambda: view._text == BOOK)


async def test_a_text_that_grows_in_pieces_looks_like_one_that_came_at_once() -> None:
    whole = f"{BOOK}\n\n{BOOK}\nshort\n\n{BOOK}"
    chance = random.Random(1)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        view = view_of(await reopened(pilot, whole))
        await until(pilot, lambda: view._wrap_width)
        other = view_of(await reopened(pilot, whole[:10]))
        await until(pilot, lambda: other._wrap_width)
        end = 10
        while end < len(whole):
            start, end = end, end + chance.randrange(1, 40)
            other.append(whole[start:end])
            if chance.random() < 0.2:
                await pilot.pause()
        assert other._text == view._text == f"{PROSE}\n\n{PROSE}\nshort\n\n{PROSE}"
        assert other._rows._starts == view._rows._starts
        rows = [view._render_row(number).text for number in range(len(view._rows))]
        assert [other._render_row(number).text for number in range(len(rows))] == rows


async def test_a_phrase_is_found_on_the_page_and_n_goes_on() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await reopened(pilot, BOOK)
        await reopened(pilot, "no such place\n" * 30)
        turn = await reopened(pilot, BOOK.replace("The c sea", "The q SEA"))
        typed = prompt_screen(pilot).composer.text
        for key in ("n", "N"):  # not typed, and nothing to go on with
            await pilot.press(key)
        await pilot.press("slash")
        await until(pilot, lambda: app.screen is not prompt_screen(pilot))
        app.screen.query_one(SafeInput).value = "c  sea"
        await pilot.press("enter")
        await until(pilot, lambda: notifications(app)[-1:] == ["1 of 1"])
        await until(pilot, lambda: "The c sea" in flat_text(app))
        await pilot.press("slash")
        await until(pilot, lambda: app.screen is not prompt_screen(pilot))
        app.screen.query_one(SafeInput).value = "sea was"
        await pilot.press("enter")
        await until(pilot, lambda: notifications(app)[-1:] == ["1 of 20"])
        assert turn.has_focus and prompt_screen(pilot).composer.text == typed
        for key, place in (("n", "2 of 20"), ("N", "1 of 20"), ("N", "20 of 20"), ("n", "1 of 20")):
            await pilot.press(key)
            await until(pilot, lambda: notifications(app)[-1:] == [place])  # noqa: B023
        await until(pilot, lambda: "The a sea" in flat_text(app))
        await pilot.press("slash")
        await until(pilot, lambda: app.screen is not prompt_screen(pilot))
        app.screen.query_one(SafeInput).value = "nowhere"
        await pilot.press("enter")
        await until(pilot, lambda: notifications(app)[-1:] == ["'nowhere' is not here."])
        assert not any(view._found for view in prompt_screen(pilot).query(StreamingText))


async def test_a_letter_shows_the_text_that_it_acts_on() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL) as pilot:
        first = await reopened(pilot, "the first\n" * 30)
        await reopened(pilot, "the second\n" * 30)
        first.focus()
        await until(pilot, lambda: first.has_focus)
        await pilot.press("G")
        await until(pilot, lambda: not app.screen.can_view_partial(first))
        await pilot.press("s")
        await until(pilot, lambda: first.chosen.starred and app.screen.can_view_partial(first))
