import math
from collections import deque
from dataclasses import replace

import pytest

from charloom.core.errors import StorageError
from charloom.core.runs.commands import Command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    Progress,
    RateChanged,
    Sample,
    Validated,
)
from charloom.core.training import loop, schedule
from charloom.core.training.loop import train
from charloom.core.training.schedule import learning_rate
from charloom.core.training.step import TrainState
from charloom.core.training.task import RunState
from tests.helpers.training_tasks import CPU, MemorySink, after, events, of_kind, same, small_task

pytestmark = pytest.mark.usefixtures("torch_as_it_was")


def test_a_stop_command_saves_at_that_step_and_ends_the_run() -> None:
    sink = MemorySink()
    seen = events(small_task(steps=1_000), sink, next_command=after(7, Command("stop")))
    end = seen[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step) == ("stopped", 7)
    assert 7 in sink.checkpoints
    assert sink.state is not None and sink.state[0].step == 7


PAUSE: tuple[Command | None, ...] = (
    *(Command("pause"), None, Command("pause"), Command("checkpoint"), None),
    *(Command("continue"), Command("continue")),
)


def test_a_run_that_was_paused_ends_bit_for_bit_where_an_undisturbed_one_does() -> None:
    task = small_task(steps=60, held_out=0.0)
    task = replace(task, model_config=replace(task.model_config, dropout=0.3, layers=2))
    whole, paused = MemorySink(), MemorySink()
    events(task, whole)
    seen = events(task, paused, next_command=after(33, *PAUSE))
    assert same(whole, paused, 60)
    pauses = [type(e) for e in seen if not isinstance(e, Progress | Sample)]
    assert pauses[1:5] == [CheckpointSaved, Paused, CheckpointSaved, Continued]
    assert of_kind(Paused, seen) == [Paused(33)] and of_kind(Continued, seen) == [Continued(33)]
    assert paused.checkpoints[33].step == 33


def test_a_run_that_is_stopped_in_a_pause_goes_on_bit_for_bit() -> None:
    task, whole, parted = small_task(steps=60), MemorySink(), MemorySink()
    events(task, whole)
    seen = events(task, parted, next_command=after(20, *PAUSE[:-2], Command("stop")))
    end = seen[-1]
    assert isinstance(end, Finished) and (end.reason, end.step) == ("stopped", 20)
    assert not of_kind(Continued, seen)
    events(task, parted, resume=parted.state)
    assert same(whole, parted, 60)


class Clock:
    """A clock that advances a little at every look, and by 1,000 seconds in a sleep."""

    def __init__(self) -> None:
        self.now, self.slept = 0.0, 0

    def perf_counter(self) -> float:
        self.now += 0.01
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds <= 0.1
        self.now += 1_000
        self.slept += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(schedule, "time", clock)
    monkeypatch.setattr(loop, "time", clock)
    return clock


def test_a_pause_takes_none_of_the_run_s_time(clock: Clock) -> None:
    sink = MemorySink()
    seen = events(small_task(minutes=0.1), sink, next_command=after(20, *PAUSE))
    end = seen[-1]
    assert isinstance(end, Finished) and clock.slept == 2
    assert end.reason == "completed" and end.step > 40
    assert sink.state is not None
    reports = of_kind(Progress, seen)
    assert len(reports) > 4 and min(report.chars_per_second for report in reports) > 1
    times = [report.elapsed_seconds + report.eta_seconds for report in reports]
    assert max(end.elapsed_seconds, sink.state[1].elapsed, *times) < 1_000


def test_a_checkpoint_command_saves_that_step() -> None:
    sink = MemorySink()
    seen = events(
        small_task(steps=30, held_out=0.0), sink, next_command=after(7, Command("checkpoint"))
    )
    assert sink.checkpoints.keys() == {7, 30}
    loss = sink.checkpoints[7].losses.train
    assert loss is not None and loss < math.log(len(small_task().vocab))
    assert next(event.step for event in of_kind(CheckpointSaved, seen)) == 7


