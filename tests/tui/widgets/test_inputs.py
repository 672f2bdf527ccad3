"""The lines that all screens share: the top bar, what can be done, and a line to type into."""

import pytest
from textual.app import App, ComposeResult
from textual.containers import Container
from textual.events import Paste
from textual.widgets import Static

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.header import Header
from charloom.tui.widgets.inputs import SafeInput
from tests.tui.helpers.driving import APP_CSS, until

HOSTILE = "a\x1b]0;title\x07\x9b31m\u202e[red]b[/red]"


class Around(Container):
    """Something with an action of its own."""

    done = 0

    def action_weave(self) -> None:
        self.done += 1


class Lines(App[None]):
    CSS_PATH = APP_CSS

    def compose(self) -> ComposeResult:
        yield Header("train")
        yield SafeInput()
        with Around():
            yield ActionBar(
                [("w", "weave", "weave"), ("x", "bell", "app.ring"), ("", "only shown", "")]
            )

    def on_mount(self) -> None:
        self.rung = 0
        self.query_one(SafeInput).focus()

    def action_ring(self) -> None:
        self.rung += 1


def seen(app: App[None], line: int) -> str:
    return app.screen._compositor.render_strips()[line].text


async def test_a_field_shows_what_is_pasted_and_lets_nothing_act() -> None:
    app = Lines()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        field = app.query_one(SafeInput)
        field.post_message(Paste(HOSTILE))
        await until(pilot, lambda: field.value == sanitize(HOSTILE))
        await until(pilot, lambda: sanitize(HOSTILE) in seen(app, 1))


@pytest.mark.parametrize(
    ("pasted", "taken"),
    [("/a/path\n", "/a/path"), ("one\ntwo\r\nthree", "one two three"), ("\n", ""), ("", "")],
)
async def test_a_field_takes_all_lines_as_one(pasted: str, taken: str) -> None:
    app = Lines()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        field = app.query_one(SafeInput)
        field.value = "xyz"
        field.selection = type(field.selection)(1, 2)
        field.post_message(Paste(pasted))
        await until(pilot, lambda: field.value == f"x{taken}z")


@pytest.mark.parametrize("key", ["ctrl+backspace", "alt+backspace"])
async def test_a_key_deletes_the_word_before_the_cursor(key: str) -> None:
    app = Lines()
    async with app.run_test(size=(80, 24)) as pilot:
        field = app.query_one(SafeInput)
        field.value = "one two three"
        field.cursor_position = len("one two")
        await pilot.press(key)
        await until(pilot, lambda: field.value == "one  three")


async def test_a_click_does_what_is_written_there_where_it_belongs() -> None:
    app = Lines()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        assert seen(app, 2).startswith("w weave  x bell   only shown")
        await pilot.click(ActionBar, offset=(3, 0))
        await until(pilot, lambda: app.query_one(Around).done == 1)
        await pilot.click(ActionBar, offset=(12, 0))
        await until(pilot, lambda: app.rung == 1)
        await pilot.click(ActionBar, offset=(20, 0))
        await pilot.click(ActionBar, offset=(70, 0))
        assert (app.query_one(Around).done, app.rung) == (1, 1)


async def test_where_the_line_is_too_short_the_last_are_left_out() -> None:
    app = Lines()
    async with app.run_test(size=(16, 24), notifications=True):
        assert seen(app, 2).strip() == "w weave  x bell"


async def test_the_header_shows_all_its_parts() -> None:
    app = Lines()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        bar = app.query_one(Header)
        bar.show_context(safe_content("about " * 20))
        bar.show_running(f"● {'creature ' * 12} 47%")
        await pilot.pause()
        parts = [bar.query_one(name, Static).size.width for name in ("#context", "#running")]
        assert min(parts) > 20
        assert seen(app, 0).startswith(" charloom  train  about ") and "● creature" in seen(app, 0)


async def test_the_header_shows_hostile_text_safely() -> None:
    app = Lines()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        app.query_one(Header).show_running(HOSTILE)
        await until(pilot, lambda: sanitize(HOSTILE) in seen(app, 0))
