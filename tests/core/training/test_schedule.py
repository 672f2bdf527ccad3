import math
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from charloom.core.config import TrainConfig
from charloom.core.training import schedule
from charloom.core.training.schedule import (
    RunBudget,
    Stopwatch,
    ThrottledTimer,
    learning_rate,
    rate_scale,
)


class Clock:
    """A clock that advances only when a test does it."""

    def __init__(self) -> None:
        self.now = 1_000.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(schedule, "time", SimpleNamespace(perf_counter=clock.perf_counter))
    return clock


@pytest.mark.parametrize(
    ("fraction", "rate"),
    [
        (0.0, 0.0),
        (0.05, 0.002),  # half of the warm-up
        (0.1, 0.004),  # the peak
        (0.55, 0.004 * (0.02 + 0.98 / 2)),  # half of the cosine
        (1.0, 0.004 * 0.02),
        (1.3, 0.004 * 0.02),  # a run bounded by time ends a little late
    ],
)
def test_the_rate_climbs_and_then_follows_a_cosine(fraction: float, rate: float) -> None:
    config = TrainConfig(learning_rate=0.004, warmup=0.1, final_rate=0.02)
    assert learning_rate(config, fraction) == pytest.approx(rate)


def test_without_a_warm_up_the_rate_starts_at_its_peak() -> None:
    assert learning_rate(TrainConfig(learning_rate=0.1, warmup=0.0), 0.0) == 0.1


@given(
    warmup=st.floats(0, 0.9),
    final=st.floats(0, 1),
    one=st.floats(0, 1),
    other=st.floats(0, 1),
)
def test_after_the_warm_up_the_rate_never_rises(
    warmup: float, final: float, one: float, other: float
) -> None:
    config = TrainConfig(learning_rate=0.1, warmup=warmup, final_rate=final)
    early, late = sorted((max(warmup, one), max(warmup, other)))
    first, second = learning_rate(config, early), learning_rate(config, late)
    assert 0.1 * (1 + 1e-12) >= first >= second * (1 - 1e-12)
    assert second >= 0.1 * final * (1 - 1e-12)


def test_steps_bound_a_budget_whatever_the_time() -> None:
    budget = RunBudget(TrainConfig(steps=200), 7, Stopwatch(elapsed=1e6))
    assert budget.total_steps == 200
    assert [budget.fraction(step) for step in (0, 50, 200)] == [0.0, 0.25, 1.0]


@pytest.mark.parametrize(("epochs", "steps"), [(3, 30), (0.25, 2), (0.001, 1)])
def test_epochs_are_counted_in_steps_of_which_there_is_one_at_least(
    epochs: float, steps: int
) -> None:
    assert RunBudget(TrainConfig(epochs=epochs), 10, Stopwatch()).total_steps == steps


def test_minutes_bound_a_budget_and_what_was_spent_before_counts(clock: Clock) -> None:
    budget = RunBudget(TrainConfig(minutes=2), 7, Stopwatch(elapsed=30.0))
    assert budget.total_steps is None
    clock.now += 30
    assert budget.elapsed == 60
    assert budget.fraction(step=0) == budget.fraction(step=10**6) == 0.5
    assert budget.eta(0.5) == 60
    clock.now += 60
    assert budget.fraction(0) == 1.0


def test_the_most_epochs_end_a_budget_before_its_minutes_or_steps(clock: Clock) -> None:
    budget = RunBudget(TrainConfig(minutes=2, max_epochs=3), 10, Stopwatch())
    clock.now += 12
    assert [budget.fraction(step) for step in (0, 6, 15, 30)] == [0.1, 0.2, 0.5, 1.0]
    assert [budget.leaves_time(step) for step in (29, 30)] == [False, True]
    clock.now += 108
    assert budget.fraction(step=0) == 1.0
    for steps, total in ((20, 20), (40, 30)):
        budget = RunBudget(TrainConfig(steps=steps, max_epochs=3), 10, Stopwatch())
        assert budget.total_steps == total and not budget.leaves_time(total)


def test_the_end_of_the_minutes_is_kept_for_the_last_evaluation(clock: Clock) -> None:
    budget = RunBudget(TrainConfig(minutes=1), 7, Stopwatch())
    assert budget.evaluated_share() == 1.0
    budget.plan_evaluation(2.2)  # seconds in bfloat16, twice that in float32
    needed, affordable = 4.4, 0.06 * 60
    assert budget.evaluated_share() == pytest.approx(affordable / needed)
    clock.now += 60 - affordable
    assert budget.fraction(0) == pytest.approx(1.0)
    assert budget.eta(1.0) == pytest.approx(affordable)


