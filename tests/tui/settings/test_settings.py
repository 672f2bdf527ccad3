"""The Settings screen: changes apply at once and are saved."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widget import Widget

from charloom.tui.app import CharloomApp
from charloom.tui.services.preferences import ALERTS, Preferences, load, save
from charloom.tui.settings import screen
from charloom.tui.widgets.number_slider import NumberSlider
from charloom.tui.widgets.option_row import OptionRow
from charloom.tui.widgets.sampling_controls import SamplingControls
from tests.tui.helpers.driving import (
    LARGE,
    SMALL,
    app_at,
    flat_text,
    notifications,
    screen_text,
    until,
)

Compare = Callable[..., bool]


def saved(home: Path) -> dict[str, Any]:
    """Return the content of the preferences file."""
    data = json.loads((home / "preferences.json").read_text())
    assert isinstance(data, dict)
    return data


async def test_a_theme_is_used_when_it_is_highlighted_and_remembered(home: Path) -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        assert app.theme == "charloom-dark"
        await pilot.press("down")
        await until(pilot, lambda: app.theme == "charloom-light")
        assert saved(home)["theme"] == "charloom-light"
    again = app_at("settings")
    async with again.run_test(size=SMALL, notifications=True) as pilot:
        assert again.theme == "charloom-light"
        await pilot.press("up")
        await until(pilot, lambda: again.theme == "charloom-dark")


async def test_every_theme_can_be_used() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        themes = app.screen.query_one(screen.ThemeList)
        assert themes.option_count >= 20
        for number in range(themes.option_count):
            themes.highlighted = number
            name = themes.get_option_at_index(number).id
            await until(pilot, lambda: app.theme == name)  # noqa: B023 - awaited in the loop
        assert notifications(app) == []


async def test_changes_are_saved_at_once(home: Path) -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("tab", "right", "tab", *"40", "enter", "tab", "left", "tab", *"0.05")
        await pilot.press("enter", "tab", "end", "tab", "right", "tab", "right", "tab", "right")
        await pilot.press("tab", *"7", "tab", *r"\n\n\|a", "tab", "right", "tab", "right")
        await until(pilot, lambda: app.services.preferences.vary_by == "temperature")
    settings = {
        "temperature": 0.9,
        "top_k": 40,
        "top_p": 0.95,
        "min_p": 0.05,
        "length": 100_000,
        "pace": 300,
        "until": "line",
        "words": "known",
    }
    assert saved(home) | settings == saved(home)
    assert (load().seed, load().stop, load().candidate_count) == (7, ("\n\n", "a"), 2)


async def test_changes_made_elsewhere_are_shown() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("f3")
        app.services.remember(
            temperature=1.5, seed=3, stop=("\t", "|"), candidate_count=4, vary_by="temperature"
        )
        app.theme = "nord"
        await pilot.press("f5")
        choices = app.screen.query_one(SamplingControls)
        await until(pilot, lambda: choices.sampling.temperature == 1.5)
        assert choices.preferences["seed"] == 3 and choices.preferences["stop"] == ("\t", "|")
        assert (
            choices.preferences["candidate_count"] == 4
            and choices.preferences["vary_by"] == "temperature"
        )
        await until(pilot, lambda: app.screen.query_one(screen.ThemeList).highlighted is not None)
        assert app.theme == "nord" and app.services.preferences.theme == "nord"
        assert app.services.preferences.temperature == 1.5


async def test_the_call_of_a_run_that_ends_is_chosen_and_reset(home: Path) -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        alert = app.screen.query_one("#alert", OptionRow)
        assert ALERTS[alert.chosen] == "message"
        alert.focus()
        await pilot.press("left")
        await until(pilot, lambda: app.services.preferences.alert == "off")
        assert saved(home)["alert"] == "off" and "[off]" in screen_text(app)
        await pilot.press("ctrl+r", "r")
        await until(pilot, lambda: ALERTS[alert.chosen] == "message")
        assert "alert" not in saved(home) and load().alert == "message"


async def test_a_reset_asks_first_and_keeps_what_is_not_a_setting(home: Path) -> None:
    save(
        Preferences(
            theme="nord", temperature=1.7, model="sea", recent_texts=("loom",), welcomed=True
        )
    )
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        for answer in ("escape", "c"):
            await pilot.press("ctrl+r")
            await until(pilot, lambda: "to defaults?" in flat_text(app))
            await pilot.press(answer)
            await until(pilot, lambda: "to defaults?" not in flat_text(app))
            assert app.services.preferences.temperature == 1.7
        await pilot.press("ctrl+r", "r")
        await until(pilot, lambda: app.services.preferences.temperature == 0.8)
        await until(pilot, lambda: app.theme == "charloom-dark")
        assert app.screen.query_one("#temperature", NumberSlider).value == 0.8
    assert load() == Preferences(model="sea", recent_texts=("loom",), welcomed=True)


async def test_paths_are_shown_and_copied_and_nothing_in_them_acts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "[red]a\x1b]0;title\x07"
    monkeypatch.setenv("CHARLOOM_HOME", str(home))
    app = app_at("settings")
    async with app.run_test(size=(200, 60), notifications=True) as pilot:
        await until(pilot, lambda: "[red]a␛]0;title␇/models" in screen_text(app))
        app.screen.query_one(screen.PathList).focus()
        await pilot.press("down", "enter")
        await until(pilot, lambda: notifications(app))
        assert app.clipboard == str(home / "models")
        assert (
            notifications(app)[0].startswith("Copied ")
            and "[red]a␛]0;title␇/models, if" in notifications(app)[0]
        )
        await pilot.press("up", "ctrl+y")
        await until(pilot, lambda: app.clipboard == str(home))


async def test_a_change_that_cannot_be_saved_is_reported_and_still_applies(home: Path) -> None:
    home.write_text("a file where the folder should be")
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("tab", "right")
        await until(pilot, lambda: notifications(app))
        assert "cannot be created" in notifications(app)[0]
        assert app.services.preferences.temperature == 0.9


async def test_an_unsaved_change_is_saved_with_the_next_one(home: Path) -> None:
    in_the_way = home / "preferences.json"
    in_the_way.mkdir(parents=True)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        app.services.remember(theme="nord")
        app.services.remember(theme="nord")
        await until(pilot, lambda: notifications(app))
        assert len(notifications(app)) == 1
        in_the_way.rmdir()
        app.services.remember(temperature=1.5)
    assert (load().theme, load().temperature) == ("nord", 1.5)


@pytest.mark.usefixtures("same_everywhere")
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["small", "large"])
@pytest.mark.parametrize("focused", [screen.ThemeList, screen.PathList], ids=["themes", "paths"])
def test_look(snap_compare: Compare, size: tuple[int, int], focused: type[Widget]) -> None:
    async def go(pilot: Pilot[None]) -> None:
        app = pilot.app
        assert isinstance(app, CharloomApp)
        await until(pilot, lambda: "charloom-dark" in screen_text(app))
        app.screen.query_one(focused).focus()
        await pilot.pause()

    assert snap_compare(app_at("settings"), terminal_size=size, run_before=go)
