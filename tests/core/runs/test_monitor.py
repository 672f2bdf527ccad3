import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock

from charloom.core import paths
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.runs import events, jsonl
from charloom.core.runs.commands import Command, send_command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Evaluating,
    Event,
    Finished,
    Paused,
    Preparing,
    Progress,
    RunWarning,
    Sample,
    Started,
    ThreadsChanged,
    Validated,
)
from charloom.core.runs.monitor import RunMonitor, RunStatus, is_training, list_runs, live_runs
from charloom.core.runs.trainer import launch_trainer
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_checkpoint
from charloom.core.store.write import remove_model
from tests.helpers.factories import random_checkpoint, ref, save_model
from tests.helpers.small_models import create, endless

MODEL, TRAINING = ModelConfig(9).to_json(), TrainConfig(steps=5).to_json()


def started(step: int = 0) -> Started:
    return Started(
        step, "cpu", "float32", 1, 99, 900, 100, 5, 2.2, 2.0, 1.9, 1.8, None, MODEL, TRAINING
    )


def progress(step: int, loss: float = 2.0) -> Progress:
    return Progress(step, 0.5, loss, 3.0, 0.004, 51_204.5, 1.5, 2.5, 0.375)


def validated(step: int, loss: float) -> Validated:
    return Validated(step, loss, 2.0, loss, step, 100, 0.1)


def ended(reason: str, message: str = "") -> Finished:
    return Finished(9, reason, 1.5, 2.0, 1.6, 1.4, 4, 3.5, message)


def record(folder: ModelDir, *story: Event) -> None:
    for event in story:
        events.record(folder, event)


def seen(folder: ModelDir, *story: Event) -> RunMonitor:
    record(folder, *story)
    watched = RunMonitor(folder)
    watched.refresh()
    return watched


def look(run: RunMonitor) -> RunStatus:
    run.refresh()
    return run.status


@pytest.fixture
def folder() -> ModelDir:
    return create()


@pytest.fixture
def lock(folder: ModelDir) -> FileLock:
    """What a trainer holds while it is at work."""
    return FileLock(folder.lock)


def until(condition: Callable[[], bool], *watches: RunMonitor) -> None:
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)
        for each in watches:
            each.refresh()


@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("completed", RunStatus.COMPLETED),
        ("stopped", RunStatus.STOPPED),
        ("no longer improving", RunStatus.PLATEAUED),
        ("failed", RunStatus.FAILED),
    ],
)
def test_a_run_that_has_ended_stands_as_it_says(
    folder: ModelDir, reason: str, state: RunStatus
) -> None:
    end = ended(reason, "It blew up." if reason == "failed" else "")
    run = seen(folder, started(), progress(5), end)
    assert (run.name, run.status, run.reason, run.finished) == ("small", state, end.message, end)


def test_a_run_that_has_not_begun_is_untrained_and_a_model_without_one_imported(
    folder: ModelDir,
) -> None:
    assert seen(folder).status is RunStatus.UNTRAINED
    save_model("other", random_checkpoint())
    assert RunMonitor(ModelDir.named("other")).refresh()
    assert seen(ModelDir.named("other")).status is RunStatus.IMPORTED


@pytest.mark.parametrize("story", [(started(),), (started(), progress(5)), (Paused(5),), ()])
def test_a_run_whose_trainer_is_gone_without_a_word_was_interrupted(
    folder: ModelDir, story: tuple[Event, ...]
) -> None:
    folder.trainer_log.write_text("")
    run = seen(folder, *story)
    assert run.status is RunStatus.INTERRUPTED and "killed, or the computer" in run.reason
    folder.trainer_log.write_text("Traceback\n  é\nBusError: gone\n\n")
    assert run.refresh() and run.reason == "BusError: gone"


def test_everything_there_is_to_show_is_what_was_told_last(folder: ModelDir) -> None:
    run = seen(
        folder,
        *(started(), RunWarning("short"), progress(1, 3.0), validated(1, 2.9), Sample(1, "th")),
        *(CheckpointSaved(1, "one"), RunWarning("jumped"), progress(2, 2.5), validated(2, 2.7)),
        *(CheckpointSaved(2, "two"), Sample(2, "the"), progress(3, 2.6)),
    )
    assert run.started == started() and run.progress == progress(3, 2.6)
    assert run.validated == validated(2, 2.7) and run.checkpoint == CheckpointSaved(2, "two")
    assert run.sample == Sample(2, "the") and list(run.warnings) == ["short", "jumped"]
    assert run.train.points() == [(1, 3.0), (2, 2.5), (3, 2.6)]
    assert run.validation.points() == [(1, 2.9), (2, 2.7)] and run.train.lowest == (2, 2.5)
    assert not run.refresh() and not run.has_more
    record(folder, progress(4))
    assert run.refresh() and run.train.last == (4, 2.0)