def test_a_checkpoint_that_is_saved_again_keeps_its_validation(clock: Clock) -> None:
    sink, queue = MemorySink(), deque[Command]()
    run = train(
        small_task(minutes=0.1),
        CPU,
        sink,
        next_command=lambda: queue.popleft() if queue else None,
    )
    best = next(event for event in run if isinstance(event, Validated))
    queue.extend([Command("pause"), Command("checkpoint"), Command("stop")])
    rest = list(run)
    assert not of_kind(Validated, rest)
    assert [event.step for event in of_kind(CheckpointSaved, rest)] == [best.step] * 5
    assert sink.checkpoints[best.step].losses.validation == best.val_loss


def rates(seen: list[Event]) -> dict[int, float]:
    """Return the learning rate of each step that was reported."""
    return {event.step: event.lr for event in of_kind(Progress, seen)}


def test_a_rate_that_is_set_holds_from_the_next_step_on_and_is_kept() -> None:
    task, sink = small_task(steps=60, held_out=0.0, warmup=0.0, final_rate=0.1), MemorySink()
    report = Command("checkpoint")  # brings a report of the step before it
    commands = after(30, Command("set-lr", 0.5), None, report, None, Command("stop"))
    seen = events(task, sink, next_command=commands)
    assert of_kind(RateChanged, seen) == [RateChanged(30, 0.5)]
    assert rates(seen)[31] == pytest.approx(0.5)
    shape = learning_rate(task.train_config, 31 / 60) / learning_rate(task.train_config, 30 / 60)
    assert rates(seen)[32] == pytest.approx(0.5 * shape)
    assert sink.state is not None and sink.state[0].step == 32
    again = events(task, sink, resume=sink.state, next_command=after(1, report))
    shape = learning_rate(task.train_config, 32 / 60) / learning_rate(task.train_config, 30 / 60)
    assert rates(again)[33] == pytest.approx(0.5 * shape)


def test_a_rate_that_is_set_in_the_warm_up_or_in_a_pause_counts_from_there() -> None:
    task = small_task(steps=60, held_out=0.0, warmup=0.5)
    commands = after(
        3, Command("pause"), Command("set-lr", 0.2), Command("continue"), None, Command("stop")
    )
    seen = events(task, next_command=commands)
    kinds = [type(e) for e in seen if isinstance(e, Paused | RateChanged | Continued)]
    assert kinds == [Paused, RateChanged, Continued]
    assert rates(seen)[4] == pytest.approx(0.2 * (3 / 60) / 0.5)


class Full(MemorySink):
    """A sink that fails for its first ``refusals`` saves."""

    def __init__(self, refusals: int) -> None:
        super().__init__()
        self.refusals = refusals

    def save_state(self, snapshot: TrainState, state: RunState) -> None:
        if self.refusals:
            self.refusals -= 1
            raise StorageError("It cannot be written.") from OSError(28, "No space left")
        super().save_state(snapshot, state)


def test_a_failed_save_is_retried_and_nothing_is_lost(clock: Clock) -> None:
    task, whole, sink = small_task(steps=60, held_out=0.0), MemorySink(), Full(3)
    events(task, whole)
    seen = events(task, sink, next_command=after(20, Command("checkpoint"), *[None] * 2))
    pauses = [e for e in seen if isinstance(e, Paused | Continued | CheckpointSaved)]
    assert [type(e) for e in pauses] == [Paused, Continued, CheckpointSaved, CheckpointSaved]
    message = "Cannot save (No space left). Training resumes automatically once this is fixed."
    assert pauses[0] == Paused(20, message) and pauses[2].step == 20
    assert sink.state is not None and sink.state[1].elapsed < 1_000 < clock.now
    assert same(whole, sink, 60)


def test_commands_are_executed_while_a_run_waits_to_save() -> None:
    task, sink = small_task(steps=60, held_out=0.0), Full(2)
    commands = after(
        20, Command("pause"), Command("continue"), Command("continue"), Command("stop")
    )
    seen = events(task, sink, next_command=commands)
    pauses = [e for e in seen if isinstance(e, Paused | Continued | CheckpointSaved | Finished)]
    assert [type(e) for e in pauses[:4]] == [Paused, Continued, CheckpointSaved, Paused]
    assert pauses[3] == Paused(20) and isinstance(pauses[-1], Finished)
    never, seen = Full(99), []
    run = train(task, CPU, never, next_command=after(20, Command("checkpoint"), Command("stop")))
    with pytest.raises(StorageError, match="cannot be written"):
        seen.extend(run)
    assert 20 in never.checkpoints and never.state is None
