"""The command palette: it finds things of all screens, opens them, and offers nothing idle."""

import threading

import pytest
from textual.command import Command as Offer
from textual.command import CommandInput, CommandList, CommandPalette
from textual.pilot import Pilot

from charloom.core.library.database import Library
from charloom.tui.app import CharloomApp
from charloom.tui.dialogs.basic import InputDialog
from charloom.tui.dialogs.help import HelpScreen
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.palette import commands
from charloom.tui.train.new_run import NewRunScreen
from charloom.tui.train.screen import TrainScreen
from charloom.tui.widgets.number_slider import NumberSlider
from tests.helpers.factories import random_checkpoint, save_model
from tests.tui.helpers.driving import SMALL, app_at, flat_text, screen_text, until
from tests.tui.helpers.run_folders import course, end, write_run
from tests.tui.library.helpers import HOSTILE, keep
from tests.tui.prompt.helpers import choose, ready, turns, weaver


def offers(pilot: Pilot[None]) -> list[str]:
    """Return the titles in the open palette, the best first."""
    options = pilot.app.screen.query_one(CommandList).options
    return [str(option.hit.text) for option in options if isinstance(option, Offer)]


def is_open(pilot: Pilot[None]) -> bool:
    """Return whether the palette is open."""
    return isinstance(pilot.app.screen, CommandPalette)


async def search(pilot: Pilot[None], query: str, title: str) -> None:
    """Open the palette if needed, type ``query`` and wait for a command called ``title``."""
    if not is_open(pilot):
        await pilot.press("ctrl+p")
        await until(pilot, lambda: is_open(pilot))
        await until(pilot, lambda: pilot.app.screen.query(CommandInput))
    pilot.app.screen.query_one(CommandInput).value = query
    await until(pilot, lambda: title in offers(pilot))


async def run(pilot: Pilot[None], query: str, title: str) -> None:
    """Find the command ``title`` and run it."""
    await search(pilot, query, title)
    pilot.app.screen.query_one(CommandList).highlighted = offers(pilot).index(title)
    await pilot.press("enter")
    await until(pilot, lambda: not is_open(pilot))


async def test_actions_of_screens_that_were_not_opened_run_there() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await run(pilot, "add file", "Library: Add a file")
        await until(pilot, lambda: isinstance(app.screen, InputDialog))
        await pilot.press("escape")
        library = app.screen_stack[0]
        assert isinstance(library, LibraryScreen) and library.pane.query("#models")
        await run(pilot, "nr", "Train: New run")
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen))


async def test_what_would_do_nothing_is_not_offered() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await search(pilot, "delete", "Help: Library")
        assert not [title for title in offers(pilot) if title.endswith(": Delete")]
        await search(pilot, "s", "Help: Settings")
        assert "Menu" not in offers(pilot) and "Settings" not in offers(pilot)
        await pilot.press("escape")
        write_run("ulysses", *course(300), end("stopped"))
        app.services.runs.rescan()
        await pilot.press("f3")
        await until(pilot, lambda: "ulysses" in screen_text(app))
        await pilot.press("f5")
        await search(pilot, "delete", "Train: Delete")
        assert "Train: Stop and save" not in offers(pilot)
        await pilot.press("escape", "f3")
        await pilot.press("a")  # the actions of Train cannot be seen behind another screen
        await until(pilot, lambda: isinstance(app.screen, NewRunScreen))
        await pilot.press("f5")
        await search(pilot, "train", "Help: Train")
        assert not [title for title in offers(pilot) if title.startswith(("Train:", "Run:"))]


async def test_models_runs_settings_and_themes() -> None:
    weaver()
    weaver("weaver-2")
    choose()
    write_run("ulysses", *course(300), end("stopped"))
    write_run("zeta", *course(300), end("stopped"))
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        screen = await ready(pilot)
        await until(pilot, lambda: len(app.services.runs.all()) == 2)
        await run(pilot, "weaver2", "Model: weaver-2")
        model = screen._active_model
        await until(pilot, lambda: model.model and model.model.name == "weaver-2")
        for name in ("ulysses", "zeta"):
            await run(pilot, name, f"Run: {name}")
            await until(pilot, lambda: isinstance(app.screen, TrainScreen))
            train = app.screen
            assert isinstance(train, TrainScreen)
            await until(pilot, lambda: train.run and train.run.name == name)  # noqa: B023
        await run(pilot, "temp", "Setting: temperature")
        await until(pilot, lambda: isinstance(app.focused, NumberSlider))
        assert app.focused and app.focused.id == "temperature" and app.current_mode == "settings"
        await run(pilot, "nord", "Theme: nord")
        await until(pilot, lambda: app.theme == "nord")


async def test_every_setting_exists() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True):
        controls = app.screen.query("#rest *")
        focusable = {widget.id for widget in controls if widget.focusable and widget.id}
        assert focusable == set(commands._SETTINGS)


async def test_a_text_of_the_catalog_opens_the_form_and_words_of_the_help_the_help() -> None:
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await run(pilot, "perplexity", "Help: Train")
        await until(pilot, lambda: isinstance(app.screen, HelpScreen))
        assert app.current_mode == "train" and "Help · Train" in screen_text(app)
        await pilot.press("escape")
        await run(pilot, "carrow", "Train on: The Loom at Carrow")
        await until(pilot, lambda: app.screen.has_class("planning"))
        assert "The Loom at Carrow" in flat_text(app)


async def test_a_favorite_opens_in_prompt_and_cannot_act_on_the_terminal() -> None:
    save_model("weaver", random_checkpoint())
    choose()
    favorites = keep("the grey wolf " + HOSTILE, "the sea", model="weaver", starred=True)
    keep("the grey wolf", starred=False)
    app = CharloomApp()
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await ready(pilot)
        wolf = "the grey wolf [bold]"
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query(CommandInput))
        app.screen.query_one(CommandInput).value = "grey wolf"
        await until(pilot, lambda: any(wolf in offer for offer in offers(pilot)))
        assert len([offer for offer in offers(pilot) if "wolf" in offer]) == 1
        await until(pilot, lambda: "[bold]" in screen_text(app))
        assert not {"\x1b", "\u202e"} & set(screen_text(app))
        await pilot.press("enter")
        await until(pilot, lambda: turns(pilot))
        assert turns(pilot)[0].chosen.text == favorites[0].text


async def test_typing_goes_on_while_the_library_is_searched(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keep("the sea", starred=True)
    searching, ended = threading.Event(), threading.Event()
    search_library = Library.search

    def slow(*arguments: object, **options: object) -> object:
        searching.set()
        ended.wait(60)
        return search_library(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(Library, "search", slow)
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: app.screen.query(CommandInput))
        await pilot.press("s")
        await until(pilot, searching.is_set)
        await pilot.press("e", "a")
        assert app.screen.query_one(CommandInput).value == "sea"
        ended.set()
        await until(pilot, lambda: any("the sea" in offer for offer in offers(pilot)))


async def test_enter_waits_for_the_commands_of_what_was_typed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = threading.Event()

    def slow() -> tuple[()]:
        ended.wait(60)
        return ()

    monkeypatch.setattr(commands, "_usable_models", slow)
    app = app_at("settings")
    async with app.run_test(size=SMALL, notifications=True) as pilot:
        await pilot.press("ctrl+p")
        await until(pilot, lambda: is_open(pilot) and offers(pilot))  # those without a query
        await pilot.press(*"nord", "enter")
        assert is_open(pilot)
        ended.set()
        await until(pilot, lambda: app.theme == "nord")
