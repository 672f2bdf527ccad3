"""How the text of a new run is read: part, column, order of lines, encoding."""

import json
import re
import threading
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Checkbox, Static

from charloom.core import paths
from charloom.core.data import cleaning, spool, text_file
from charloom.core.data.readers import decoding
from charloom.core.data.readers.decoding import TextStream
from charloom.core.store.read import bundled_names, model_names
from charloom.tui.services.text_source import TextSource
from charloom.tui.train import new_run
from charloom.tui.train.new_run import NewRunScreen
from charloom.tui.widgets.text_chooser import SafeDirectoryTree, TextChooser
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.train.new_run_helpers import opened, typed


async def test_an_unusable_text_is_reported_in_place(tmp_path: Path) -> None:
    (tmp_path / "empty").touch()
    (tmp_path / "short").write_text("too short")
    (tmp_path / "folder").mkdir()
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right")
        await until(pilot, lambda: isinstance(app.focused, SafeDirectoryTree))
        for name, says in (
            ("gone", "There is no file"),
            ("empty", "is empty; choose a text with words in it"),
            ("short", "has only 9 characters; training needs at least 32"),
            ("folder", "There is no text in the folder"),
        ):
            path = str(tmp_path / name)
            app.post_message(events.Paste(path))
            await until(pilot, lambda path=path: typed(app) == path)  # type: ignore[misc]
            await pilot.press("enter")
            await until(pilot, lambda says=says: says in flat_text(app))  # type: ignore[misc]
            assert typed(app) == path
            await pilot.press("home", "shift+end")
        assert notifications(app) == [] and model_names() == bundled_names()


@pytest.mark.parametrize("name", ["table.csv", "lines.jsonl"])
async def test_the_column_of_a_table_is_asked_for(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    lines = [{"id": "7", "said": f"The sea was grey {n}."} for n in range(30)]
    table = "id,said\n" + "".join(f"{line['id']},{line['said']}\n" for line in lines)
    records = "".join(f"{json.dumps(line)}\n" for line in lines)
    path.write_text(table if name == "table.csv" else records)
    label = "column" if name == "table.csv" else "field"
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await opened(pilot)
        app.post_message(events.Paste(str(path)))
        await until(pilot, lambda: typed(app) == str(path))
        await pilot.press("enter")
        await until(pilot, lambda: f"‘{label}’ must be given for" in flat_text(app))
        await until(pilot, lambda: "'id', 'said'" in flat_text(app))
        await until(pilot, lambda: app.focused is not None and app.focused.id == "column")
        await pilot.press(*"said", "enter")
        await until(pilot, lambda: "30 lines" in screen_text(app))
        assert f" {label} " in screen_text(app) and typed(app) == "said"
        await pilot.press("ctrl+o", "left", "enter")  # a text without columns
        await until(
            pilot,
            lambda: "The Loom at Carrow" in str(app.screen.query_one("#text", Static).content),
        )
        assert not app.screen.query_one("#record-options").display


async def test_a_list_is_shuffled_and_the_box_declines(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text(
        "".join(f"{a}{b}\n" for a in ("Ann", "Bel", "Car") for b in "abcdefghijklmnopqrst")
    )
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await opened(pilot)
        app.post_message(events.Paste(str(path)))
        await until(pilot, lambda: typed(app) == str(path))
        await pilot.press("enter")
        await until(pilot, lambda: "Shuffled the 60 lines" in flat_text(app))
        box = app.screen.query_one(Checkbox)
        assert box.display and box.value
        box.focus()
        await pilot.press("space")
        await until(pilot, lambda: "The lines are sorted" in flat_text(app))
        assert box.display and not box.value and "Shuffled the" not in flat_text(app)
        await pilot.press("space")
        await until(pilot, lambda: "Shuffled the 60 lines" in flat_text(app))


async def test_the_encoding_field_is_offered_where_the_encoding_is_unclear(tmp_path: Path) -> None:
    path = tmp_path / "nul"
    path.write_text("The sea was grey, and the loom went on.\n" * 30 + "\0")
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right")
        await until(pilot, lambda: isinstance(app.focused, SafeDirectoryTree))
        app.post_message(events.Paste(str(path)))
        await until(pilot, lambda: typed(app) == str(path))
        await pilot.press("enter")
        await until(pilot, lambda: "looks like binary data (1 NUL)" in flat_text(app))
        await until(pilot, lambda: app.focused is not None and app.focused.id == "encoding")
        await pilot.press(*"utf-8", "enter")
        await until(pilot, lambda: "1,201 characters" in screen_text(app))


async def test_escape_cancels_the_reading_of_a_long_text(
    sea: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, report = threading.Event(), TextStream._report

    def slow_report(self: TextStream) -> None:
        report(self)
        if self._position > 16_000:
            go_on.wait()

    monkeypatch.setattr(TextStream, "_report", slow_report)
    monkeypatch.setattr(new_run, "_PROGRESS_SECONDS", 0)
    monkeypatch.setattr(spool, "MAX_MEMORY_BYTES", 1_000)
    for module in (text_file, cleaning, decoding):
        monkeypatch.setattr(module, "PIECE_CHARACTERS", 500)
    sea.write_text("The sea was grey, and nobody spoke.\n" * 1_000)
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await opened(pilot)
        app.screen.post_message(TextChooser.Chosen(TextSource.from_paths([sea])))
        await until(pilot, lambda: re.search(r"Reading .*sea\.txt: [1-9]\d?% …", flat_text(app)))
        await pilot.press("f1")
        await until(pilot, lambda: not isinstance(app.screen, NewRunScreen))  # keys are obeyed
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen))
        assert list(paths.models_dir().glob(".*"))
        await pilot.press("escape")
        await until(pilot, lambda: "Reading" not in flat_text(app))
        go_on.set()
        await until(pilot, lambda: not list(paths.models_dir().glob(".*")))
        assert isinstance(app.screen, NewRunScreen)
