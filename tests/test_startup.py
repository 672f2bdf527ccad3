"""Imports that would slow down the start of every command and of the app."""

import subprocess
import sys
from pathlib import Path

import pytest

from charloom.core.runs.estimates import cache_throughput
from charloom.core.runs.presets import PRESETS
from charloom.tui.cli import run
from tests.helpers.factories import random_checkpoint, save_model

SLOW = ("torch", "textual", "requests")
ROOT = Path(__file__).parent.parent
WITH_TORCH = ("core.training.", "core.data.dataset", "core.model.torch_lstm")
MODULES = [
    str(path.relative_to(ROOT).with_suffix("")).replace("/", ".")
    for path in ROOT.glob("core/**/*.py")
]
FREE = [f"charloom.{name}" for name in MODULES if not name.startswith(WITH_TORCH)]
COMMANDS = [
    ["--help"],
    ["models"],
    ["generate", "the", "--model", "mine", "--length", "3"],
    ["score", "text.txt", "--model", "mine", "--baselines"],
    ["growth", "mine", "--length", "3"],
    ["compare", "mine", "--length", "3", "--text", "text.txt"],
    ["favorites"],
    ["corpus"],
    ["corpus", "check", "text.txt"],
    ["favorites", "replay", "1"],
    ["train", "--help"],
    ["runs"],
    ["attach", "--help"],
    ["continue", "--help"],
    ["inspect", "text.txt", "--model", "mine"],
    ["tour", "--help"],
    ["paths"],
]


def imported_after(code: str, folder: Path) -> set[str]:
    """Run ``code`` in a fresh Python; return what it imported (others by their top level)."""
    tell = "import sys; sys.stdout.write('\\n' + ' '.join(sys.modules))"
    answer = subprocess.run(
        [sys.executable, "-P", "-c", f"{code}\n{tell}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    modules = answer.stdout.splitlines()[-1].split()
    return {name if name.startswith("charloom.") else name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_imports_nothing_slow(command: list[str], tmp_path: Path) -> None:
    save_model("mine", random_checkpoint())
    (tmp_path / "text.txt").write_text("the loom went on\n" * 10)
    assert run(["generate", "the", "--model", "mine", "--length", "3", "--favorite"]) == 0
    cache_throughput(dict.fromkeys(PRESETS, 9_000.0))
    ran = f"from charloom.tui.cli import run; assert run({command!r}) == 0"
    assert not imported_after(ran, tmp_path).intersection(SLOW)


def test_the_core_except_training_imports_no_torch_and_no_ui(tmp_path: Path) -> None:
    code = "import " + ", ".join(FREE)
    seen = imported_after(code, tmp_path)
    assert not seen.intersection({"torch", "textual", "rich", "click", "charloom.tui"})


def test_the_trainer_imports_no_ui(tmp_path: Path) -> None:
    seen = imported_after("import charloom.core.training.session", tmp_path)
    assert "torch" in seen and not seen.intersection({"textual", "rich", "click", "charloom.tui"})


SLOW_FOR_THE_FIRST_FRAME = {*SLOW, "numpy", "sqlite3", "safetensors", "filelock"} - {"textual"}
FIRST_FRAME = """
import asyncio, sys
from textual.app import App
from charloom.tui.launch import TerminalApp

display, first = App._display, set()

def shown(app, screen, picture):
    display(app, screen, picture)
    if picture is not None and not first:
        first.update(sys.modules)
        app.exit()

App._display = shown
asyncio.run(TerminalApp([]).run_async(headless=True))
assert "charloom.tui.launch" in first
for name in set(sys.modules) - first:
    del sys.modules[name]
"""
ALL_SCREENS = """
import asyncio, time
from charloom.tui.app import CharloomApp

async def until(pilot, holds):
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        await pilot.pause(0.01)

async def visit():
    app = CharloomApp()
    async with app.run_test(notifications=True) as pilot:
        await until(pilot, lambda: app.focused)
        await pilot.press("enter")
        for key, title in ("f3", "Train"), ("f4", "Library"), ("f5", "Settings"), ("f6", "Tour"):
            await pilot.press(key)
            await until(pilot, lambda: app.screen.title == title)
        await pilot.press("f3", "a")
        await until(pilot, lambda: type(app.screen).__name__ == "NewRunScreen")

asyncio.run(visit())
"""


def test_the_first_frame_imports_nothing_slow(tmp_path: Path) -> None:
    seen = imported_after(FIRST_FRAME, tmp_path)
    assert "textual" in seen and not seen.intersection(SLOW_FOR_THE_FIRST_FRAME)


def test_no_screen_imports_torch(tmp_path: Path) -> None:
    seen = imported_after(ALL_SCREENS, tmp_path)
    assert "numpy" in seen and "torch" not in seen
