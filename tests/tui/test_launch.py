"""The real app on a real terminal, which is usable again however the app ends."""

import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from charloom.core.library.database import Library
from charloom.core.runs.commands import Command, send_command
from charloom.core.runs.monitor import is_training
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.helpers.run_cli import child, needs_terminal, on_terminal
from tests.helpers.small_models import endless
from tests.helpers.terminal import CTRL_C, CTRL_Q, ENTER, F1, F2, F3, READY, Terminal

pytestmark = needs_terminal
NO_TERMINAL = "charloom: The app needs a terminal; `charloom generate` writes text without one.\n"
FAULTY = """
import charloom.tui.app, charloom.tui.prompt.screen, charloom.tui.services.preferences
import charloom.tui.services.run_manager
from charloom.tui.cli import main

def divide(*_):
    text = "private"
    raise ZeroDivisionError("a fault")

{where} = divide
main()
"""


@pytest.fixture
def terminal(home: Path) -> Iterator[Terminal]:
    """The running app."""
    with Terminal(home=home) as opened:
        opened.wait_for(READY)
        yield opened


def restored(terminal: Terminal) -> bool:
    """Return whether the terminal has its main screen, a cursor, and mouse reports off."""
    undone = {b"?1049l": b"?1049h", b"?25h": b"?25l", b"?1000l": b"?1000h", b"?2004l": b"?2004h"}
    last = terminal.raw.rfind
    return all(last(b"\x1b[" + after) > last(b"\x1b[" + before) for after, before in undone.items())


def test_it_opens_and_leaves_the_terminal_as_it_was(home: Path) -> None:
    with Terminal((sys.executable, "-c", "input()"), home=home) as plain:
        before = plain.modes
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        assert terminal.modes != before
        terminal.press(CTRL_Q)
        assert terminal.end() == 0
        assert terminal.modes == before
        assert restored(terminal)


def test_ctrl_c_does_not_end_it_but_says_what_does(terminal: Terminal) -> None:
    terminal.press(F3)
    terminal.wait_for("Press a to choose a text and start.")
    terminal.press(CTRL_C)
    terminal.wait_for("Press ctrl+q to quit Charloom.")
    assert terminal.process.poll() is None


def test_keys_pressed_before_the_first_screen_is_open_are_not_lost(home: Path) -> None:
    with Terminal(home=home) as terminal:
        terminal.wait(lambda: b"F2" in terminal.raw)
        terminal.press("Ishmael")
        terminal.wait_for("Ishmael")


def test_without_a_terminal_it_says_so(home: Path) -> None:
    assert child() == (1, "", NO_TERMINAL)
    dumb = on_terminal(environment={"TERM": "dumb"})
    assert (dumb.code, dumb.out) == (1, NO_TERMINAL)


@pytest.mark.parametrize(
    ("environment", "encoding", "advice"),
    [
        ({"LC_ALL": "C", "PYTHONIOENCODING": ""}, "ascii", "set LC_ALL to C.UTF-8 or en_US.UTF-8;"),
        ({"PYTHONIOENCODING": "iso-8859-1"}, "iso8859-1", "and unset PYTHONIOENCODING;"),
    ],
)
def test_a_terminal_that_is_not_set_to_utf_8_is_refused_in_a_sentence(
    environment: dict[str, str], encoding: str, advice: str
) -> None:
    done = on_terminal(environment=environment | {"PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"})
    assert done.code == 1
    assert (
        done.out.startswith("charloom: The app needs a UTF-8 terminal") and "\x1b" not in done.out
    )
    assert encoding in done.out.casefold() and advice in done.out and done.out.count("\n") == 1


def test_an_invalid_byte_does_no_harm(terminal: Terminal) -> None:
    terminal.press(b"caf\xe9\xff and tea")
    terminal.wait_for("and tea")


@pytest.mark.parametrize(
    "where",
    [
        "charloom.tui.app.CharloomApp.action_help",
        "charloom.tui.app.CharloomApp.on_mount",
        "charloom.tui.services.preferences.load",
        "charloom.tui.services.run_manager.RunManager.start_polling",
        "charloom.tui.prompt.screen.PromptScreen.use_model",
    ],
    ids=["in an action", "in a handler", "at first", "after a refresh", "in a worker"],
)
def test_a_crash_is_one_sentence_and_a_log_file(where: str, home: Path) -> None:
    command = (sys.executable, "-P", "-c", FAULTY.format(where=where))
    with Terminal(command, home=home) as terminal:
        terminal.wait(lambda: terminal.process.poll() is not None or READY in terminal.text)
        if terminal.process.poll() is None:
            terminal.press(F1)
        assert terminal.end() == 1
        assert restored(terminal) or b"\x1b[?1049h" not in terminal.raw
        shown = bytes(terminal.raw).rpartition(b"\x1b")[2].decode()
        log = home / "crash.log"
        sentence = f"charloom: Charloom crashed. Details are in {log}."
        assert sentence in shown and b"Traceback" not in terminal.raw
        assert "ZeroDivisionError: a fault" in log.read_text()
        assert 'raise ZeroDivisionError("a fault")' not in shown


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_it_in_order(name: str, terminal: Terminal) -> None:
    number = signal.Signals[name]
    terminal.process.send_signal(number)
    assert terminal.end() == 128 + number
    assert restored(terminal)


def test_when_its_terminal_is_closed_it_exits_and_training_continues(home: Path) -> None:
    folder = endless("sea")
    preferences.save(Preferences(length=100_000, pace=0))
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        terminal.press(ENTER)  # so that output is being written when the terminal closes
        terminal.wait_for("esc stop")
        terminal.press(F3)
        terminal.wait_for("not yet trained")
        terminal.press("o")
        terminal.wait_for("● sea  training")
        terminal.press(F2)
        terminal.wait_for("esc stop")
        try:
            terminal.hang_up()
            terminal.process.wait(10)
            assert not (home / "crash.log").exists()
            assert is_training(folder)
            log = folder.metrics
            size = log.stat().st_size
            terminal.wait(lambda: log.stat().st_size > size)
        finally:
            send_command(folder, Command("stop"))
        terminal.wait(lambda: not is_training(folder))
    with Library() as library:
        (kept,) = library.recent(10)
    assert len(kept.text) > 100


def test_it_exits_with_its_terminal_even_without_a_signal(home: Path) -> None:
    preferences.save(Preferences(length=100_000, pace=0))
    ignoring = "import signal; signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    code = f"{ignoring}; from charloom.tui.cli import main; main()"
    with Terminal((sys.executable, "-P", "-c", code), home=home) as terminal:
        terminal.wait_for(READY)
        terminal.press(ENTER)
        terminal.wait_for("esc stop")
        terminal.hang_up()
        terminal.process.wait(10)
    assert not (home / "crash.log").exists()
    with Library() as library:
        assert library.recent(1)[0].text
