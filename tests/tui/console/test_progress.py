import io
import json

import pytest
from rich.console import Console

from charloom.core.runs.events import Continued, Event, Paused, Progress, RateChanged, RunWarning
from charloom.tui.console.progress import JsonView, LiveView, PlainView
from tests.tui.helpers.run_folders import course, learned_by_heart

STORY: list[Event] = [
    Progress(1_200, 0.5, 2.0, 3.0, 0.004, 51_204.5, 1.5, 2.5, 0.375),
    RateChanged(1_200, 0.001),
    Paused(1_200),
    Continued(1_200),
    RunWarning("\x1b[2Jgone"),
    Paused(1_200, "There is no room on \x07this disk; make some."),
]
TOLD = [
    "Learning rate 0.001 from step 1,200 on.",
    "Paused at step 1,200; all is saved.",
    "On from step 1,200.",
    "␛[2Jgone",
    "Paused at step 1,200. There is no room on ␇this disk; make some.",
]
PAST = [*course(600), *STORY, *course(300)[1:]]


def test_what_was_ordered_is_told_in_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainView() as view:
        for event in STORY:
            view.show(event)
    assert capsys.readouterr().err.splitlines()[1:] == TOLD


def test_what_was_ordered_stays_above_the_picture() -> None:
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=80)) as view:
        for event in STORY:
            view.show(event)
    for sentence in TOLD:
        assert sentence in screen.getvalue()


def test_scripts_get_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonView() as view:
        for event in STORY:
            view.show(event)
    kinds = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["progress", "rate", "paused", "continued", "warning", "paused"]


def test_who_comes_later_is_told_how_the_run_stands(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainView() as view:
        view.replay(PAST)
    shape, beside, *lines = capsys.readouterr().err.splitlines()
    assert shape.startswith("H 512, E 64, V 71")
    assert beside == (
        "To beat, in bits/char: uniform 6.15, unigram 4.78, bigram 3.53, xz -9 2.51, 5-gram 2.41"
    )
    assert lines[:3] == [TOLD[0], *TOLD[3:]]  # a pause that is over is not told
    assert lines[3].startswith("  3%  step 300  loss") and lines[4].endswith("at step 300")


def test_who_comes_later_sees_the_course_so_far() -> None:
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=80)) as view:
        view.replay(course())
        drawn = screen.getvalue()
        view.show(Continued(4_200))
    assert "step 4,200" in drawn and "held out" in drawn and "nobody spoke" in drawn
    assert "█▇" in drawn and "▁▁▁" in drawn
    assert screen.getvalue().count("H 512") == 1


def test_that_a_text_is_learned_by_heart_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    told, story = "It overfits from step 2,000 on", learned_by_heart(4_000)
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=200)) as live:
        for event in story:
            live.show(event)
    with PlainView() as plain:
        for event in story:
            plain.show(event)
    assert screen.getvalue().count(told) == capsys.readouterr().err.count(told) == 1
    with PlainView() as plain:
        plain.replay(story[:-1])
        plain.show(story[-1])
    assert capsys.readouterr().err.count(told) == 1


def test_scripts_that_come_later_get_only_how_the_run_started(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with JsonView() as view:
        view.replay(PAST)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["event"] == "started"
