"""``python -m tests.screenshots [HOME]``: draw the README's pictures with the real app.

HOME is a ``CHARLOOM_HOME`` with at least one run; a copy of it is used. Without HOME, a network is
trained on the bundled tale for two minutes.
"""

import asyncio
import importlib.resources
import os
import shutil
import sys
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from charloom.core import paths
from charloom.core.data import corpus
from charloom.core.runs.commands import Command
from charloom.core.runs.run import create_run
from charloom.core.runs.trainer import launch_trainer
from charloom.tui.app import CharloomApp
from charloom.tui.library.models_pane import ModelsPane
from charloom.tui.prompt.dice import Dice
from charloom.tui.prompt.screen import PromptScreen
from charloom.tui.prompt.turn import Turn
from charloom.tui.services.preferences import Preferences, save
from tests.tui.helpers.driving import screen_text, until

TARGET = Path(__file__).parent.parent / "assets" / "screenshots"
SIZE = (100, 30)
PROMPTS = (
    "You will rejoice to hear",
    "The monster ",
    "My dear sister, ",
    "It was on a dreary night",
)
_TOUR_STAGE = 5
_MIN_THIRD = 0.1  # the probability of the third likeliest character in the first picture
_RUN_FRACTION = 0.6  # when the picture of the run is drawn


async def main() -> None:
    """Draw all pictures in one session of the app."""
    app = CharloomApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PromptScreen) and app.screen.focused)
        for prompt in PROMPTS[1:]:
            await generate(pilot, prompt)
        app.screen.query(Turn).last().focus()
        await pilot.press("ctrl+s", "ctrl+n")
        await draw_dice(pilot)
        await draw_analysis(app, pilot)

        app.screen.query_one("#columns").focus()
        await pilot.press("3", "enter", "ctrl+n", "ctrl+b")
        await generate(pilot, PROMPTS[0])
        await draw(pilot, "candidates")

        await pilot.press("f4")
        await draw(pilot, "library")
        await pilot.press("f3")
        live = app.services.runs.live
        while live and not (live[0].progress and live[0].progress.fraction > _RUN_FRACTION):
            await pilot.pause(0.5)
        await draw(pilot, "train")
        for run in live:
            app.services.runs.send_command(run.name, Command("stop"))
        await until(pilot, lambda: not app.services.runs.live)


async def draw_dice(pilot: Pilot[None]) -> None:
    """Draw a text that is paused in the middle, with the likeliest next characters."""
    screen = pilot.app.screen
    assert isinstance(screen, PromptScreen)
    screen.composer.set_text(PROMPTS[0])
    await pilot.press("enter")
    await until(
        pilot, lambda: (turn := screen.transcript.generating) and len(turn.chosen.text) > 90
    )
    await pilot.press("shift+tab", "space")
    await until(pilot, lambda: screen.query(Turn).last().paused)
    while screen.query_one(Dice)._options[2].probability < _MIN_THIRD:
        await pilot.press("right")
        await pilot.pause(0.1)
    await draw(pilot, "prompt")
    await pilot.press("space")
    await until(pilot, lambda: not screen.transcript.generating)


async def draw_analysis(app: CharloomApp, pilot: Pilot[None]) -> None:
    """Draw the surprise of the current text, a unit over held-out text, and a stage of the tour."""
    await pilot.press("alt+v")
    await until(pilot, lambda: "on average" in screen_text(app))
    await pilot.press(*["down"] * 2, *["right"] * 9)
    await draw(pilot, "surprise")
    await pilot.press("v", "f4", "m")
    await until(pilot, lambda: app.screen.query_one(ModelsPane).model)
    await pilot.press("i")
    await until(pilot, lambda: "Surprise: " in screen_text(app))
    await pilot.press("v", "]", "n")
    await draw(pilot, "units")
    await pilot.press("escape", "w", "f6")
    await until(pilot, lambda: "Load text" in screen_text(app))
    await pilot.press(*["right"] * (_TOUR_STAGE - 1))
    await draw(pilot, "tour")
    await pilot.press("f2")


async def generate(pilot: Pilot[None], prompt: str) -> None:
    """Generate a text from ``prompt``, to its end."""
    screen = pilot.app.screen
    assert isinstance(screen, PromptScreen)
    screen.composer.set_text(prompt)
    screen.composer.focus()
    before = len(screen.query(Turn))
    await pilot.press("enter")
    await until(
        pilot, lambda: len(screen.query(Turn)) > before and not screen.transcript.generating
    )


async def draw(pilot: Pilot[None], name: str) -> None:
    """Save the screen when notifications and animations are over."""
    await until(pilot, lambda: not pilot.app._notifications)
    await pilot.wait_for_animation()
    await pilot.pause(0.5)
    pilot.app.save_screenshot(f"{name}.svg", str(TARGET))


def train() -> None:
    """Start a run on the bundled tale."""
    text = importlib.resources.files("charloom.assets") / "the-loom-at-carrow.txt"
    tale = corpus.load(Path(str(text)))
    launch_trainer(create_run("weaver", tale, "small", {"minutes": 2.0}, min_count=0))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"CHARLOOM_HOME": f"{folder}/home", "COLORTERM": "truecolor"}
        if sys.argv[1:]:
            shutil.copytree(sys.argv[1], paths.home())
        else:
            train()
        save(Preferences(temperature=0.6, seed=7, length=250, welcomed=True))
        asyncio.run(main())
