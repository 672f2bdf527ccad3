"""The composer: keys, marked characters and pasted text."""

import pytest
from textual.app import App, ComposeResult
from textual.events import Key, Paste
from textual.pilot import Pilot

from charloom.core.library.database import Library
from charloom.core.sanitize import sanitize
from charloom.tui.app import CharloomApp
from charloom.tui.prompt.composer import Composer
from tests.helpers.generations import generation
from tests.tui.helpers.driving import SMALL, flat_text, screen_text, until
from tests.tui.prompt.helpers import choose, composer, ready, turns, weaver, written

HOSTILE = "a\x1b]0;title\x07\x9b31m\u202e[red]b[/red]\tc"


class Desk(App[None]):
    """An app with a composer, and the prompts sent from it."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[str] = []

    def compose(self) -> ComposeResult:
        yield Composer()

    def on_mount(self) -> None:
        self.query_one(Composer).focus()

    def on_composer_submitted(self, event: Composer.Submitted) -> None:
        self.sent.append(event.text)


def desk(pilot: Pilot[None]) -> Composer:
    return pilot.app.query_one(Composer)


def seen(pilot: Pilot[None], line: int = 0) -> str:
    return pilot.app.screen._compositor.render_strips()[line].text


async def test_enter_sends_and_leaves_room_for_the_next() -> None:
    app = Desk()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press(*"the sea", "enter", *"x", "enter", "enter")
        await until(pilot, lambda: app.sent == ["the sea", "x", ""])
        assert desk(pilot).text == ""


@pytest.mark.parametrize("key", ["ctrl+j", "alt+enter", "shift+enter"])
async def test_a_line_of_its_own_takes_another_key(key: str) -> None:
    app = Desk()
    async with app.run_test(size=(60, 12)) as pilot:
        await pilot.press(*"ab", key, *"c", "enter")
        await until(pilot, lambda: app.sent == ["ab\nc"])


async def test_it_grows_to_six_lines_and_no_further() -> None:
    async with Desk().run_test(size=(60, 12)) as pilot:
        assert desk(pilot).size.height == 1
        for lines in range(2, 9):
            await pilot.press("x", "ctrl+j")
            await until(pilot, lambda: desk(pilot).size.height == min(6, lines))  # noqa: B023


async def test_up_and_down_walk_through_earlier_prompts_and_keep_the_draft() -> None:
    app = Desk()
    async with app.run_test(size=(60, 12)) as pilot:
        desk(pilot).add_history(["second", "first\nof two lines"])
        await pilot.press(*"third", "enter", *"draft", "up")
        assert desk(pilot).text == "third"
        await pilot.press("up", "up")
        assert desk(pilot).text == "first\nof two lines"
        await pilot.press("up")  # from the second line to the first
        assert desk(pilot).text == "first\nof two lines"
        await pilot.press("up", "up")
        assert desk(pilot).text == "first\nof two lines"
        await pilot.press("down", "down", "down", "down")
        assert desk(pilot).text == "draft"
        await pilot.press("down")
        assert desk(pilot).text == "draft"


async def test_a_prompt_of_the_history_that_is_changed_becomes_the_draft() -> None:
    async with Desk().run_test(size=(60, 12)) as pilot:
        desk(pilot).add_history(["one"])
        await pilot.press(*"two", "up", "x", "up")
        assert desk(pilot).text == "one"
        await pilot.press("down")
        assert desk(pilot).text == "onex"


async def test_a_prompt_that_was_sent_again_is_the_newest_and_there_once() -> None:
    async with Desk().run_test(size=(60, 12)) as pilot:
        desk(pilot).add_history(["b", "a"])
        await pilot.press("a", "enter", "up")
        assert desk(pilot).text == "a"
        await pilot.press("up")
        assert desk(pilot).text == "b"
        await pilot.press("up")
        assert desk(pilot).text == "b"


async def test_moving_with_shift_selects_and_goes_nowhere_else() -> None:
    async with Desk().run_test(size=(60, 12)) as pilot:
        desk(pilot).add_history(["one"])
        await pilot.press(*"two", "shift+up")
        assert desk(pilot).text == "two" and desk(pilot).selected_text == "two"


async def test_what_is_pasted_is_kept_and_nothing_in_it_acts() -> None:
    app = Desk()
    async with app.run_test(size=(60, 12)) as pilot:
        desk(pilot).post_message(Paste(HOSTILE))
        await until(pilot, lambda: desk(pilot).text == HOSTILE)
        await until(pilot, lambda: sanitize(HOSTILE.split("\t")[0]) in seen(pilot))
        assert not set("\x1b\x07\x9b\u202e") & set(seen(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: app.sent == [HOSTILE])


async def test_lines_that_end_as_elsewhere_end_as_here() -> None:
    async with Desk().run_test(size=(60, 12)) as pilot:
        desk(pilot).post_message(Paste("a\r\nb\rc\n"))
        await until(pilot, lambda: desk(pilot).text == "a\nb\nc\n")


async def test_of_a_very_long_paste_no_more_is_kept_than_is_read() -> None:
    async with Desk().run_test(size=(60, 12)) as pilot:
        desk(pilot).post_message(Paste("x" * 1_000_000 + "y"))
        await until(pilot, lambda: len(desk(pilot).text) == 20_001)
        assert desk(pilot).text.endswith("xy")


async def test_what_is_put_there_can_be_undone() -> None:
    async with Desk().run_test(size=(60, 12)) as pilot:
        await pilot.press(*"mine")
        desk(pilot).set_text("another")
        await pilot.press("ctrl+z")
        assert desk(pilot).text == "mine"


# On the Prompt screen


async def test_characters_that_the_model_does_not_know_are_marked_and_reported() -> None:
    weaver()
    choose()
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        composer(pilot).set_text("Sea☃ and")
        await until(pilot, lambda: "S → s · ☃ will be dropped" in flat_text(app))
        line = composer(pilot).get_line(0)
        marked = {line.plain[span.start : span.end] for span in line.spans}
        assert marked == {"S", "☃"}
        assert all("underline" in str(span.style) for span in line.spans)
        composer(pilot).set_text("☃")
        await until(pilot, lambda: "no prompt is left" in flat_text(app))
        composer(pilot).set_text("sea")
        await until(pilot, lambda: "enter send" in screen_text(app))


async def test_earlier_prompts_are_those_of_the_library_and_of_this_session() -> None:
    weaver()
    choose()
    with Library() as library:
        for prompt in ("one", "two", "one", ""):
            library.add(generation(prompt=prompt))
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        await until(pilot, lambda: composer(pilot)._history == ["two", "one"])
        await written(pilot, "the sea ")
        found = []
        for _ in range(4):
            await pilot.press("up")
            found.append(composer(pilot).text)
        assert found == ["the sea ", "one", "two", "two"]
        assert len(turns(pilot)) == 1


async def test_a_key_right_after_enter_is_in_the_next_prompt() -> None:
    weaver()
    choose()
    app = CharloomApp()
    async with app.run_test(size=SMALL) as pilot:
        screen = await ready(pilot)
        screen.composer.set_text("the sea ")
        for key in ("enter", "n", "o"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: turns(pilot) and screen.composer.text == "no")
        assert turns(pilot)[0].request.raw_prompt == "the sea "
