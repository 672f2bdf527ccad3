"""Texts and screens are shared: copied as a command or Markdown, saved as a picture."""

from pathlib import Path

import pytest

from charloom.core.library.database import Library
from charloom.core.library.generation import format_generations
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.formatting.picture import text_picture
from charloom.tui.formatting.shell_commands import generate_command
from charloom.tui.services.preferences import Preferences, save
from tests.helpers.factories import random_checkpoint, save_model
from tests.tui.helpers.driving import notifications, until
from tests.tui.prompt.helpers import ready, written


async def test_a_text_of_prompt_is_copied_and_saved_as_a_picture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    save_model("weaver", random_checkpoint())
    save(Preferences(model="weaver", welcomed=True, length=40, seed=3))
    app = CharloomApp()
    async with app.run_test(size=(100, 30)) as pilot:
        screen = await ready(pilot)
        await written(pilot, "the sea ")
        await until(pilot, lambda: screen.transcript.current.chosen.saved)  # type: ignore[union-attr]
        with Library() as library:
            generation = library.recent(1)[0]

        await pilot.press("alt+y")
        assert app.clipboard == generate_command(generation)
        await pilot.press("alt+shift+y")
        assert app.clipboard == format_generations([generation], "md")

        await pilot.press("alt+x")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        await pilot.press("enter")
        path = tmp_path / f"writing-{generation.id}.svg"
        await until(pilot, lambda: notifications(app) and path.exists())
        assert path.read_text("utf-8") == text_picture(generation)

        app.action_screenshot()
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        await pilot.press("enter")
        path = tmp_path / "charloom.svg"
        await until(pilot, path.exists)
        assert "weaver" in path.read_text("utf-8")
