"""Fill the library and the store, and find the widgets of the Library screen."""

from typing import Any

from textual.pilot import Pilot

from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.tui.library.generation_browser import GenerationBrowser
from charloom.tui.library.generation_list import GenerationList
from charloom.tui.library.models_pane import ModelsPane
from charloom.tui.library.screen import LibraryScreen
from charloom.tui.widgets.inputs import SafeInput
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.generations import generation
from tests.helpers.run_cli import call
from tests.tui.helpers.driving import until

HOSTILE = "[bold]\x1b[31mred\x1b]0;title\x07[/] \u202egnirts [/nothing]"


def keep(*texts: str, **over: Any) -> list[Generation]:
    """Store generations with these texts; ``over`` replaces their other fields."""
    with Library() as library:
        return [library.add(generation(text, **over)) for text in texts]


def kept() -> list[Generation]:
    """Return all stored generations, newest first."""
    with Library() as library:
        return library.recent(-1)


def written(length: int = 60) -> Generation:
    """Generate a favorite with a real model, and return it."""
    save_model("weaver", random_checkpoint())
    length_and_seed = ("--length", str(length), "--seed", "4", "--favorite")
    assert call("generate", "the sea", "--model", "weaver", *length_and_seed).code == 0
    return kept()[0]


def browser(pilot: Pilot[None]) -> GenerationBrowser:
    """Return the browser of generations."""
    return pilot.app.screen.query_one(GenerationBrowser)


def listing(pilot: Pilot[None]) -> GenerationList:
    """Return the list of generations, even behind a dialog."""
    screens = pilot.app.screen_stack
    screen = next(item for item in screens if isinstance(item, LibraryScreen))
    return screen.query_one(GenerationList)


def models(pilot: Pilot[None]) -> ModelsPane:
    """Return the pane of models, even behind a dialog."""
    screens = pilot.app.screen_stack
    screen = next(item for item in screens if isinstance(item, LibraryScreen))
    return screen.query_one(ModelsPane)


async def read(pilot: Pilot[None]) -> None:
    """Wait until generations have been read."""
    await until(pilot, lambda: listing(pilot).generation)


def put(pilot: Pilot[None], text: str) -> None:
    """Set the text of a dialog's input field, as if it had been pasted."""
    pilot.app.screen.query_one(SafeInput).value = text


def listed(pilot: Pilot[None]) -> list[int]:
    return [each.id for _, each in sorted(listing(pilot)._rows.items())]
