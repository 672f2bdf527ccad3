"""Runs of the real loop on a machine whose steps take as long as the test says."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
import torch

from charloom.core.runs.events import Event, ThreadsChanged
from charloom.core.training import loop, steps
from charloom.core.training.step import Stepper
from charloom.core.training.thread_tuner import ThreadTuner
from tests.helpers.training_tasks import CPU, MemorySink, of_kind, small_task

pytestmark = pytest.mark.usefixtures("torch_as_it_was")

QUIET = {1: 0.1, 2: 0.06}  # seconds of a step, by the number of threads
BUSY = {1: 0.1, 2: 0.2}


class Machine:
    """A machine that is busy from the second ``begin`` to the second ``end`` of its own clock."""

    def __init__(self, begin: float, end: float) -> None:
        self.now, self.threads, self._busy = 0.0, 2, (begin, end)
        self.counts: list[int] = []  # the threads of every step

    def advance(self) -> None:
        begin, end = self._busy
        self.now += (BUSY if begin <= self.now < end else QUIET)[self.threads]
        self.counts.append(self.threads)

    def use(self, threads: int) -> None:
        self.threads = threads


def trained(
    monkeypatch: pytest.MonkeyPatch, machine: Machine, counts: tuple[int, ...], **bound: Any
) -> list[Event]:
    """Return the events of a run on ``machine``."""
    step: Callable[..., Any] = Stepper.step

    def timed(stepper: Stepper, rate: float) -> Any:
        machine.advance()
        return step(stepper, rate)

    monkeypatch.setattr(Stepper, "step", timed)
    torch.set_num_threads(1)
    monkeypatch.setattr(torch, "set_num_threads", machine.use)
    monkeypatch.setattr(steps, "ThreadTuner", partial(ThreadTuner, clock=lambda: machine.now))
    task = small_task(hidden_size=4, **bound)
    compute = replace(CPU, threads=2, chars_per_second=64 / QUIET[2])
    return list(loop.train(task, compute, MemorySink(), thread_counts=counts))


def by_minutes(steps: int) -> dict[str, Any]:
    """Return a bound by minutes that ends after so many steps, however fast they are."""
    passes = steps / small_task(hidden_size=4).train_config.steps_per_epoch(1_242)
    return {"minutes": 60.0, "max_epochs": passes}


def test_a_busy_core_leaves_one_thread_and_a_free_one_brings_back_the_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(begin=3, end=20)
    changes = of_kind(ThreadsChanged, trained(monkeypatch, machine, (1, 2), **by_minutes(400)))
    assert [change.threads for change in changes] == [1, 2]
    assert [change.chars_per_second for change in changes] == pytest.approx([64 / 0.1, 64 / 0.06])
    assert changes[0].step < 3 / 0.06 + 30  # soon after the core is taken
    assert machine.counts[-40:] == [2] * 40


def test_next_to_a_busy_core_a_run_is_almost_as_fast_as_one_thread(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    machine = Machine(begin=0, end=1e9)
    trained(monkeypatch, machine, (1, 2), **by_minutes(400))
    assert len(machine.counts) / machine.now > 0.9 / BUSY[1]


def test_a_quiet_machine_keeps_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(begin=1e9, end=1e9)
    assert not of_kind(ThreadsChanged, trained(monkeypatch, machine, (1, 2), **by_minutes(60)))
    assert set(machine.counts) == {2}


@pytest.mark.parametrize(
    ("counts", "bound"), [((1, 2), {"steps": 60}), ((), by_minutes(60)), ((2,), by_minutes(60))]
)
def test_a_run_of_fixed_steps_or_threads_keeps_its_threads(
    monkeypatch: pytest.MonkeyPatch, counts: tuple[int, ...], bound: dict[str, Any]
) -> None:
    machine = Machine(begin=1, end=1e9)
    assert not of_kind(ThreadsChanged, trained(monkeypatch, machine, counts, **bound))
    assert set(machine.counts) == {2}