@pytest.mark.parametrize("bound", [{"minutes": 1}, {"steps": 100}])
def test_the_remaining_time_has_the_evaluation_as_long_as_it_is_expected_to_take(
    bound: dict[str, Any], clock: Clock
) -> None:
    budget = RunBudget(TrainConfig(**bound), 7, Stopwatch())
    budget.plan_evaluation(20.0, 0.1, expected=2.5)
    clock.now += 10
    fraction = budget.fraction(20)
    assert budget.eta(fraction) == pytest.approx(10 * (1 - fraction) / fraction + 2.5)
    assert budget.evaluation_eta == 2.5
    budget.plan_evaluation(20.0, 0.1, expected=1e9)
    assert budget.evaluation_eta == pytest.approx(0.06 * 60 if "minutes" in bound else 40.0)


def test_time_is_kept_for_the_least_evaluation_up_to_half_of_the_run(clock: Clock) -> None:
    budget = RunBudget(TrainConfig(minutes=0.05), 7, Stopwatch())
    budget.plan_evaluation(40.0, least=0.5)
    assert budget.evaluated_share() == pytest.approx(1.0 / 80)
    clock.now += 2
    assert budget.fraction(0) == pytest.approx(1.0)
    budget.plan_evaluation(40.0, least=30.0)
    assert budget.eta(1.0) == pytest.approx(1.5)


def test_a_short_evaluation_is_done_in_full(clock: Clock) -> None:
    budget = RunBudget(TrainConfig(minutes=1), 7, Stopwatch())
    budget.plan_evaluation(0.22)
    assert budget.evaluated_share() == 1.0
    clock.now += 60 - 0.44
    assert budget.fraction(0) == pytest.approx(1.0)


def test_a_run_bounded_by_steps_evaluates_in_full_however_long_it_takes() -> None:
    budget = RunBudget(TrainConfig(steps=10), 7, Stopwatch())
    budget.plan_evaluation(1e9)
    assert budget.evaluated_share() == 1.0
    assert math.isfinite(budget.eta(0.5))


def test_a_stopwatch_stands_still_while_it_is_stopped(clock: Clock) -> None:
    stopwatch = Stopwatch(elapsed=10.0)
    clock.now += 5
    with stopwatch.stopped():
        clock.now += 100
        assert stopwatch.seconds == 15
    assert stopwatch.seconds == 15
    clock.now += 1
    assert stopwatch.seconds == 16


def test_a_pause_takes_no_minutes_and_brings_nothing_nearer(clock: Clock) -> None:
    stopwatch = Stopwatch()
    budget, timer = RunBudget(TrainConfig(minutes=1), 7, stopwatch), ThrottledTimer(stopwatch, 20)
    clock.now += 15
    with stopwatch.stopped():
        clock.now += 1_000
    assert (budget.elapsed, budget.fraction(0), budget.eta(0.25)) == (15, 0.25, 45)
    assert not timer.due()
    clock.now += 5
    assert timer.due()


@pytest.mark.parametrize("fraction", [0.0, 0.05, 0.1, 0.3, 0.7, 0.999])
def test_a_rate_that_is_set_is_the_next_and_decays_as_planned(fraction: float) -> None:
    config = TrainConfig(learning_rate=0.004, warmup=0.1, final_rate=0.02)
    scale = rate_scale(config, fraction, 0.02)
    rate_there = 0.02 * min(1.0, fraction / 0.1)  # in the warm-up it is the peak to climb to
    assert scale * learning_rate(config, fraction) == pytest.approx(rate_there)
    shape = learning_rate(config, 1.0) / learning_rate(config, max(0.1, fraction))
    assert scale * learning_rate(config, 1.0) == pytest.approx(0.02 * shape)


def test_a_rate_near_zero_can_be_changed() -> None:
    assert math.isfinite(rate_scale(TrainConfig(final_rate=0.0), 1.0, 1.0))


def test_a_timer_is_due_when_its_seconds_have_passed(clock: Clock) -> None:
    timer = ThrottledTimer(Stopwatch(), 5)
    assert not timer.due()
    clock.now += 5
    assert timer.due()
    with timer.running():
        pass
    assert not timer.due()
    clock.now += 5
    assert timer.due()


def test_what_takes_long_is_done_more_rarely(clock: Clock) -> None:
    timer = ThrottledTimer(Stopwatch(), 5, share=0.1)
    with timer.running():
        clock.now += 2
    clock.now += 19
    assert not timer.due()
    clock.now += 1
    assert timer.due()
