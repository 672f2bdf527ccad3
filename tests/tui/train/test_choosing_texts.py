"""The text of a new run: pasted, typed, dropped, of the catalog, recent."""

from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen

import pytest
from textual import events
from textual.widgets import Static

from charloom.core.data import catalog
from charloom.core.store.model_dir import ModelDir
from charloom.tui.services import preferences
from charloom.tui.services.text_source import TextSource
from charloom.tui.train.new_run import NewRunScreen
from charloom.tui.train.screen import TrainScreen
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from charloom.tui.widgets.text_chooser import SafeDirectoryTree
from tests.helpers.child_process import TEXT
from tests.helpers.gutenberg_server import Answer, GutenbergServer, gutenberg_file, running
from tests.helpers.marks import needs_posix
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)
from tests.tui.train.new_run_helpers import opened, plan, planning, typed

HOSTILE = "\x1b[2J\x9b31m[red]\u202e"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GutenbergServer]:
    with running() as server:
        monkeypatch.setenv(catalog.MIRROR_VARIABLE, server.address)
        yield server


async def test_what_was_pasted_is_trained_on_as_it_is(trainers: list["Popen[bytes]"]) -> None:
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right", "right", "right")
        assert isinstance(app.focused, SafeTextArea)
        app.post_message(events.Paste(TEXT + HOSTILE))
        await until(pilot, lambda: "␛[2J␦31m[red]␦" in screen_text(app))
        await pilot.press("tab", "enter")
        await planning(pilot)
        await until(pilot, lambda: "Control and format characters" in screen_text(app))
        # auto, minutes, name, more settings, seed, steps, hidden, …, threads
        await pilot.press("tab", "tab", "tab", "enter", "tab", "tab", *"9", "tab", *"8")
        await pilot.press(*["tab"] * 6, *"1", "ctrl+s")
        await until(pilot, lambda: isinstance(app.screen, TrainScreen))
        made = plan("pasted-text")
        assert made["overrides"] == {"steps": 9, "hidden_size": 8, "threads": 1}
        assert ModelDir.named("pasted-text").corpus.read_bytes() == (TEXT + HOSTILE).encode()
        assert preferences.load().recent_texts == ()
        await until(pilot, lambda: "✓ pasted-text  completed" in screen_text(app))


@pytest.mark.parametrize("before", [[], ["left"], ["shift+tab"], ["tab"]], ids=str)
async def test_a_text_is_pasted_and_typed_wherever_the_focus_is(before: list[str]) -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        if before != ["left"]:
            await pilot.press("right", "right", "right")
        await pilot.press(*before)
        app.post_message(events.Paste("the grey\nsea "))
        await until(pilot, lambda: isinstance(app.focused, SafeTextArea))
        area = app.screen.query_one(SafeTextArea)
        await until(pilot, lambda: area.text == "the grey\nsea ")
        await pilot.press("shift+tab", *"was", "tab", *"s")
        assert area.text == "the grey\nsea wass"


async def test_arrows_at_once_switch_as_many_tabs() -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        for _ in range(3):
            app.post_message(events.Key("right", None))
        await until(pilot, lambda: isinstance(app.focused, SafeTextArea))
        await pilot.press("shift+tab")
        for _ in range(2):
            app.post_message(events.Key("left", None))
        await until(pilot, lambda: isinstance(app.focused, SafeDirectoryTree))
        await pilot.press(*"~/x")
        assert typed(app) == "~/x"


@pytest.mark.parametrize(
    "form",
    ["'{}'", '"{}"', "{escaped}", "{uri}", " {}\n", "{uri}\n{uri}", "'{}' '{}'"],
)
async def test_a_dropped_file_is_read_in_every_form_that_terminals_paste(
    sea: Path, form: str
) -> None:
    pasted = form.format(sea, sea, escaped=str(sea).replace(" ", "\\ "), uri=sea.as_uri())
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        app.post_message(events.Paste(pasted))
        await until(pilot, lambda: typed(app) == str(sea))
        assert notifications(app) == []
        app.screen.query_one("#path", SafeInput).value = pasted
        await pilot.press("enter")
        await planning(pilot)


