"""Starting a run from the app, with the keyboard only."""

from pathlib import Path
from subprocess import Popen

from textual import events

from charloom.core.data import catalog
from charloom.core.runs.estimates import cache_throughput
from charloom.core.runs.presets import PRESETS
from charloom.core.store.model_dir import ModelDir
from charloom.tui.services import preferences
from charloom.tui.train.run_form import RunForm
from charloom.tui.train.screen import TrainScreen
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.text_chooser import SafeDirectoryTree
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
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
