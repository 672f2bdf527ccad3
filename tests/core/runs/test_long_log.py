"""A monitor reads a sample of the log of a long run, compared here with the whole log."""

import json
from collections.abc import Iterator
from statistics import fmean
from typing import Any

import pytest

from charloom.core.runs import events, jsonl
from charloom.core.runs.events import Finished, Progress, RunWarning, Sample
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.store.model_dir import ModelDir
from tests.helpers.long_logs import long_log
from tests.helpers.small_models import create

LINES = 60_000
MAX_REFRESHES = 2 * jsonl._PARTS // jsonl._PARTS_PER_READ


@pytest.fixture(scope="module")
def log() -> bytes:
    return long_log(LINES)


@pytest.fixture(scope="module")
def truth(log: bytes) -> list[dict[str, Any]]:
    """Return every event of the log."""
    return [json.loads(line) for line in log.splitlines()]


@pytest.fixture
def folder(log: bytes) -> ModelDir:
    made = create()
    made.metrics.write_bytes(log)
    return made


def last(truth: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in reversed(truth) if event["event"] == kind)


def curve(truth: list[dict[str, Any]], kind: str, loss: str) -> dict[int, float]:
    """Return the losses by step, without those of steps that were rolled back."""
    found: dict[int, float] = {}
    for event in truth:
        if event["event"] in (kind, "started"):
            while found and next(reversed(found)) > event["step"]:
                found.popitem()
        if event["event"] == kind:
            found[event["step"]] = event[loss]
    return found


def read(run: RunMonitor) -> Iterator[None]:
    """Refresh until everything is read, which takes a limited number of refreshes."""
    for _ in range(MAX_REFRESHES):
        run.refresh()
        yield
        if not run.has_more:
            return
    pytest.fail("there is still more to read")


def as_json(event: object) -> dict[str, Any]:
    assert event is not None
    return json.loads(events.to_line(event))  # type: ignore[arg-type, no-any-return]


def test_the_latest_events_are_known_after_the_first_refresh(
    folder: ModelDir, truth: list[dict[str, Any]]
) -> None:
    run = RunMonitor(folder)
    for _ in read(run):
        assert run.status is RunStatus.INTERRUPTED
        assert as_json(run.progress) == last(truth, "progress")
        assert as_json(run.validated) == last(truth, "validated")
        assert as_json(run.checkpoint) == last(truth, "checkpoint")
        assert run.finished is None


def test_the_start_and_all_later_warnings_are_known_in_the_end(
    folder: ModelDir, truth: list[dict[str, Any]]
) -> None:
    run = RunMonitor(folder)
    for _ in read(run):
        pass
    assert as_json(run.started) == last(truth, "started")
    since = truth[truth.index(last(truth, "started")) :]
    warned = [event["message"] for event in since if event["event"] == "warning"]
    assert list(run.warnings) == warned and len(warned) > 3


@pytest.mark.parametrize(
    ("kind", "loss", "curve_of"),
    [("progress", "loss", "train"), ("validated", "val_loss", "validation")],
)
def test_the_curves_are_those_of_the_whole_log(
    folder: ModelDir, truth: list[dict[str, Any]], kind: str, loss: str, curve_of: str
) -> None:
    run = RunMonitor(folder)
    for _ in read(run):
        pass
    points = getattr(run, curve_of).points()
    whole = curve(truth, kind, loss)
    steps = [step for step, _ in points]
    assert steps == sorted(steps) and 0.9 < steps[-1] / max(whole) <= 1
    spread = max(whole) / len(points)
    assert 200 < len(points) <= 2_048
    assert max(b - a for a, b in zip([0, *steps], steps, strict=False)) < 12 * spread
    for step, value in points:
        near = [whole[s] for s in range(int(step - spread), int(step + spread) + 1) if s in whole]
        assert value == pytest.approx(fmean(near), abs=0.12)


def test_what_comes_later_is_read_line_by_line(folder: ModelDir) -> None:
    run = RunMonitor(folder)
    for _ in read(run):
        pass
    assert run.progress is not None
    step, before = run.progress.step, len(run.warnings)
    for more in range(1, 100):
        loss = 1.0 + more
        events.record(folder, Progress(step + more, 9.0, loss, 1.0, 0.1, 5.0, 1.0, 2.0, 0.9))
        events.record(folder, RunWarning(f"number {more}"))
        events.record(folder, Sample(step + more, "the"))
        assert run.refresh() and not run.has_more
        assert run.train.last == (step + more, loss)
        assert run.sample == Sample(step + more, "the")
        assert len(run.warnings) == min(20, before + more)
    end = Finished.failed("It blew up.")
    events.record(folder, end)
    run.refresh()
    assert (run.status, run.finished) == (RunStatus.FAILED, end)


def test_the_last_of_many_samples_is_known_at_once(folder: ModelDir) -> None:
    lines = "".join(events.to_line(Sample(step, "the sea " * 25)) + "\n" for step in range(20_000))
    folder.samples.write_text(lines)
    run = RunMonitor(folder)
    run.refresh()
    assert run.sample == Sample(19_999, "the sea " * 25)
