"""Help, over every screen: what it is for, what the focused control does, and the keys."""

from collections.abc import Callable

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.help import HelpScreen, KeyTable
from charloom.tui.dialogs.key_bindings import active_key_actions
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.number_slider import NumberSlider
from charloom.tui.widgets.sampling_controls import SamplingControls
from tests.tui.helpers.driving import LARGE, SMALL, app_at, flat_text, screen_text, until

Compare = Callable[..., bool]
SCREENS = ("prompt", "train", "library", "settings", "tour")


async def help_of(pilot: Pilot[None], key: str = "f1") -> HelpScreen:
    """Open the help, and return it once it is there."""
    await pilot.press(key)
    await until(pilot, lambda: isinstance(pilot.app.screen, HelpScreen))
    await until(pilot, lambda: pilot.app.screen.query(KeyTable) and "close" in shown_of(pilot))
    screen = pilot.app.screen
    assert isinstance(screen, HelpScreen)
    return screen


def shown_of(pilot: Pilot[None]) -> str:
    app = pilot.app
    assert isinstance(app, CharloomApp)
    return screen_text(app)


def listed(screen: HelpScreen) -> dict[str, str]:
    """Return the titles of the listed actions by their keys."""
    tables = [table.actions for table in screen.query(KeyTable)]
    return {" ".join(action.keys): action.title for table in tables for action in table}


@pytest.mark.parametrize("mode", SCREENS)
async def test_every_screen_is_explained_with_all_its_keys(mode: str) -> None:
    app = app_at(mode)
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        room = app.screen
        assert isinstance(room, BaseScreen)
        await until(pilot, lambda: room.focused or mode in ("train", "tour"))
        expected = {action.title for action in active_key_actions(room)}
        screen = await help_of(pilot)
        about = "".join(c for c in room.HELP.split()[0] if c.isalnum())
        await until(pilot, lambda: about in screen_text(app))
        assert "**" not in flat_text(app) and "`" not in flat_text(app)
        assert expected <= set(listed(screen).values())
        assert {"Help", "Prompt", "Train", "Library", "Settings", "Tour", "Quit"} <= expected
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is room)


async def test_f1_closes_it_too_and_the_end_is_reached_with_keys() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await help_of(pilot)
        last = screen.query(KeyTable).last().actions[-1]
        await pilot.press("end")
        await until(
            pilot,
            lambda: f"{last.keys[-1]} " in screen_text(app) and last.title in screen_text(app),
        )
        await pilot.press("f1")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))


async def test_the_focused_control_is_explained() -> None:
    app = app_at("settings")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        app.screen.query_one("#temperature", NumberSlider).focus()
        screen = await help_of(pilot)
        explained = str(screen.query_one("#control", Static).content)
        assert explained.startswith("Temperature: lower is more predictable, ")
        assert explained.endswith(NumberSlider.HELP)
        assert listed(screen)["← -"] == "Less"


async def test_a_question_mark_is_a_key_only_outside_text_fields() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        field = app.screen.query_one(SamplingControls).query_one("#stop", SafeInput)
        field.focus()
        await pilot.press("question_mark")
        await until(pilot, lambda: field.value == "?")
        assert "F1" in listed(await help_of(pilot))
        await pilot.press("question_mark")
        await until(pilot, lambda: not isinstance(app.screen, HelpScreen))
        app.screen.query_one("#temperature", NumberSlider).focus()
        assert "F1 ?" in listed(await help_of(pilot, "question_mark"))


async def test_it_opens_over_a_dialog_and_gives_that_back() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "to defaults?" in flat_text(app))
        dialog = app.screen
        found = listed(await help_of(pilot))
        assert found["esc"] == "Cancel" and found["^q"] == "Quit" and found["F1"] == "Help"
        assert "F3" not in found  # which does nothing there
        await pilot.press("escape")
        await until(pilot, lambda: app.screen is dialog)


@pytest.mark.usefixtures("same_everywhere")
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
def test_look(snap_compare: Compare, size: tuple[int, int]) -> None:
    async def go(pilot: Pilot[None]) -> None:
        await until(pilot, lambda: "Getting started" in shown_of(pilot))
        pilot.app.screen.query_one("#length", NumberSlider).focus()
        screen = await help_of(pilot)
        await pilot.pause(0.1)
        screen.refresh()  # Textual may have drawn the screen behind it in part only

    assert snap_compare(app_at("settings"), terminal_size=size, run_before=go)
