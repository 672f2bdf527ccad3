from typing import Any

import pytest
from textual.events import Key
from textual.screen import ModalScreen

from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.basic import confirm_dialog
from charloom.tui.dialogs.help import HelpScreen
from charloom.tui.dialogs.jump import JumpScreen
from tests.tui.helpers.driving import SMALL, app_at, until


@pytest.mark.parametrize("name", ["confirm", "jump"])
async def test_two_keys_in_quick_succession_close_one_screen_only(name: str) -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL) as pilot:
        await until(pilot, lambda: app.focused)
        below = HelpScreen(app.screen)
        await app.push_screen(below)
        screen: ModalScreen[Any] = (
            confirm_dialog("Delete?", "Delete", "d") if name == "confirm" else JumpScreen(below)
        )
        results: list[object] = []
        await app.push_screen(screen, results.append)
        for character in "cd":
            screen.post_message(Key(character, character))
        await until(pilot, lambda: not screen.is_attached)
        assert isinstance(app, CharloomApp) and app.screen is below
        assert len(results) == 1
