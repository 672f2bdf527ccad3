"""The startup of the app, and the time to the first generated character.

Alone: ``python -m tests.bench.app_startup``.
"""

import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from charloom.core.library.database import Library
from tests.bench.harness import Row, median, print_rows, spread
from tests.helpers.terminal import CHARLOOM, CTRL_Q, ENTER, Terminal

_TIMES = 7
_HELLO = (sys.executable, "-P", str(Path(__file__).with_name("hello_app.py")))
_PROMPT = "You will rejoice to hear"


def rows() -> list[Row]:
    """Alternate between ours and the baseline, so that both see the same load."""
    ours, baseline, ready_times, characters = [], [], [], []
    for _ in range(_TIMES):
        ours.append(_first_frame(CHARLOOM, b"F2"))
        baseline.append(_first_frame(_HELLO, b"hello, world"))
        ready, character = _first_character()
        ready_times.append(ready)
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
        Row("app ready for input", f"{spread(ready_times)} s", hello, "", "reported"),
        Row("first character after Enter", f"{spread(characters)} s", hello, "", "≤ 1 s"),
    ]


def _first_frame(command: Sequence[str], words: bytes) -> float:
    with tempfile.TemporaryDirectory() as folder, Terminal(command, home=_home(folder)) as terminal:
        terminal.wait_for_bytes(words)
        return time.perf_counter() - terminal.start_time


def _first_character() -> tuple[float, float]:
    """Return the seconds until a prompt is ready, and from Enter to the first character."""
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
    """Return whether a letter follows the prompt on the page."""
    _, mark, after = screen.partition(f"» {_PROMPT}")
    after = re.sub(r"\S+ +\d+\.\d%.*", "", after)  # the likeliest next characters
    return bool(mark) and after.lstrip(" ▌\n▏")[:1].isalpha()


def _home(folder: str) -> Path:
    return Path(folder) / "home"


if __name__ == "__main__":
    print_rows(rows())
