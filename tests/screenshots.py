"""``python -m tests.screenshots [HOME]``: draw the README's pictures from what the app really does.

HOME is a ``CHARLOOM_HOME`` with at least one run to show, of which a copy is used; without it a
network is trained for two minutes on the bundled tale.
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
from charloom.core.runs.run import create_run, launch_trainer
from charloom.tui.app import CharloomApp
from charloom.tui.library.models_pane import ModelsPane
from charloom.tui.prompt.screen import PromptScreen
from charloom.tui.prompt.turn import Turn
from charloom.tui.services.preferences import Preferences, save
from tests.tui.helpers.driving import shown, until

TARGET = Path(__file__).parent.parent / "assets" / "screenshots"
SIZE = (100, 30)
PROMPTS = (
    "You will rejoice to hear",
    "The monster ",
    "My dear sister, ",
    "It was on a dreary night",
)
_STATION = 5  # of the tour
_SHARE = 0.6  # of the training, when its picture is drawn


async def main() -> None:
    """Draw one picture after the other in a single session."""
    app = CharloomApp()
    async with app.run_test(size=SIZE, notifications=True) as pilot:
        await until(pilot, lambda: isinstance(app.screen, PromptScreen) and app.screen.focused)
        for prompt in PROMPTS[1:]:
            await write(pilot, prompt)
        app.screen.query(Turn).last().focus()
        await pilot.press("ctrl+s", "ctrl+n")
        await write(pilot, PROMPTS[0])
        await draw(pilot, "prompt")
        await see_inside(app, pilot)

        app.screen.query_one("#columns").focus()
        await pilot.press("3", "enter", "ctrl+n", "ctrl+b")
        await write(pilot, PROMPTS[0])
        await draw(pilot, "candidates")

        await pilot.press("f4")
        await draw(pilot, "library")
        await pilot.press("f3")
        live = app.services.runs.live
        while live and not (live[0].progress and live[0].progress.fraction > _SHARE):
            await pilot.pause(0.5)
        await draw(pilot, "train")
        for run in live:
            app.services.runs.send_command(run.name, Command("stop"))
        await until(pilot, lambda: not app.services.runs.live)


async def see_inside(app: CharloomApp, pilot: Pilot[None]) -> None:
    """Draw the surprise of the current text, a unit over what was not learned, and a station."""
    await pilot.press("alt+v")
    await until(pilot, lambda: "on average" in shown(app))
    await pilot.press(*["down"] * 2, *["right"] * 9)
    await draw(pilot, "surprise")
    await pilot.press("v", "f4", "m")
    await until(pilot, lambda: app.screen.query_one(ModelsPane).model)
    await pilot.press("l")
    await until(pilot, lambda: "Surprise: " in shown(app))
    await pilot.press("u", "]", "n")
    await draw(pilot, "units")
    await pilot.press("escape", "w", "f6")
    await until(pilot, lambda: "Load text" in shown(app))
    await pilot.press(*["right"] * (_STATION - 1))
    await draw(pilot, "tour")
    await pilot.press("f2")


async def write(pilot: Pilot[None], prompt: str) -> None:
    """Let the model go on from ``prompt``, to the end."""
    room = pilot.app.screen
    assert isinstance(room, PromptScreen)
    room.composer.set_text(prompt)
    room.composer.focus()
    before = len(room.query(Turn))
    await pilot.press("enter")
    await until(pilot, lambda: len(room.query(Turn)) > before and not room.transcript.generating)


async def draw(pilot: Pilot[None], name: str) -> None:
    """Save what is on the screen once nothing moves on it any more."""
    await until(pilot, lambda: not pilot.app._notifications)
    await pilot.wait_for_animation()
    await pilot.pause(0.5)
    pilot.app.save_screenshot(f"{name}.svg", str(TARGET))


def train() -> None:
    """Begin to train on the bundled tale."""
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
        save(Preferences(temperature=0.6, seed=7, length=400, welcomed=True))
        asyncio.run(main())
