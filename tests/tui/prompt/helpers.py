"""The Prompt screen with a small model that generates as far as a test allows."""

import threading
from dataclasses import replace
from typing import Any

from textual.pilot import Pilot

from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.tui.prompt.composer import Composer
from charloom.tui.prompt.screen import PromptScreen
from charloom.tui.prompt.turn import Turn
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.helpers.factories import random_checkpoint, save_model
from tests.tui.helpers.driving import until

LONG = 100_000


class Gate:
    """Lets all models together generate a limited number of characters."""

    def __init__(self) -> None:
        self._left: float = float("inf")
        self._moved = threading.Condition()

    def let(self, characters: float = float("inf")) -> None:
        """Allow so many more characters."""
        with self._moved:
            self._left = characters
            self._moved.notify_all()

    def enter(self) -> None:
        """Wait until a character is allowed."""
        with self._moved:
            self._moved.wait_for(lambda: self._left > 0)
            self._left -= 1


def weaver(name: str = "weaver", **over: Any) -> None:
    """Save a small model in the store."""
    save_model(name, random_checkpoint(**over))


def choose(**over: Any) -> None:
    """Save preferences of an earlier session."""
    before = Preferences(model="weaver", welcomed=True, length=60, until="", pace=0)
    preferences.save(replace(before, **over))


def prompt_screen(pilot: Pilot[None]) -> PromptScreen:
    """Return the Prompt screen, even below another screen."""
    stack = pilot.app._screen_stacks["prompt"]
    return next(each for each in stack if isinstance(each, PromptScreen))


async def ready(pilot: Pilot[None]) -> PromptScreen:
    """Wait until the screen has a model."""
    await until(pilot, lambda: prompt_screen(pilot)._active_model.model)
    await pilot.pause()
    return prompt_screen(pilot)


def composer(pilot: Pilot[None]) -> Composer:
    """Return the composer."""
    return prompt_screen(pilot).composer


async def send(pilot: Pilot[None], prompt: str) -> Turn:
    """Send a prompt and return its turn as soon as it exists."""
    before = turns(pilot)
    composer(pilot).set_text(prompt)
    composer(pilot).focus()
    await pilot.press("enter")
    await until(pilot, lambda: turns(pilot)[-1:] and turns(pilot)[-1] not in before)
    return turns(pilot)[-1]


async def written(pilot: Pilot[None], prompt: str) -> Turn:
    """Send a prompt and return its turn once it is finished and saved."""
    turn = await send(pilot, prompt)
    await ended(pilot, turn)
    return turn


async def ended(pilot: Pilot[None], turn: Turn) -> None:
    """Wait until all candidates of a turn are finished and saved."""
    await until(
        pilot,
        lambda: (
            not turn.generating and all(each.saved or not each.text for each in turn.candidates)
        ),
    )


def turns(pilot: Pilot[None]) -> list[Turn]:
    """Return the turns on the page."""
    return list(prompt_screen(pilot).query(Turn))


def text_of(turn: Turn) -> str:
    """Return the text of the chosen candidate."""
    return turn.chosen.text


def kept() -> list[Generation]:
    """Return all generations in the library, newest first."""
    with Library() as library:
        return library.recent(-1)
