import io
import json

import pytest
from rich.console import Console

from core.events import Continued, Event, Paused, Progress, RateChanged, Warned
from tui.progress import JsonLines, LiveView, PlainLines

STORY: list[Event] = [
    Progress(1_200, 0.5, 2.0, 3.0, 0.004, 51_204.5, 1.5, 2.5, 0.375),
    RateChanged(1_200, 0.001),
    Paused(1_200),
    Continued(1_200),
    Warned("\x1b[2Jgone"),
]
TOLD = [
    "Learning rate 0.001 from step 1,200 on.",
    "Paused at step 1,200; all is saved.",
    "On from step 1,200.",
    "␛[2Jgone",
]


def test_what_was_ordered_is_told_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainLines() as watcher:
        for event in STORY:
            watcher.show(event)
    assert capsys.readouterr().err.splitlines()[1:] == TOLD


def test_what_was_ordered_stays_above_the_picture() -> None:
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=80)) as watcher:
        for event in STORY:
            watcher.show(event)
    for sentence in TOLD:
        assert sentence in screen.getvalue()


def test_scripts_get_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonLines() as watcher:
        for event in STORY:
            watcher.show(event)
    kinds = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["progress", "rate", "paused", "continued", "warning"]
