"""Whoever uses one library at the same time: an app on its own terminal, and a row of commands."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from charloom.core.model.metadata import CorpusInfo
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.faults.report import Report
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.run_cli import child
from tests.helpers.terminal import CTRL_Q, ENTER, F2, F4, READY, Terminal

_MODEL = "weaver"
_LETTERS = "\n warpeft0123456789"  # of which no word of those below can be made
_WRONG = ("lock", "busy", "cannot", "Not saved", "Traceback", "charloom:")
_CONTROLS = re.compile(rb"\x1b\[[0-9;:?]*[A-Za-z]")
_PATIENCE = 30.0  # seconds: all of them, and two trainers, share the processor
_STILL_SECONDS = 0.02
_FRESH = "Enter:"  # what a page without a text says
_CTRL_N, _CTRL_S = "\x0e", "\x13"


def prepare() -> None:
    """Have a model that is done with a text at once, and let apps open with it."""
    opening = CorpusInfo("letters", "0" * 64, 1_000, opening="warp")  # no note hides the keys
    save_model(_MODEL, random_checkpoint(_LETTERS, corpus=opening))
    preferences.save(Preferences(model=_MODEL, length=40, until="", welcomed=True, pace=0))


class App:
    """A user who generates texts, stars each, and opens the library now and then."""

    def __init__(self, name: str, terminal: Terminal, report: Report) -> None:
        self.starred: list[str] = []
        """The prompts of the texts that had a star on the screen."""
        self._name, self._terminal, self._report = name, terminal, report

    @classmethod
    @contextmanager
    def opened(cls, name: str, home: Path, report: Report) -> "Iterator[App]":
        """Open the app on a terminal of its own."""
        with Terminal(home=home) as terminal:
            terminal.wait_for(READY, _PATIENCE)
            yield cls(name, terminal, report)

    def go_on(self, until: float) -> None:
        """Have one text after the other until that moment; see :func:`time.monotonic`."""
        while not self.starred or time.monotonic() < until:
            self._star(f"{self._name} {len(self.starred)}")
            if len(self.starred) % 4 == 1:
                self._visit_library()

    def leave(self) -> None:
        """See that it still answers, then leave it."""
        self._visit_library()
        self._terminal.press(CTRL_Q)
        status = self._terminal.end(_PATIENCE)
        self._hold(status == 0, f"it ended with {status}")
        shown = _CONTROLS.sub(b"", bytes(self._terminal.raw)).decode("utf-8", "replace")
        self._hold(not _wrong(shown), f"it has shown {_wrong(shown)}")

    def _star(self, prompt: str) -> None:
        self._terminal.press(prompt + ENTER)
        self._see(f"» {prompt}", "again", without="★")
        self._terminal.press(_CTRL_S)
        self._see(f"» {prompt}", "★", "unstar", without=" star")
        self.starred.append(prompt)
        self._terminal.press(_CTRL_N)
        self._see(_FRESH, without="»")

    def _visit_library(self) -> None:
        self._terminal.press(F4)
        self._see("[Writings]", "s unstar", self._name, without=_FRESH)
        self._terminal.press("f")
        self._see("★ favorites", self._name, without="everything")
        self._terminal.press("f")
        self._see("everything", self._name, without="★ favorites")
        self._terminal.press(F2)
        self._see(_FRESH, READY, without="★")

    def _see(self, *words: str, without: str) -> None:
        """Wait until this is on a screen that does not change: half may be the one before."""

        def shown() -> bool:
            text = self._terminal.text
            right = without not in text and all(each in text for each in words)
            return right and not self._terminal.read(_STILL_SECONDS)

        self._terminal.wait(shown, _PATIENCE)
        text = self._terminal.text
        self._hold(not _wrong(text), f"it shows {_wrong(text)}:\n{text}")

    def _hold(self, promise: bool, otherwise: str) -> None:
        self._report.hold(promise, f"the app {self._name!r}: {otherwise}")


class Commands:
    """A script that has texts written as favorites, gives each a tag, and lists and finds them."""

    def __init__(self, report: Report) -> None:
        self.tagged: dict[int, str] = {}
        """The tags of reported favorites, by their numbers."""
        self._report = report

    def go_on(self, until: float) -> None:
        """Run one command after the other until that moment; see :func:`time.monotonic`."""
        while not self.tagged or time.monotonic() < until:
            output = self._run(
                "generate", "tape", "--favorite", "--model", _MODEL, "--length", "30"
            )
            found = re.search(r" · favorite (\d+)\n", output)
            self._report.hold(bool(found), f"`charloom generate --favorite` wrote {output!r}")
            if not found:
                return
            tag = f"t{len(self.tagged)}"
            self._run("favorites", "tag", found[1], tag)
            self.tagged[int(found[1])] = tag
            self._run("favorites", "list")
            self._run("favorites", "search", "tape")

    def _run(self, *arguments: str) -> str:
        """Return the output of a command."""
        done = child(*arguments)
        wrong = _wrong(done.err) or _wrong(done.out)
        self._report.hold(done.code == 0 and not wrong, f"{arguments} ended with {done}")
        return done.err


def _wrong(text: str) -> list[str]:
    return [word for word in _WRONG if word in text]
