"""Starting a run from the app, with the keyboard only."""

import json
import re
import threading
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot
from textual.widgets import Checkbox, Static

from charloom.core import paths
from charloom.core.data import catalog, cleaning, spool, text_file
from charloom.core.data.readers import decoding
from charloom.core.data.readers.decoding import TextStream
from charloom.core.runs.estimates import cache_throughput
from charloom.core.runs.presets import PRESETS
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import bundled_names, model_names
from charloom.tui.app import CharloomApp
from charloom.tui.services import preferences
from charloom.tui.services.text_source import TextSource
from charloom.tui.train import new_run
from charloom.tui.train.new_run import NewRunScreen
from charloom.tui.train.preset_list import PresetList
from charloom.tui.train.run_form import RunForm
from charloom.tui.train.screen import TrainScreen
from charloom.tui.widgets.inputs import SafeInput, SafeTextArea
from charloom.tui.widgets.text_chooser import SafeDirectoryTree, TextChooser
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
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

HOSTILE = "\x1b[2J\x9b31m[red]\u202e"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[GutenbergServer]:
    with running() as server:
        monkeypatch.setenv(catalog.MIRROR_VARIABLE, server.address)
        yield server


@pytest.fixture
def sea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A text in the folder where the app is started."""
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "grey sea.txt").write_text(TEXT)
    monkeypatch.chdir(folder)
    return folder / "grey sea.txt"


async def opened(pilot: Pilot[None]) -> CharloomApp:
    """Open the form."""
    app = pilot.app
    assert isinstance(app, CharloomApp)
    await until(pilot, lambda: "a new run" in screen_text(app))
    await pilot.press("a")
    await until(pilot, lambda: "The Loom at Carrow" in screen_text(app))
    return app


async def planning(pilot: Pilot[None]) -> None:
    """Wait for the form with the statistics of the text."""
    await until(pilot, lambda: pilot.app.screen.has_class("planning"))
    await until(pilot, lambda: "distinct" in shown_by(pilot))


def shown_by(pilot: Pilot[None]) -> str:
    assert isinstance(pilot.app, CharloomApp)
    return screen_text(pilot.app)


def typed(app: CharloomApp) -> str:
    """Return the value of the focused field."""
    return app.focused.value if isinstance(app.focused, SafeInput) else ""


def plan(name: str) -> dict[str, Any]:
    """Return the config of the run ``name``."""
    config: dict[str, Any] = json.loads(ModelDir.named(name).run_config.read_text())
    return config


async def test_three_times_enter_trains_on_the_tale(trainers: list["Popen[bytes]"]) -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await planning(pilot)
        assert "The Loom at Carrow" in screen_text(app) and "the-loom-at-carrow" in screen_text(app)
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "● the-loom-at-carrow" in screen_text(app))
        assert len(trainers) == 1 and notifications(app) == []
        made = plan("the-loom-at-carrow")
        assert (made["preset"], made["overrides"], made["source"]) == (
            "auto",
            {"minutes": 3},
            "loom",
        )
        assert preferences.load().recent_texts == ("loom",)
        assert isinstance(app.screen, TrainScreen) and app.focused is not None


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


async def test_part_of_a_file_is_trained_on_under_a_name_of_ones_own(
    sea: Path, trainers: list["Popen[bytes]"]
) -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right")
        await until(pilot, lambda: "grey sea.txt" in screen_text(app))
        await pilot.press("down", "enter")
        await planning(pilot)
        assert "grey sea" in screen_text(app) and f"{len(TEXT):,} characters" in screen_text(app)
        await pilot.press(*["shift+tab"] * 3)  # past the start and the issues, to the encoding
        await pilot.press("shift+tab", "shift+tab", *"loom", "tab", *"2000", "enter")
        kept = TEXT[TEXT.index("loom") : 2_000]
        await until(pilot, lambda: f"{len(kept):,} characters" in screen_text(app))
        await until(pilot, lambda: "Took the" in screen_text(app))
        app.screen.query_one("#name", SafeInput).focus()
        await pilot.press("home", "shift+end", *"sea", "enter")
        await until(pilot, lambda: "● sea  starting" in screen_text(app))
        assert ModelDir.named("sea").corpus.read_text() == kept
        assert plan("sea")["source"] == str(sea)
        assert preferences.load().recent_texts == (str(sea),)


async def test_a_run_starts_from_a_model_of_ones_own(trainers: list["Popen[bytes]"]) -> None:
    characters = catalog.fetch("loom").text
    save_model("old", random_checkpoint(characters))
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await planning(pilot)
        await pilot.press(
            "down", "down", "shift+tab", "right", "right", "ctrl+s"
        )  # small, but from a model
        await until(pilot, lambda: "Name the model to start from." in screen_text(app))
        assert "H 192" not in screen_text(app) and "minutes" in screen_text(app)
        await pilot.press(*"OL", "right")  # the name is completed
        await until(pilot, lambda: typed(app) == "old")
        await pilot.press(*"@7", "enter")
        await until(pilot, lambda: "The model 'old' has no checkpoint '@7'" in screen_text(app))
        await pilot.press("backspace", "backspace", "enter")
        await until(pilot, lambda: "● the-loom-at-carrow" in screen_text(app))
        assert len(trainers) == 1
        config = plan("the-loom-at-carrow")
        assert (config["preset"], config["overrides"]) == ("auto", {"minutes": 3})
        assert (config["base"]["name"], config["base"]["step"]) == ("old", 100)


async def test_what_a_run_starts_from_is_left_open_or_chosen() -> None:
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await planning(pilot)
        form = app.screen.query_one(RunForm)
        await until(pilot, lambda: "start from [auto] scratch a model" in flat_text(app))
        assert form.request().base == "auto"
        await pilot.press("shift+tab", "right")
        await until(pilot, lambda: "start from auto [scratch] a model" in flat_text(app))
        assert form.request().base == "none"


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


async def test_folding_is_shown_where_it_will_happen(tmp_path: Path) -> None:
    path = tmp_path / "rare.txt"
    rare = "".join(map(chr, range(0x4E00, 0x4E00 + 1_600)))
    path.write_text("abcdefgh\n" * 6_000 + rare)
    app = app_at("train")
    async with app.run_test(size=LARGE) as pilot:
        await opened(pilot)
        app.post_message(events.Paste(str(path)))
        await until(pilot, lambda: typed(app) == str(path))
        await pilot.press("enter")
        await planning(pilot)
        folds = "auto folds 1,600 rare characters"
        await until(pilot, lambda: folds in flat_text(app))
        form, presets = app.screen.query_one(RunForm), app.screen.query_one(PresetList)
        for field, value in (("hidden_size", "1024"), ("min_count", "1")):
            form.query_one(f"#{field}", SafeInput).value = value
            await until(pilot, lambda: folds not in flat_text(app))
            form.query_one(f"#{field}", SafeInput).value = ""
            await until(pilot, lambda: folds in flat_text(app))
        presets.focus()
        await pilot.press("down")
        await until(pilot, lambda: folds not in flat_text(app))
        await pilot.press("up")
        await until(pilot, lambda: folds in flat_text(app))


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


async def test_typed_values_survive_errors(sea: Path) -> None:
    save_model("Mine", random_checkpoint())
    app = app_at("train")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("enter")
        await planning(pilot)
        await pilot.press("tab", "tab", "home", "shift+end", *"mine")
        await until(pilot, lambda: "The name 'Mine' is taken" in screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: "The name 'Mine' is taken; choose another" in flat_text(app))
        assert typed(app) == "mine"
        await pilot.press("2", "tab", "enter", "tab", "tab", "tab", *"99999", "ctrl+s")
        says = "‘hidden’ is a whole number from 1 to 4,096, not 99999."
        await until(pilot, lambda: says in flat_text(app))
        assert typed(app) == "99999"
        assert app.screen.query_one("#name", SafeInput).value == "mine2"
        await pilot.press("ctrl+o")
        await until(pilot, lambda: "Python's language reference" in screen_text(app))
        await pilot.press("down", "enter")
        await planning(pilot)
        await until(
            pilot, lambda: "Python's language reference, topic by topic" in screen_text(app)
        )
        assert app.screen.query_one("#name", SafeInput).value == "mine2"
        assert not ModelDir.named("mine2").path.exists()


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


async def test_the_duration_of_a_preset_is_shown_where_it_is_known(sea: Path) -> None:
    cache_throughput(dict.fromkeys(PRESETS, 1_000))
    app = app_at("train")
    async with app.run_test(size=LARGE, notifications=True) as pilot:
        await opened(pilot)
        await pilot.press("right")
        await until(pilot, lambda: isinstance(app.focused, SafeDirectoryTree))
        app.post_message(events.Paste(str(sea)))
        await until(pilot, lambda: isinstance(app.focused, SafeInput))
        await pilot.press("enter")
        await planning(pilot)
        await until(pilot, lambda: "auto 3 min" in flat_text(app))
        await until(pilot, lambda: "small 43 s H 192" in flat_text(app))
        await pilot.press("right")
        await until(pilot, lambda: "auto 3 min" in flat_text(app))
        await pilot.press("tab", "right")
        await until(pilot, lambda: "auto 5 min" in flat_text(app))


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
