from typing import Any

import pytest
from textual.events import Key
from textual.screen import ModalScreen

from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.basic import InputDialog, confirm_dialog
from charloom.tui.dialogs.help import HelpScreen
from charloom.tui.dialogs.jump import JumpScreen, controls
from charloom.tui.widgets.inputs import SafeInput
from tests.tui.helpers.driving import SMALL, app_at, screen_text, until


@pytest.mark.parametrize("name", ["confirm", "jump"])
async def test_two_keys_in_quick_succession_close_one_screen_only(name: str) -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.focused)
        below = HelpScreen(app.screen)
        await app.push_screen(below)
        screen: ModalScreen[Any] = (
            confirm_dialog("Delete?", "Delete", "d")
            if name == "confirm"
            else JumpScreen(controls(below))
        )
        results: list[object] = []
        await app.push_screen(screen, results.append)
        for character in "cd":
            screen.post_message(Key(character, character))
        await until(pilot, lambda: not screen.is_attached)
        assert isinstance(app, CharloomApp) and app.screen is below
        assert len(results) == 1


async def test_a_key_right_after_enter_is_not_part_of_the_answer() -> None:
    app, answers = app_at("settings"), list[str | None]()
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.focused)
        await app.push_screen(InputDialog("Find:"), answers.append)
        await until(pilot, lambda: isinstance(app.focused, SafeInput))
        for key in ("s", "e", "a", "enter", "n"):
            app.post_message(Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: answers)
        assert answers == ["sea"]


async def test_a_notification_is_shown_once_with_a_dialog_open() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await until(pilot, lambda: app.focused)
        app.notify("the first")
        await until(pilot, lambda: "the first" in screen_text(app))
        await app.push_screen(InputDialog("Find:"))
        app.notify("the second")
        await until(pilot, lambda: "the second" in screen_text(app))
        below, dialog = app.screen_stack
        await until(pilot, lambda: all(toast.display for toast in dialog.query("Toast")))
        assert below.query("Toast") and not any(toast.display for toast in below.query("Toast"))
