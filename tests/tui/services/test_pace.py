"""The pace of a generation, and a generation thread that is paused."""

import threading
from itertools import pairwise

import pytest

from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import Choice, SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.tui.services import pace as pace_module
from charloom.tui.services.pace import PACES, Pace
from charloom.tui.services.writer import GenerationJob, GenerationThread
from tests.helpers.factories import random_checkpoint

MODEL = NumpyLSTM(random_checkpoint())
WARM = SamplingConfig(1.0)


class Clock:
    """A clock that moves on when it is waited for."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("rate", [rate for rate in PACES if rate])
def test_as_many_characters_are_due_as_the_pace_has(
    rate: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(pace_module, "monotonic", clock)
    pace = Pace(rate)

    def wait(timeout: float) -> None:
        assert timeout > 0
        clock.now += timeout

    monkeypatch.setattr(pace._changed, "wait", wait)
    counts, times = [], []
    while clock.now < 110.0:
        counts.append(pace.wait(16)[0])
        times.append(clock.now)
    assert abs(sum(counts) - 10 * rate) <= 2 * max(counts)  # both ends
    gaps = [after - before for before, after in pairwise(times)]
    assert max(gaps) == pytest.approx(min(gaps)) and len(times) <= 602
    clock.now += 60  # the computer slept: nothing is caught up with but a quarter of a second
    burst = 0
    before = clock.now
    while clock.now == before:
        burst += pace.wait(16)[0]
    assert burst <= rate / 4 + max(counts) + 1


def test_in_a_pause_there_are_single_characters() -> None:
    pace = Pace(0)
    assert pace.wait(16) == (16, "")
    pace.paused = True
    assert not pace.pause_reached  # the 16 characters are still being written
    pace.step()
    pace.step("e")
    assert [pace.wait(16), pace.wait(16)] == [(1, ""), (1, "e")]
    pace.step("x")
    pace.paused = False  # what was not taken is dropped
    pace.paused = True
    waiting = threading.Thread(target=lambda: results.append(pace.wait(16)))
    results: list[tuple[int, str]] = []
    waiting.start()
    while not pace.pause_reached:
        pass
    pace.stop()
    waiting.join()
    assert results == [(0, "")] and pace.stopped


def test_a_text_of_drawn_and_chosen_characters_is_that_of_the_sampler_alone() -> None:
    pace = Pace(0)
    pace.paused = True
    job = GenerationJob(MODEL, "the ", WARM, 3, 12)
    thread = GenerationThread([job], pace=pace)
    for choice in ("", "a", "", "", "x"):
        pace.step(choice)
    while job.count < 5:
        pass
    pace.paused = False
    thread.join()
    text = job.take_text()
    assert (text[1], text[4], len(text)) == ("a", "x", 12)
    assert job.choices == (Choice(1, "a"), Choice(4, "x")) and job.prediction is None
    sampler = Sampler(MODEL, "the ", WARM, 3)
    assert "".join(s.character for s in Completion(sampler, 12, choices=job.choices)) == text
    by_hand = Sampler(MODEL, "the ", WARM, 3)
    assert text == "".join(by_hand.take({1: "a", 4: "x"}.get(n, "")).character for n in range(12))