async def test_an_error_of_one_tab_is_gone_on_the_next(tmp_path: Path) -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right", *"nowhere.txt", "enter")
        status = app.screen.query_one("#status", Static)
        await until(pilot, lambda: "nowhere.txt" in str(status.content))
        await until(pilot, lambda: "Reading" not in str(status.content))
        await pilot.press("shift+tab", "right")
        await until(pilot, lambda: not str(status.content))


async def test_dropped_files_and_folders_are_joined(
    sea: Path, trainers: list["Popen[bytes]"]
) -> None:
    folder = sea.parent / "more seas"
    folder.mkdir()
    (folder / "10.txt").write_text(TEXT)
    (folder / "9.txt").write_text(TEXT)
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await opened(pilot)
        app.post_message(events.Paste(f"'{sea}' '{folder}'"))
        await until(pilot, lambda: typed(app) == f"'{sea}' '{folder}'")
        await pilot.press("enter")
        await planning(pilot)
        notes = str(app.screen.query_one("#issues Static", Static).content)
        assert "Joined 3 files by name" in notes and "grey sea.txt, 9.txt, 10.txt." in notes
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "● grey-sea-and-2" in screen_text(app))
    recent = f"{sea}\n{folder}"
    assert preferences.load().recent_texts == (recent,)
    assert TextSource.from_recent(recent).open().title == "grey sea and 2 more"


async def test_a_text_is_downloaded_and_shown(server: GutenbergServer) -> None:
    server.serve(84, Answer(b"Broken.", status=404), Answer(gutenberg_file(TEXT * 9)))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: "Frankenstein was not downloaded" in flat_text(app))
        assert app.screen.has_class("choosing")
        await pilot.press("enter")
        await planning(pilot)
        await until(pilot, lambda: "Project Gutenberg" in flat_text(app))
        await pilot.press("ctrl+o")
        lines = [line for line in screen_text(app).splitlines() if "Mary Shelley" in line]
        assert lines and "here" in lines[0]


async def test_escape_cancels_a_download(server: GutenbergServer) -> None:
    server.serve(84, Answer(gutenberg_file(TEXT * 9), stall_within=True))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: "Reading Frankenstein" in screen_text(app))
        await until(pilot, lambda: server.count(84))
        await pilot.press("escape")
        await until(pilot, lambda: "Reading" not in screen_text(app))
        assert isinstance(app.screen, NewRunScreen) and app.screen.has_class("choosing")
        server.released.set()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, TrainScreen))
    assert not catalog.cached("frankenstein")


async def test_leaving_waits_for_no_download(server: GutenbergServer) -> None:
    server.serve(84, Answer(gutenberg_file(TEXT), stall=True))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("down", "down", "down", "enter")
        await until(pilot, lambda: server.count(84))
        await pilot.press("ctrl+q")
        await until(pilot, lambda: not app.is_running)
    assert not server.released.is_set()


async def test_recent_texts_are_listed_and_a_lost_one_is_reported(sea: Path) -> None:
    texts = (str(sea), "loom", "/gone/[red]\x1b.txt")
    preferences.save(preferences.Preferences(recent_texts=texts))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right", "right")
        await until(pilot, lambda: "/gone/[red]␛.txt" in screen_text(app))
        await pilot.press("end", "enter")
        await until(pilot, lambda: "There is no file '/gone/[red]" in flat_text(app))
        await pilot.press("home", "enter")
        await planning(pilot)
        await until(pilot, lambda: f"{len(TEXT):,} characters" in screen_text(app))


@needs_posix("symbolic links that anyone may make")
async def test_names_of_files_cannot_act(sea: Path) -> None:
    (sea.parent / HOSTILE).write_text(TEXT)
    (sea.parent / ".hidden").write_text(TEXT)
    (sea.parent / "broken").symlink_to("/nowhere")
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right")
        await until(pilot, lambda: "␛[2J␦31m[red]␦" in screen_text(app))
        assert ".hidden" not in screen_text(app)
        await pilot.press("down", "enter")
        await planning(pilot)
        assert all(c.isprintable() or c == "\n" for c in screen_text(app))
