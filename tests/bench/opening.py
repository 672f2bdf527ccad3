"""How soon the app is there, and how soon a model writes in it.

Alone: ``python -m tests.bench.opening``.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from charloom.core.library.database import Library
from tests.bench.table import Row, machine, markdown, median, spread
from tests.helpers.terminal import CHARLOOM, CTRL_Q, ENTER, Terminal

_TIMES = 7
_HELLO = (sys.executable, "-P", str(Path(__file__).with_name("hello.py")))
_PROMPT = "You will rejoice to hear"


def rows() -> list[Row]:
    """Measure, ours and the baseline's in turn so that both see the same machine."""
    ours, baseline, rooms, characters = [], [], [], []
    for _ in range(_TIMES):
        ours.append(_first_picture(CHARLOOM, b"F2"))
        baseline.append(_first_picture(_HELLO, b"hello, world"))
        room, character = _first_character()
        rooms.append(room)
        characters.append(character)
    hello = f"a bare Textual app {spread(baseline)} s"
    return [
        Row(
            "first frame of the app",
            f"{spread(ours)} s",
            hello,
            f"{median(ours) / median(baseline):.2f} ×",
            "≤ 1.6 ×",
        ),
        Row("app ready for input", f"{spread(rooms)} s", hello, "", "reported"),
        Row("first character after Enter", f"{spread(characters)} s", hello, "", "≤ 1 s"),
    ]


def _first_picture(command: Sequence[str], words: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder, Terminal(command, home=_home(folder)) as terminal:
        terminal.wait_for_bytes(words)
        return time.perf_counter() - terminal.start_time


def _first_character() -> tuple[float, float]:
    """Return when a prompt stood ready, and when a character after it did, in seconds."""
    with tempfile.TemporaryDirectory() as folder, Terminal(home=_home(folder)) as terminal:
        terminal.wait_for_bytes(_PROMPT.encode())
        ready = time.perf_counter()
        terminal.press(ENTER)
        terminal.wait(lambda: _written(terminal.text))
        written = time.perf_counter()
        terminal.press(CTRL_Q)
        terminal.end()
        with Library(_home(folder) / "library.sqlite") as library:
            assert library.recent(1)[0].prompt == _PROMPT
    return ready - terminal.start_time, written - terminal.start_time


def _written(screen: str) -> bool:
    """Whether a letter stands after the prompt on the page."""
    _, mark, after = screen.partition(f"» {_PROMPT}")
    return bool(mark) and after.lstrip(" ▌\n▏")[:1].isalpha()


def _home(folder: str) -> Path:
    return Path(folder) / "home"


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n{markdown(rows())}\n")
