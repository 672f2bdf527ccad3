"""What all screens share: navigation, the command palette, notifications and the theme."""

import asyncio
from collections import Counter

import pytest
from textual.command import CommandInput, CommandList, CommandPalette
from textual.events import Paste
from textual.widgets._toast import Toast

from charloom.core.sanitize import sanitize
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.help import HelpScreen
from charloom.tui.dialogs.key_bindings import active_key_actions
from charloom.tui.prompt.composer_bar import ComposerBar
from charloom.tui.services.preferences import load
from charloom.tui.settings.screen import PathList
from charloom.tui.widgets.action_bar import Footer
from charloom.tui.widgets.number_slider import NumberSlider
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)

SCREENS = {"f2": "Prompt", "f3": "Train", "f4": "Library", "f5": "Settings", "f6": "Tour"}
HOSTILE = "a\x1b]0;title\x07\x9b31m\u202e[red]b[/red]"


async def test_a_key_opens_every_screen_and_each_is_created_once() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screens: dict[str, object] = {}
        for _ in range(2):
            for key, title in SCREENS.items():
                await pilot.press(key)
                await until(pilot, lambda: app.screen.title == title)  # noqa: B023 - awaited here
                assert screens.setdefault(title, app.screen) is app.screen
                assert app.screen.query_one(Footer)
                assert f"charloom  {title.lower()}" in screen_text(app)


async def test_a_screen_with_fields_can_be_the_first() -> None:
    # Textual itself sets this factory for an app, but not in tests. Python 3.11 has none.
    factory = getattr(asyncio, "eager_task_factory", None)
    asyncio.get_running_loop().set_task_factory(factory)
    app = CharloomApp()
    app.clear_selection()  # with that factory, a field calls this before there is a screen
    async with app.run_test() as pilot:
        await until(pilot, lambda: app.screen.title == "Prompt")


@pytest.mark.parametrize("size", [(1, 1), (20, 6), (300, 100)], ids=str)
async def test_every_terminal_size_works(size: tuple[int, int]) -> None:
    app = CharloomApp()
    async with app.run_test(size=size, notifications=True) as pilot:
        for key in (*SCREENS, "f5", "f1", "escape"):
            await pilot.press(key)
            await pilot.pause()
        await pilot.resize_terminal(80, 24)
        await until(pilot, lambda: "Getting started" in screen_text(app))


@pytest.mark.parametrize("mode", ["prompt", "train", "library", "settings", "tour"])
async def test_the_palette_has_every_action_once_with_its_key(mode: str) -> None:
    app = app_at(mode)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.pause()
        offered = list(app.get_system_commands(app.screen))
        names = Counter(command.title for command in offered)
        assert [name for name, times in names.items() if times > 1] == []
        expected = {action.title for action in active_key_actions(app.screen) if action.tooltip}
        idle = {"Menu", mode.title()}
        assert set(names) == expected - idle | {"Theme", "Screenshot"}
        assert set(SCREENS.values()) | {"Help", "Quit", "Menu"} <= expected
        for command in offered:
            assert command.title in ("Theme", "Screenshot") or command.help.endswith(")")


@pytest.mark.parametrize(
    ("mode", "key", "fields"),
    [("prompt", "tab", 14), ("train", "a", 8), ("library", "tab", 1), ("settings", "tab", 12)],
)
async def test_the_content_stays_where_it_is_when_the_focus_comes(
    mode: str, key: str, fields: int
) -> None:
    app = app_at(mode)
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await pilot.press(key)
        await until(pilot, lambda: len(app.screen.focus_chain) >= fields)
        focusable = app.screen.focus_chain
        for widget in focusable:
            app.set_focus(None)
            await pilot.pause()
            region = widget.content_region
            app.set_focus(widget, scroll_visible=False)
            await pilot.pause()
            assert widget.content_region == region


async def test_a_command_runs_on_its_own_node() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        app.screen.query_one(PathList).focus()
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        await pilot.press(*"copy", "enter")  # an action of the screen
        await until(pilot, lambda: "Copied " in flat_text(app))
        await pilot.press("ctrl+p", *"train", "enter")  # one of the app
        await until(pilot, lambda: app.current_mode == "train")
        await pilot.press("ctrl+p", *"help", "enter")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))


async def test_the_palette_changes_the_theme() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("ctrl+p", *"theme", "enter")
        await until(pilot, lambda: "Search for themes" in screen_text(app))
        await pilot.press(*"nord", "enter")
        await until(pilot, lambda: app.theme == "nord")
    assert load().theme == "nord"


async def test_nothing_typed_into_the_palette_is_markup_or_acts() -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: isinstance(app.screen, CommandPalette))
        typed = app.screen.query_one(CommandInput)
        typed.post_message(Paste(HOSTILE))
        typed.post_message(Paste("[red]"))
        typed.post_message(Paste("new run"))
        await until(pilot, lambda: typed.value == "new run")
        await until(pilot, lambda: app.screen.query_one(CommandList).option_count)
        typed.value = ""
        typed.post_message(Paste("e\u0301x"))
        await until(pilot, lambda: typed.value == "e\u0301x")


async def test_notifications_are_never_markup_and_cannot_act() -> None:
    app = app_at("train")
    async with app.run_test(size=(160, 48), notifications=True) as pilot:
        app.notify(HOSTILE, title=HOSTILE)
        await until(pilot, lambda: screen_text(app).count(sanitize(HOSTILE)) == 2)


@pytest.mark.parametrize("size", [SMALL, (60, 16)], ids=str)
async def test_two_notifications_at_most_below_the_header_and_above_the_composer(
    size: tuple[int, int],
) -> None:
    app = CharloomApp()
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "The prompt below is ready" in flat_text(app))
        for message in ("one", "two", "two", "three", "four " * 40):
            app.notify(message)
        await until(pilot, lambda: notifications(app) == ["three", "four " * 40])
        await until(pilot, lambda: "four four" in screen_text(app))
        toasts = [toast.region for toast in app.screen.query(Toast)]
        assert len(toasts) == 2
        assert all(toast.y >= 1 and toast.right <= size[0] for toast in toasts)
        assert all(not toast.overlaps(app.screen.query_one(ComposerBar).region) for toast in toasts)
        assert all(toast.bottom <= size[1] - 3 for toast in toasts)
        app.notify("failed", severity="error")
        await until(pilot, lambda: "failed" in notifications(app))
        confirmation, error = app._notifications
        assert confirmation.timeout < error.timeout


async def test_ctrl_c_says_how_to_quit_and_ctrl_q_quits_from_anywhere() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        app.screen.query_one("#length", NumberSlider).focus()
        await pilot.press("ctrl+c")
        await until(pilot, lambda: notifications(app) == ["Press ctrl+q to quit Charloom."])
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "to defaults?" in flat_text(app))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)


async def test_an_unknown_theme_falls_back_to_the_default() -> None:
    app = app_at("settings")
    app.services.remember(theme="from-a-later-version")
    again = CharloomApp()
    assert load().theme == "from-a-later-version" and again.theme == "charloom-dark"


@pytest.mark.parametrize("theme", ["charloom-dark", "charloom-light", "nord", "ansi-dark"])
async def test_muted_text_differs_from_other_text(theme: str) -> None:
    app = app_at("settings")
    app.theme = theme
    variables = app.get_css_variables()
    assert variables["text-muted"] != variables["foreground"]
    assert variables["text-disabled"] != variables["foreground"]