def test_a_run_that_changes_its_threads_is_shown_with_them(folder: ModelDir) -> None:
    record(folder, started(), progress(3), ThreadsChanged(3, 2, 900.0))
    run = RunMonitor(folder)
    run.refresh()
    assert run.started and (run.started.threads, run.started.device) == (2, "cpu")


def test_a_run_that_goes_on_drops_what_came_after_its_step(folder: ModelDir) -> None:
    run = seen(folder, started(), progress(10), validated(10, 2.0), progress(20), RunWarning("old"))
    record(folder, validated(20, 1.0), ended("stopped"))
    run.refresh()
    assert run.finished and run.validation.lowest == (20, 1.0)
    record(folder, started(15), progress(16, 1.5))
    run.refresh()
    assert run.finished is None and run.started == started(15) and not run.warnings
    assert [step for step, _ in run.train.points()] == [10, 16]
    assert run.validation.lowest == (10, 2.0)


def test_a_trainer_that_went_back_draws_the_curve_anew(folder: ModelDir) -> None:
    run = seen(folder, started(), progress(10), progress(20, 9.0), RunWarning("back"), progress(15))
    assert [step for step, _ in run.train.points()] == [10, 15]


def test_a_trainer_at_work_is_starting_until_it_tells_of_itself(
    folder: ModelDir, lock: FileLock
) -> None:
    lock.acquire()
    run = RunMonitor(folder)
    assert look(run) is RunStatus.STARTING
    story: list[tuple[Event, RunStatus]] = [
        (Preparing(0.25), RunStatus.STARTING),
        (started(), RunStatus.TRAINING),
        (progress(5), RunStatus.TRAINING),
        (Paused(5), RunStatus.PAUSED),
        (CheckpointSaved(5, "five"), RunStatus.PAUSED),
        (progress(6), RunStatus.TRAINING),
        (Evaluating(6, 1_000, 2_000, 3.0), RunStatus.EVALUATING),
        (CheckpointSaved(6, "six"), RunStatus.EVALUATING),
        (ended("completed"), RunStatus.COMPLETED),
    ]
    for event, state in story:
        record(folder, event)
        changed = run.refresh()
        assert changed and run.status is state
        assert run.preparing == (event if isinstance(event, Preparing) else None)
    lock.release()
    assert not run.refresh()
    lock.acquire()  # another goes on with it
    assert look(run) is RunStatus.STARTING
    assert seen(folder).status is RunStatus.STARTING
    record(folder, Preparing(0.5))
    assert look(run) is seen(folder).status is RunStatus.STARTING
    record(folder, started(9))
    assert look(run) is RunStatus.TRAINING


def test_a_run_that_pauses_by_itself_says_why(folder: ModelDir, lock: FileLock) -> None:
    lock.acquire()
    run = seen(folder, started(), Paused(5, "The disk is full."))
    assert (run.status, run.reason) == (RunStatus.PAUSED, "The disk is full.")
    record(folder, Continued(5))
    assert run.refresh() and (run.status, run.reason) == (RunStatus.TRAINING, "")


def test_a_run_that_was_killed_and_goes_on_is_starting_at_first(
    folder: ModelDir, lock: FileLock
) -> None:
    run = seen(folder, started(), progress(5))
    lock.acquire()
    assert look(run) is RunStatus.STARTING
    assert seen(folder).status is RunStatus.TRAINING  # who comes only now cannot know better
    record(folder, started(5))
    assert look(run) is RunStatus.TRAINING


