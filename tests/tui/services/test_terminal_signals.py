"""What a real terminal gets besides the screen: title, progress, bell and notifications."""

import re
from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace

import pytest

from charloom.core.runs import events
from charloom.core.runs.monitor import RunMonitor
from charloom.core.store.model_dir import ModelDir
from charloom.tui.app import CharloomApp
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from charloom.tui.services.terminal_signals import TerminalSignals, supports_progress
from tests.helpers.run_cli import needs_terminal
from tests.helpers.terminal import CTRL_Q, F3, READY, Terminal
from tests.tui.helpers.run_folders import at_work, course, end, learned_by_heart, write_run

BLUR = "\x1b[O"
BELL, NOTIFICATION, ST = b"\a", b"\x1b]9;Charloom: ", b"\x1b\\"
SAVED, RESTORED = b"\x1b[22;2t\x1b]2;", b"\x1b]2;" + ST + b"\x1b[23;2t"


def lose_focus(terminal: Terminal) -> int:
    """Give the focus to another window; return how much had been written before."""
    begin = len(terminal.raw)
    terminal.press(BLUR)
    terminal.wait(lambda: len(terminal.raw) > begin)  # the focused list is redrawn
    return begin


def bells(terminal: Terminal) -> int:
    """Return how often the bell rang, which also ends some sequences."""
    return re.sub(rb"\x1b\][^\a\x1b]*(\a|\x1b\\)", b"", terminal.raw).count(BELL)


def call(message: str) -> bytes:
    """Return the bell and the notification."""
    return BELL + NOTIFICATION + message.encode() + ST


@needs_terminal
def test_a_run_that_ends_fails_or_overfits_calls_only_who_looks_elsewhere(home: Path) -> None:
    heath = write_run("heath", *course())
    moor = write_run("moor", *course())
    sea = write_run("sea", *learned_by_heart(2_400))
    with ExitStack() as heath_at_work, ExitStack() as moor_at_work, at_work(sea):
        heath_at_work.enter_context(at_work(heath))
        moor_at_work.enter_context(at_work(moor))
        with Terminal(home=home, size=(120, 40)) as terminal:
            terminal.wait_for(READY)
            terminal.press(F3)
            terminal.wait_for("● sea")

            events.record(heath, end())
            heath_at_work.close()
            terminal.wait_for("✓ heath")
            assert bells(terminal) == 0 and NOTIFICATION not in terminal.raw

            begin = lose_focus(terminal)
            events.record(moor, end("failed", "No room.\x1b]0;"))
            moor_at_work.close()
            terminal.wait_for_bytes(call("moor failed: No room.␛]0;"), begin)

            begin = len(terminal.raw)
            for event in learned_by_heart(6_000)[-36:]:
                events.record(sea, event)
            message = "sea overfits from step 2,000 on; its best step is saved."
            terminal.wait_for_bytes(call(message), begin)
            terminal.wait_for_bytes(SAVED)
            assert terminal.raw.count(SAVED) == 1

            terminal.press(CTRL_Q)
            terminal.wait_for("Keep it going")
            terminal.press("g")
            assert terminal.end() == 0
            assert bells(terminal) == 2
            assert "\x1b]2;● 30 % sea 3.61".encode() + ST in terminal.raw
            assert terminal.raw.rfind(RESTORED) > terminal.raw.rfind("\x1b]2;●".encode())


@needs_terminal
@pytest.mark.parametrize(("alert", "count"), [("bell", 1), ("off", 0)])
def test_the_user_chooses_the_call_and_the_title_is_that_of_before(
    alert: str, count: int, home: Path
) -> None:
    preferences.save(Preferences(alert=alert))
    sea = write_run("sea", *course())
    inside_tmux = {"TMUX": "/tmp/tmux-0/default,1,0"}  # which shows no progress bar
    with ExitStack() as sea_at_work, Terminal(home=home, environment=inside_tmux) as terminal:
        sea_at_work.enter_context(at_work(sea))
        terminal.wait_for(READY)
        terminal.press(F3)
        terminal.wait_for("● sea")
        terminal.wait_for_bytes("\x1b]2;● 47 % sea 1.93".encode() + ST)
        lose_focus(terminal)
        events.record(sea, end())
        sea_at_work.close()
        terminal.wait_for_bytes(RESTORED)
        assert bells(terminal) == count and NOTIFICATION not in terminal.raw
        assert b"\x1b]9;" not in terminal.raw


def signals(**driver: bool) -> tuple[TerminalSignals, list[str]]:
    """Return the signals of an app without focus, and what they write to its driver."""
    app, written = CharloomApp(), list[str]()
    app.set_reactive(CharloomApp.app_focus, False)
    stub = SimpleNamespace(write=written.append, **driver)
    app._driver = stub  # type: ignore[assignment]
    return TerminalSignals(app, lambda: "message"), written


def test_a_browser_and_a_headless_app_get_nothing(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.delenv("TMUX", raising=False)
    run = RunMonitor(write_run("sea", *course()))
    run.refresh()
    for web, headless in ((False, False), (True, False), (False, True)):
        terminal, written = signals(is_web=web, is_headless=headless)
        terminal.show(run)
        terminal.alert("done")
        terminal.show(None)
        assert bool(written) == (not web and not headless)
        if written:
            title, bell, cleared = written
            assert title.endswith("\x1b]9;4;1;47\x1b\\") and bell.startswith("\a")
            assert cleared.endswith("\x1b[23;2t\x1b]9;4;0;0\x1b\\")


def test_a_bar_has_the_state_of_the_run_and_is_renewed_while_the_title_is_not(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WT_SESSION", "1")
    monkeypatch.delenv("TMUX", raising=False)
    folder = write_run("sea", *course(), events.Paused(4_200))
    with at_work(folder):
        run = RunMonitor(ModelDir.named("sea"))
        run.refresh()
    terminal, written = signals(is_web=False, is_headless=False)
    terminal.show(run)
    terminal.show(run)
    assert written[0].startswith("\x1b[22;2t\x1b]2;‖ 47 % sea 1.93\x1b\\")
    assert written[1] == "\x1b]9;4;4;47\x1b\\"


def test_progress_goes_only_to_terminals_that_are_known_to_show_it() -> None:
    for known in ({"TERM_PROGRAM": "ghostty"}, {"TERM_PROGRAM": "WezTerm"}, {"WT_SESSION": "a"}):
        assert supports_progress(known)
        assert not supports_progress(known | {"TMUX": "/tmp/tmux-0/default,1,0"})
    assert supports_progress({"ConEmuANSI": "ON"}) and not supports_progress({"ConEmuANSI": "OFF"})
    assert not supports_progress({"TERM_PROGRAM": "iTerm.app"})
    assert not supports_progress({"TERM": "xterm-256color"})
