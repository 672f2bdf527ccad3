import io
import json
from dataclasses import replace

import pytest
from rich.console import Console

from charloom.core.runs.events import (
    Continued,
    Evaluating,
    Event,
    Paused,
    Preparing,
    Progress,
    RateChanged,
    RunWarning,
    Started,
    ThreadsChanged,
)
from charloom.tui.console.progress import JsonView, LiveView, PlainView, config_line
from tests.tui.helpers.run_folders import course, learned_by_heart

EVENTS: list[Event] = [
    Progress(1_200, 0.5, 2.0, 3.0, 0.004, 51_204.5, 1.5, 2.5, 0.375),
    RateChanged(1_200, 0.001),
    ThreadsChanged(1_200, 1, 8_250.4),
    Paused(1_200),
    Continued(1_200),
    RunWarning("\x1b[2Jgone"),
    Paused(1_200, "There is no room on \x07this disk; make some."),
]
MESSAGES = [
    "Learning rate 0.001 from step 1,200.",
    "1 thread from step 1,200, as other work on this machine changed: 8,250 chars/s.",
    "Paused at step 1,200. Everything is saved.",
    "Continued from step 1,200.",
    "␛[2Jgone",
    "Paused at step 1,200. There is no room on ␇this disk; make some.",
]
PAST_EVENTS = [*course(600), *EVENTS, *course(300)[1:]]


def test_the_plain_view_reports_commands_in_lines(capsys: pytest.CaptureFixture[str]) -> None:
    with PlainView() as view:
        for event in EVENTS:
            view.show(event)
    assert capsys.readouterr().err.splitlines()[1:] == MESSAGES


def test_the_live_view_keeps_messages_above_the_picture() -> None:
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=80)) as view:
        for event in EVENTS:
            view.show(event)
    for sentence in MESSAGES:
        assert sentence in screen.getvalue()


def test_an_evaluation_is_shown_with_its_progress(capsys: pytest.CaptureFixture[str]) -> None:
    event = Evaluating(900, 16_384, 2_097_152, 75.0)
    line = "Evaluating step 900: 16,384 of at most 2,097,152 held-out characters, 1:15 left"
    with PlainView() as plain:
        plain.show(Evaluating(40, 1_024, 2_000, 0.4))  # it is over sooner than read
        plain.show(event)
    assert capsys.readouterr().err.splitlines() == [line]
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=100)) as live:
        for shown in (EVENTS[0], event):
            live.show(shown)
    assert line in screen.getvalue()


def test_reading_a_long_text_is_shown_with_its_progress(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with PlainView() as plain:
        plain.show(Preparing(0.4))
    assert capsys.readouterr().err.splitlines() == ["Reading the text: 40%"]
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=100)) as live:
        live.show(Preparing(0.4))
        assert "Reading the text: 40%" in screen.getvalue()
        place = len(screen.getvalue())
        live.show(EVENTS[0])
    assert "Reading" not in screen.getvalue()[place:]


def test_the_json_view_writes_every_event(capsys: pytest.CaptureFixture[str]) -> None:
    with JsonView() as view:
        for event in EVENTS:
            view.show(event)
    kinds = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert kinds == ["progress", "rate", "threads", "paused", "continued", "warning", "paused"]


def test_a_plain_view_opened_later_reports_the_current_state(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with PlainView() as view:
        view.replay(PAST_EVENTS)
    config, baselines, *lines = capsys.readouterr().err.splitlines()
    assert config.startswith("E 64, H 512, 1 layer, V 71")
    assert baselines == (
        "Baselines, in bits/char: uniform 6.15, unigram 4.78, bigram 3.53, xz -9 2.51, 5-gram 2.41"
    )
    assert lines[:4] == [*MESSAGES[:2], *MESSAGES[4:]]  # a pause that has ended is left out
    assert lines[4].startswith("  3%  step 300  loss") and lines[5].endswith("at step 300")


def test_a_live_view_opened_later_shows_the_curve_so_far() -> None:
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=80)) as view:
        view.replay(course())
        drawn = screen.getvalue()
        view.show(Continued(4_200))
    assert "step 4,200" in drawn and "held out" in drawn and "nobody spoke" in drawn
    assert "█▇" in drawn and "▁▁▁" in drawn
    assert screen.getvalue().count("H 512") == 1


def test_overfitting_is_reported_once(capsys: pytest.CaptureFixture[str]) -> None:
    warning, run_events = "It overfits from step 2,000 on", learned_by_heart(4_000)
    screen = io.StringIO()
    with LiveView("sea", Console(file=screen, force_terminal=True, width=200)) as live:
        for event in run_events:
            live.show(event)
    with PlainView() as plain:
        for event in run_events:
            plain.show(event)
    assert screen.getvalue().count(warning) == capsys.readouterr().err.count(warning) == 1
    with PlainView() as plain:
        plain.replay(run_events[:-1])
        plain.show(run_events[-1])
    assert capsys.readouterr().err.count(warning) == 1


def test_a_json_view_opened_later_writes_only_the_start(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with JsonView() as view:
        view.replay(PAST_EVENTS)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["event"] == "started"


@pytest.mark.parametrize(("number", "words"), [(1, "1 thread; 1 step"), (2, "2 threads; 2 steps")])
def test_one_thread_and_one_step_are_singular(number: int, words: str) -> None:
    started = next(event for event in course(600) if isinstance(event, Started))
    line = config_line(replace(started, threads=number, total_steps=number))
    assert line.endswith(words)


def test_several_processes_are_named_with_their_threads() -> None:
    started = next(event for event in course(600) if isinstance(event, Started))
    started = replace(started, threads=2, training=started.training | {"processes": 4})
    assert ", 4 × 2 threads; " in config_line(started)