def test_a_long_log_is_read_in_parts_and_its_end_is_known_at_once(
    folder: ModelDir, monkeypatch: pytest.MonkeyPatch
) -> None:
    steps = range(1, 3_000)
    text = "".join(events.to_line(progress(step)) + "\n" for step in steps)
    folder.metrics.write_text(text)
    record(folder, ended("stopped"), *[RunWarning("late")] * 3)
    monkeypatch.setattr(jsonl, "_MAX_BYTES_PER_READ", 100_000)
    run, looks = RunMonitor(folder), 0
    while not looks or run.has_more:
        assert run.refresh()
        assert (run.status, run.finished) == (RunStatus.STOPPED, ended("stopped"))
        assert run.progress == progress(steps[-1]) and len(run.warnings) == 3 * (not run.has_more)
        looks += 1
    assert looks > 4
    assert len(run.train) < 2_048 and run.train.last == (steps[-1], 2.0)


def test_a_log_that_somebody_spoilt_does_no_harm(folder: ModelDir) -> None:
    for path in (folder.metrics, folder.samples):
        path.write_bytes(
            b'\xff\n\n[]\n{"event": "progress", "step": "x"}\n{"event": "started"}\n'
            b'{"event": "warning", "message": 7}\n{"event": "paused", "step": 1e400}\n{"event":'
        )
    run = seen(folder, *[RunWarning("again")] * 1_000)
    assert set(run.warnings) == {"again"} and len(run.warnings) < 100
    assert (run.progress, run.started, run.sample) == (None, None, None)


def test_a_run_that_is_removed_while_it_is_watched_does_no_harm(folder: ModelDir) -> None:
    run = seen(folder, started(), progress(5))
    remove_model("small")
    run.refresh()
    assert run.train.points() == [(5, 2.0)] and not is_training(folder)


def test_runs_are_listed_by_what_happened_last(home: Path) -> None:
    assert list_runs() == [] and live_runs() == []
    save_model("imported", random_checkpoint())
    for age, name in enumerate(["new", "older", "oldest"]):
        made = create(name)
        record(made, started())
        for file in made.path.iterdir():
            os.utime(file, (1e9 - age, 1e9 - age))
    (paths.models_dir() / "stray").touch()
    assert [folder.name for folder in list_runs()] == ["new", "older", "oldest"]
    record(ModelDir.named("oldest"), progress(1))
    assert [folder.name for folder in list_runs()] == ["oldest", "new", "older"]
    assert live_runs() == []


def test_a_lock_that_is_not_held_means_no_trainer(folder: ModelDir) -> None:
    assert not is_training(folder) and not folder.lock.exists()
    folder.lock.touch()
    assert not is_training(folder)
    assert not is_training(ModelDir(folder.path / "nowhere"))


def test_a_run_is_watched_and_commanded_from_its_start_to_its_end() -> None:
    folder = endless()
    mine = RunMonitor(folder, launch_trainer(folder))
    mine.refresh()
    assert mine.status is RunStatus.STARTING
    until(lambda: mine.progress is not None, mine)
    other = RunMonitor(folder)
    other.refresh()
    assert mine.status is other.status is RunStatus.TRAINING
    assert live_runs() == ["small"] and is_training(folder)

    send_command(folder, Command("pause"))
    until(lambda: mine.status is other.status is RunStatus.PAUSED, mine, other)
    assert mine.progress and mine.checkpoint and mine.checkpoint.step == mine.progress.step
    assert load_checkpoint(ref("small@last")).checkpoint.step == mine.progress.step
    send_command(folder, Command("set-lr", 0.01))
    send_command(folder, Command("continue"))
    paused_at = mine.progress.step
    until(lambda: mine.progress is not None and mine.progress.step > paused_at, mine, other)
    assert mine.status is RunStatus.TRAINING
    lines = map(events.from_line, folder.metrics.read_bytes().splitlines())
    assert events.RateChanged(paused_at, 0.01) in lines

    send_command(folder, Command("stop"))
    until(lambda: mine.status is other.status is RunStatus.STOPPED, mine, other)
    assert mine.finished == other.finished and mine.finished is not None
    assert mine.sample and mine.sample.step == mine.finished.step
    assert mine.train.points() == other.train.points() != []
    until(lambda: not is_training(folder))

    again = RunMonitor(folder, launch_trainer(folder, resume=True))
    again.refresh()
    assert again.status is RunStatus.STARTING
    until(lambda: again.status is RunStatus.TRAINING, again, other)
    assert again.started and again.started.step == mine.finished.step
    assert again._process is not None
    again._process.kill()
    until(lambda: again.status is other.status is RunStatus.INTERRUPTED, again, other)
    assert sys.platform == "win32" or "killed (signal 9); the system may have" in again.reason
    assert other.reason and live_runs() == [] and not is_training(folder)
