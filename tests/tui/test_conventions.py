"""Conventions of terminal apps: what users expect of any of them, on every screen.

Undo of every delete, other keys from a file and jumping have tests of their own.
"""

import base64

import pytest
from textual.command import CommandInput, CommandList, CommandPalette
from textual.pilot import Pilot

from charloom.tui.app import CharloomApp
from charloom.tui.modes import MODES
from charloom.tui.widgets.streaming_text import StreamingText
from tests.tui.helpers.driving import SMALL, screen_text, until
from tests.tui.helpers.own_keys import assert_no_old_key, other_keys, press_keys, use_keys
from tests.tui.helpers.visiting import furnished_home, visit
from tests.tui.prompt.helpers import choose, composer, prompt_screen, ready, turns, weaver, written


@pytest.fixture
def model() -> None:
    """Save a small model, and preferences of an earlier session that used it."""
    weaver()
    choose()


@pytest.mark.usefixtures("model")
async def test_text_selected_with_the_mouse_is_marked_and_ctrl_c_copies_it_by_osc_52(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the grey sea ")
        text = turn.query_one(StreamingText)
        before = backgrounds(app, text.region.y)
        await pilot.mouse_down(text, offset=(3, 0))
        await pilot.hover(text, offset=(10, 0))
        await pilot.mouse_up(text, offset=(10, 0))
        await until(pilot, lambda: text.text_selection)
        after = backgrounds(app, text.region.y)
        marked = [x - text.region.x for x in range(len(after)) if after[x] != before[x]]
        assert marked == list(range(3, 11))

        written_to_terminal: list[str] = []
        assert app._driver
        monkeypatch.setattr(app._driver, "write", written_to_terminal.append)
        await pilot.press("ctrl+c")
        copied = base64.b64encode(b"the grey").decode()
        await until(pilot, lambda: f"\x1b]52;c;{copied}\a" in written_to_terminal)
        assert app.clipboard == "the grey"


def backgrounds(app: CharloomApp, y: int) -> list[object]:
    """Return the background of each cell of a line."""
    line = app.screen._compositor.render_strips()[y]
    return [style and style.bgcolor for text, style, _ in line for _ in text]


def first_command(app: CharloomApp) -> str:
    """Return the text of the command that Enter would run."""
    commands = app.screen.query_one(CommandList)
    return str(commands.get_option_at_index(0).prompt) if commands.option_count else ""


@pytest.mark.usefixtures("model")
async def test_the_palette_opens_on_every_screen_and_goes_to_any() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        for mode, target in zip(MODES, [*MODES[1:], MODES[0]], strict=True):
            assert app.current_mode == mode
            await pilot.press("ctrl+p")
            await until(pilot, lambda: isinstance(app.screen, CommandPalette))
            await pilot.press(*target)
            await until(pilot, lambda: app.screen.query_one(CommandInput).value == target)  # noqa: B023
            await until(pilot, lambda: target.title() in first_command(app))  # noqa: B023
            await pilot.press("enter")
            await until(pilot, lambda: app.current_mode == target)  # noqa: B023


@pytest.mark.usefixtures("model")
async def test_a_slash_finds_text_where_texts_are() -> None:
    app = CharloomApp()
    async with app.run_test(size=SMALL) as pilot:
        await ready(pilot)
        turn = await written(pilot, "the grey sea ")
        await pilot.press("shift+tab", "slash", *"grey", "enter")
        await until(pilot, lambda: turn.query_one(StreamingText)._found == [(4, 8)])
        await pilot.press("f4")
        await until(pilot, lambda: "the grey sea" in screen_text(app))
        await pilot.press("slash", *"nowhere")
        await until(pilot, lambda: "the grey sea" not in screen_text(app))


async def test_every_screen_survives_a_tiny_terminal_without_colours_and_with_other_keys(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    visited = []
    with furnished_home():
        app, other = CharloomApp(), other_keys()
        use_keys(app, other)
        async with app.run_test(size=SMALL) as pilot:
            press_keys(pilot, other)
            async for name in visit(pilot):
                visited.append(name)
                assert not colours(app), name
                await resized_and_back(pilot, name)
                assert_no_old_key(app, name)
    assert len(visited) >= 25


async def resized_and_back(pilot: Pilot[None], name: str) -> None:
    """Resize the terminal to 60×16, 20×5 and back; the same is on the screen then."""
    app = pilot.app
    assert isinstance(app, CharloomApp)
    before = ""
    while not before.strip() or before != screen_text(app):  # until all of it is there
        before = screen_text(app)
        await pilot.pause(0.1)
    screen, focused = app.screen, app.screen.focused
    for size in ((60, 16), (20, 5), SMALL):
        await pilot.resize_terminal(*size)
        await until(pilot, lambda: app.screen.size == size)  # noqa: B023
    assert app.screen is screen and screen.focused is focused, name
    for _ in range(100):
        if all(
            now == then for now, then in zip(screen_text(app), before, strict=True) if then != " "
        ):
            return  # behind a dialog, there may be more than was drawn at first
        await pilot.pause(0.05)
    assert screen_text(app).splitlines() == before.splitlines(), name


def colours(app: CharloomApp) -> set[object]:
    """Return the colours of characters and of what is behind them that are no shades of grey."""
    lines = app.screen._compositor.render_strips()
    styles = {style for line in lines for text, style, _ in line if style and text.strip()}
    shown = {color for style in styles for color in (style.color, style.bgcolor) if color}
    triplets = {color.get_truecolor() for color in shown if not color.is_default}
    return {triplet for triplet in triplets if len(set(triplet)) > 1}


async def test_the_page_is_there_again_after_a_restart() -> None:
    weaver()
    choose(candidate_count=2)
    pages = []
    async with CharloomApp().run_test(size=SMALL) as pilot:
        await ready(pilot)
        await written(pilot, "the first sea ")
        turn = await written(pilot, "the second sea ")
        await pilot.press("shift+tab", "right")
        await until(pilot, lambda: turn.chosen.number == 1)
        pages.append([each.chosen.full_text for each in turns(pilot)])
    for restarts in range(2):
        async with CharloomApp().run_test(size=SMALL) as pilot:
            await ready(pilot)
            await until(pilot, lambda: len(turns(pilot)) == 2)
            pages.append([each.chosen.full_text for each in turns(pilot)])
            transcript = prompt_screen(pilot).transcript
            assert transcript.following and transcript.current is turns(pilot)[-1]
            assert composer(pilot).has_focus
            if restarts:
                await pilot.press("ctrl+n")
                await until(pilot, lambda: not turns(pilot))
    assert pages[0] == pages[1] == pages[2] and pages[0][0].startswith("the first sea ")
    async with CharloomApp().run_test(size=SMALL) as pilot:
        screen = await ready(pilot)
        await until(pilot, lambda: screen._page_restored)
        assert not turns(pilot)
