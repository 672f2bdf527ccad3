"""Signals outside of the app's screen: window title, progress bar and bell of the terminal."""

import os
from collections.abc import Callable, Mapping
from typing import Any

from textual.app import App

from charloom.core.runs.events import bits
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.sanitize import single_line
from charloom.tui.formatting import run_status

_MAX_MESSAGE, _MAX_NAME = 200, 40  # characters
_OSC, _ST, _BELL = "\x1b]", "\x1b\\", "\a"
_SAVE_TITLE, _RESTORE_TITLE = "\x1b[22;2t", "\x1b[23;2t"  # xterm's stack of titles
_PROGRESS_STATES = {RunStatus.STARTING: 3, RunStatus.PAUSED: 4}  # of OSC 9;4; else 1


class TerminalSignals:
    """Shows a run in the window title, and calls the user who looks elsewhere.

    A browser and a headless app get nothing.
    """

    def __init__(self, app: App[Any], alert_mode: Callable[[], str]) -> None:
        """Create the signals of ``app``; ``alert_mode`` returns one of the preference's values."""
        self._app, self._alert_mode = app, alert_mode
        self._title = ""  # "": the terminal's own
        self._has_progress = supports_progress(os.environ)

    def show(self, run: RunMonitor | None) -> None:
        """Show ``run``, such as ``● 43 % diary 2.11``; None restores title and progress bar."""
        title, progress = _title(run) if run else "", ""
        if self._has_progress and (run or self._title):  # some clear a bar that is not renewed
            progress = f"{_OSC}9;4;{_progress(run) if run else '0;0'}{_ST}"
        if title == self._title:
            self._write(progress)
            return
        save, restore = _SAVE_TITLE * (not self._title), _RESTORE_TITLE * (not title)
        self._write(f"{save}{_OSC}2;{title}{_ST}{restore}{progress}")
        self._title = title

    def alert(self, message: str) -> None:
        """Ring the bell, and let the terminal notify, if another window has the focus."""
        mode = self._alert_mode()
        if self._app.app_focus or mode == "off":
            return
        notification = f"{_OSC}9;Charloom: {single_line(message, _MAX_MESSAGE)}{_ST}"
        self._write(_BELL + notification * (mode == "message"))

    def _write(self, text: str) -> None:
        driver = self._app._driver
        if text and driver and not (driver.is_headless or driver.is_web):
            driver.write(text)


def supports_progress(environment: Mapping[str, str]) -> bool:
    """Return whether the terminal is known to show progress by ConEmu's OSC 9;4.

    Some others take it for a notification.
    """
    program = environment.get("TERM_PROGRAM")
    return "TMUX" not in environment and (
        program in ("ghostty", "WezTerm")
        or "WT_SESSION" in environment  # Windows Terminal
        or environment.get("ConEmuANSI") == "ON"
    )


def _title(run: RunMonitor) -> str:
    best = run_status.best(run)
    parts = [run_status.symbol(run.status), single_line(run.name, _MAX_NAME)]
    if run.progress:
        parts.insert(1, f"{100 * run_status.fraction(run):.0f} %")
    return " ".join([*parts, f"{bits(best[1]):.2f}"] if best else parts)


def _progress(run: RunMonitor) -> str:
    return f"{_PROGRESS_STATES.get(run.status, 1)};{100 * run_status.fraction(run):.0f}"
