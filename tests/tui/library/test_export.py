"""Exporting generations to files."""

from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from charloom.core.library.generation import EXPORT_FORMATS, format_generations
from charloom.tui.dialogs.save_file import SaveFileDialog
from charloom.tui.formatting.picture import picture_formats
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.option_row import OptionRow
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.library.helpers import keep, kept, put, read


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Start the app in a folder of its own."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


async def open_dialog(pilot: Pilot[None]) -> None:
    await pilot.press("x")
    await until(pilot, lambda: isinstance(pilot.app.screen, SaveFileDialog))


async def back(pilot: Pilot[None]) -> None:
    await until(pilot, lambda: isinstance(pilot.app.screen, LibraryScreen))


def suggested_name(pilot: Pilot[None]) -> str:
    return pilot.app.screen.query_one(SafeInput).value


async def test_one_or_all_that_are_listed_are_written_in_each_format(here: Path) -> None:
    keep(" one\x1b[2J ☃", " two", note="a note", starred=True)
    keep(" three")
    three, two, one = kept()
    app = app_at("library")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await read(pilot)
        for number, kind in enumerate(EXPORT_FORMATS):
            await open_dialog(pilot)
            await pilot.press("tab", "tab", *["right"] * number)
            assert suggested_name(pilot) == f"writing-3.{kind}"
            await pilot.press("enter")
            await back(pilot)
            assert (here / f"writing-3.{kind}").read_bytes() == format_generations(
                [three], kind
            ).encode()
        await open_dialog(pilot)
        await pilot.press("tab", "right", "enter")
        await back(pilot)
        assert (here / "writings.txt").read_bytes() == format_generations(
            [three, two, one], "txt"
        ).encode()
        await pilot.press("f")
        await until(
            pilot, lambda: "★ favorites" in screen_text(app) and "number 2" in screen_text(app)
        )
        await open_dialog(pilot)
        await pilot.click(OptionRow, offset=(25, 0))
        assert suggested_name(pilot) == "favorites.txt"
        await pilot.press("enter")
        await back(pilot)
        assert (here / "favorites.txt").read_bytes() == format_generations(
            [two, one], "txt"
        ).encode()
        assert notifications(app)[-1] == f"Saved to {str(Path('favorites.txt'))!r}."


async def test_a_file_that_is_there_is_replaced_only_after_asking(here: Path) -> None:
    keep(" one")
    (here / "writing-1.txt").write_text("mine")
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await open_dialog(pilot)
        await pilot.press("enter")
        await until(pilot, lambda: "'writing-1.txt' already exists. Replace it?" in flat_text(app))
        await pilot.press("c")
        await until(pilot, lambda: isinstance(app.screen, SaveFileDialog))
        assert (here / "writing-1.txt").read_text() == "mine"
        await pilot.press("enter")
        await until(pilot, lambda: "already exists." in flat_text(app))
        await pilot.press("r")
        await back(pilot)
        assert (here / "writing-1.txt").read_text("utf-8") == format_generations(kept(), "txt")
        await open_dialog(pilot)
        await pilot.press("escape")
        await back(pilot)


async def test_an_invalid_path_is_reported_in_the_dialog_and_can_be_corrected(here: Path) -> None:
    keep(" one")
    (here / "folder").mkdir()
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await open_dialog(pilot)
        for place, sentence in (
            ("", "Enter a file name"),
            ("no/such/folder/a.txt", "cannot be written (No such file or directory)."),
            ("~nobody-of-that-name/a.txt", "Invalid path:"),
            ("x" * 300, "Invalid path:"),
        ):
            put(pilot, place)
            await pilot.press("enter")
            detail = app.screen.query_one("#detail", Static)
            await until(pilot, lambda: sentence in str(detail.render()))  # noqa: B023
            assert "--" not in str(detail.render())
        put(pilot, "folder")
        await pilot.press("enter")
        await back(pilot)
        assert (here / "folder" / "writing-1.txt").is_file()


async def test_the_name_goes_with_the_format_and_what_was_typed_stays() -> None:
    keep(" one")
    app = app_at("library")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await read(pilot)
        await open_dialog(pilot)
        put(pilot, "mine.txt")
        await pilot.press("tab", "tab", "right")
        assert suggested_name(pilot) == "mine.md"
        await pilot.press("left", "left")
        assert suggested_name(pilot) == f"mine.{picture_formats()[-1]}"
        put(pilot, "mine")
        await pilot.press("left")
        assert suggested_name(pilot) == "mine"
