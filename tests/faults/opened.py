"""The real app, at a terminal of its own, on a disk with a fault."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.homes import Home
from tests.helpers.terminal import CHARLOOM, CTRL_Q, DOWN, ENTER, F5, Terminal

_CTRL_N, _CTRL_S = "\x0e", "\x13"
_JARGON = ("Traceback", "Errno", "charloom:")
_READY = "step "  # as soon as there is a model; below, a notification may lie over everything
_FIRST, _PROMPT = "a first one", "the loom"


def opened_under_it(home: Home) -> None:
    """The app opens, a text is generated, and why it cannot be saved is shown next to it."""
    with _opened(home) as terminal:
        _write_and_star(home, terminal)
        _leave(home, terminal)
    home.hold(len(home.kept(_PROMPT)) == 1, f"there are {home.kept(_PROMPT)}")


def opened_before_it(home: Home) -> None:
    """The fault comes while the app is open, and has the library open."""
    if home.fault.constant or "read-only" in home.fault.name:  # of a file system at rest
        return
    home.mend()
    with _opened(home) as terminal:
        terminal.press(_FIRST + ENTER)
        terminal.wait_for("again")
        terminal.press(_CTRL_S)
        terminal.wait(lambda: _starred(home, _FIRST))
        terminal.press(_CTRL_N)
        terminal.wait(lambda: "again" not in terminal.text)
        with home.spoiled():
            _write_and_star(home, terminal)
        _leave(home, terminal)
    for prompt in (_FIRST, _PROMPT):
        home.hold(len(home.kept(prompt)) == 1, f"there are {home.kept(prompt)}")


def choose_theme(home: Home) -> None:
    """A choice that cannot be remembered holds all the same, and is remembered with the next."""
    with _opened(home) as terminal:
        terminal.press(F5)
        terminal.wait_for("Getting started")
        terminal.press(DOWN)
        terminal.wait(lambda: _theme(home) or "Cannot save" in terminal.text)
        if "Cannot save" in terminal.text:
            home.refused = True
            _mend(home, terminal)
            home.changed_nothing()
            terminal.press(DOWN)
        terminal.wait(lambda: _theme(home))
        _leave(home, terminal)


@contextmanager
def _opened(home: Home) -> Iterator[Terminal]:
    command = (*home.prefix, *CHARLOOM)
    with Terminal(command, home=home.folder, environment=home.environment) as terminal:
        terminal.wait_for(_READY)
        yield terminal


def _write_and_star(home: Home, terminal: Terminal) -> None:
    """Have a text written and starred; under the fault, or else once that is over."""
    terminal.press(_PROMPT + ENTER)
    terminal.wait(lambda: "Not saved" in terminal.text or home.kept(_PROMPT))
    if home.kept(_PROMPT):
        terminal.wait_for("again")
        terminal.press(_CTRL_S)
        terminal.wait(lambda: "Not saved" in terminal.text or _starred(home, _PROMPT))
    if "Not saved" in terminal.text:
        home.refused = True
        _mend(home, terminal)
        home.lost_nothing()
        terminal.press(_CTRL_S)
    terminal.wait(lambda: "unstar" in terminal.text and "Not saved" not in terminal.text)
    terminal.wait(lambda: _starred(home, _PROMPT))
    end = "".join(home.kept(_PROMPT)[0].text.split())[-20:]
    terminal.wait(lambda: end in _page(terminal))


def _page(terminal: Terminal) -> str:
    """Return the characters on the page, which is folded into lines."""
    return "".join("".join(line[2:54].split()) for line in terminal.text.splitlines()[1:])


def _mend(home: Home, terminal: Terminal) -> None:
    """End the fault, which may lie in the app's own process."""
    home.mend()
    if home.fault.constant and sys.platform == "linux":
        import resource

        none = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        resource.prlimit(terminal.process.pid, resource.RLIMIT_FSIZE, none)


def _leave(home: Home, terminal: Terminal) -> None:
    home.hold(not any(each in terminal.text for each in _JARGON), terminal.text)
    terminal.press(CTRL_Q)
    home.hold(terminal.end() == 0, f"the app ended with {terminal.process.returncode}")


def _starred(home: Home, prompt: str) -> bool:
    return any(each.starred for each in home.kept(prompt))


def _theme(home: Home) -> str:
    """Return the theme that is remembered, if it is another than at first."""
    kept = json.loads((home.folder / "preferences.json").read_bytes())["theme"]
    return kept if kept != "charloom-dark" else ""
