import math
import re
import time
from dataclasses import replace
from typing import Any

import pytest
import torch

from charloom.core.analysis.baselines import named
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.commands import Command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Evaluating,
    Finished,
    Paused,
    Progress,
    RunWarning,
    Sample,
    Started,
    Validated,
)
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.training import loop, validation
from charloom.core.training.loop import train
from charloom.core.training.schedule import RunBudget, learning_rate
from charloom.core.training.step import Stepper
from tests.helpers.training_tasks import (
    CPU,
    WORDS,
    MemorySink,
    after,
    events,
    of_kind,
    same,
    small_task,
)

pytestmark = pytest.mark.usefixtures("torch_as_it_was")


def test_a_run_tells_its_story_from_started_to_finished() -> None:
    sink = MemorySink()
    seen = events(small_task(steps=120), sink)
    assert isinstance(seen[0], Started) and isinstance(seen[-1], Finished)
    assert seen[0].total_steps == 120
    assert {Progress, Validated, Sample, CheckpointSaved} <= {type(event) for event in seen}
    steps = [event.step for event in of_kind(Progress, seen)]
    assert steps == sorted(steps)
    end = seen[-1]
    assert (end.step, end.reason) == (120, "completed")
    assert end.val_loss is not None and end.val_loss < math.log(len(small_task().vocab))
    assert end.val_bits_per_char == pytest.approx(end.val_loss / math.log(2))


def test_the_best_checkpoint_is_the_one_with_the_lowest_validation() -> None:
    sink = MemorySink()
    seen = events(small_task(steps=150), sink)
    validated = {event.step: event.val_loss for event in of_kind(Validated, seen)}
    end = seen[-1]
    assert isinstance(end, Finished)
    assert end.best_val_loss == min(validated.values())
    assert validated[end.best_step] == end.best_val_loss
    best = sink.checkpoints[end.best_step]
    assert best.losses.validation == end.best_val_loss
    assert best.losses.carried == end.val_loss
    assert best.losses.windowed_256 == end.val_windowed_256
    assert isinstance(seen[0], Started)
    assert end.counted_characters == seen[0].held_out_characters - 1


def test_every_step_is_in_a_report_and_the_last_report_is_of_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "_REPORT_SECONDS", 1e9)
    sink = MemorySink()
    task = small_task(steps=20, held_out=0.0, warmup=0.5)
    (report,) = of_kind(Progress, events(task, sink))
    torch.manual_seed(task.train_config.seed)
    ids = torch.from_numpy(task.train_ids)
    stepper = Stepper(CharLSTM(task.model_config), ids, task.train_config, "float32")
    rates = [learning_rate(task.train_config, step / 20) for step in range(20)]
    losses = [float(stepper.step(rate).loss) for rate in rates]
    assert (report.step, report.fraction, report.lr) == (20, 1.0, rates[-1])
    assert report.loss == pytest.approx(math.fsum(losses) / 20)
    assert sink.checkpoints[20].losses.train == report.loss


def test_a_run_bounded_by_steps_is_the_same_whenever_it_is_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen, sinks = [], []
    for seconds in (0.5, 0.001):  # as on a quick machine, and as on a slow one
        monkeypatch.setattr(loop, "_REPORT_SECONDS", seconds)
        sinks.append(MemorySink())
        seen.append(events(small_task(steps=150), sinks[-1]))
    first, second = (
        [(e.step, e.val_loss, e.best_step) for e in run if isinstance(e, Validated | Finished)]
        for run in seen
    )
    assert first == second and len(first) == 150 // 37 + 1 + 1
    assert len(of_kind(Progress, seen[1])) > len(of_kind(Progress, seen[0]))
    for step in (37, 150):
        assert same(sinks[0], sinks[1], step)
        losses = [sink.checkpoints[step].losses for sink in sinks]
        assert losses[0] == losses[1]


def test_where_the_best_checkpoint_is_lost_the_last_is_measured() -> None:
    class Losing(MemorySink):
        def load(self, step: int) -> Checkpoint:
            raise CharloomError(f"The one of step {step} is damaged.")

    # What is held out has nothing to do with what is trained on, so the best comes early.
    text = "abcd" * 300 + "dacb" * 75
    seen = events(small_task(text, steps=200, held_out=0.2, patience=1.0), Losing())
    end = seen[-1]
    assert isinstance(end, Finished) and end.best_step == end.step == 200
    assert end.val_loss is not None and end.best_val_loss is not None
    assert end.best_val_loss < end.val_loss
    assert "instead of the best: The one of step" in of_kind(RunWarning, seen)[-1].message


def test_epochs_bound_a_run() -> None:
    task = small_task(epochs=2)
    seen = events(task)
    assert isinstance(seen[-1], Finished)
    assert seen[-1].step == 2 * ((len(task.train_ids) - 1) // (4 * 16))


def test_minutes_bound_a_run_and_count_what_was_spent_before_it() -> None:
    seen = events(small_task(minutes=0.5), elapsed=28.0)
    assert isinstance(seen[-1], Finished) and isinstance(seen[0], Started)
    assert seen[0].total_steps is None
    assert seen[-1].reason == "completed" and seen[-1].step > 0


def test_a_run_ends_after_its_most_epochs_and_says_so() -> None:
    task = small_task(minutes=10, max_epochs=2)
    seen = events(task)
    assert isinstance(seen[-1], Finished) and seen[-1].reason == "completed"
    assert seen[-1].step == 2 * ((len(task.train_ids) - 1) // (4 * 16))
    assert of_kind(RunWarning, seen)[-1].message == (
        "Ended after 2 passes over the text, with time left: more would memorize it."
    )


def test_the_first_event_has_the_baselines() -> None:
    task = small_task()
    begin = next(train(task, CPU, MemorySink()))
    assert isinstance(begin, Started)
    assert named(begin) == named(task.baselines)


def test_training_that_blows_up_goes_back_at_half_the_rate_and_ends_well() -> None:
    sink = MemorySink()
    seen = events(
        small_task(hidden_size=64, steps=200, learning_rate=1.0, grad_clip=1e4, warmup=0.0), sink
    )
    warnings = of_kind(RunWarning, seen)
    assert warnings and "half the learning rate" in warnings[0].message
    assert isinstance(seen[-1], Finished)
    assert all(math.isfinite(event.loss) for event in of_kind(Progress, seen))
    assert sink.checkpoints


@pytest.mark.parametrize("steps", [200, 230, 260])
def test_training_goes_back_to_well_before_the_loss_began_to_rise(steps: int) -> None:
    # The rate climbs until decay alone blows up the weights, a little more at every step.
    absurd: dict[str, Any] = {
        "learning_rate": 1.0,
        "weight_decay": 10.0,
        "warmup": 0.9,
        "patience": 1.0,
    }
    seen = events(small_task(hidden_size=32, steps=steps, **absurd))
    warnings = [event.message for event in of_kind(RunWarning, seen)]
    assert warnings
    for message in warnings:
        noticed, back = map(int, re.findall(r"step (\d+)", message))
        assert back == 0 or back <= noticed - 50
    end = seen[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step) == ("completed", steps)


def test_a_run_that_no_longer_improves_ends_early() -> None:
    # What is held out has nothing to do with what is trained on, so it can only get worse.
    text = "abcd" * 300 + "dacb" * 75
    seen = events(small_task(text, minutes=0.1, held_out=0.2, patience=0.25))
    end, validated = seen[-1], of_kind(Validated, seen)
    assert isinstance(end, Finished)
    assert end.reason == "no longer improving"
    best = min(validated, key=lambda event: event.val_loss)
    assert (end.best_step, end.best_val_loss) == (best.step, best.val_loss)
    assert end.best_step < end.step and best.val_loss < validated[-1].val_loss


def test_without_held_out_text_nothing_is_validated_and_the_last_is_the_best() -> None:
    sink = MemorySink()
    seen = events(small_task(steps=20, held_out=0.0), sink)
    assert not of_kind(Validated, seen)
    end = seen[-1]
    assert isinstance(end, Finished)
    assert (end.best_step, end.val_loss) == (20, None)


def test_a_short_text_is_memorized_and_generated_again() -> None:
    text = (
        "It was on a dreary night of November that the loom, which had stood idle since "
        "Martinmas, began of its own accord to weave. Nobody in the house had touched it; "
        "and yet, by morning, there lay a letter!"
    )[:200]
    assert len(text) == 200
    sink = MemorySink()
    task = small_task(text, 64, steps=900, held_out=0.0, batch_size=1, window=100, weight_decay=0.0)
    seen = events(task, sink)
    assert of_kind(Progress, seen)[-1].loss < 0.05
    greedy = SamplingConfig(temperature=0)
    completion = Completion(Sampler(NumpyLSTM(sink.checkpoints[900]), text[:10], greedy, 0), 190)
    assert text[:10] + "".join(drawn.character for drawn in completion) == text


def test_a_run_is_measured_on_what_a_validation_counts_at_least_and_keeps_a_fuller_measure(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    task, sink = small_task(WORDS * 60, steps=60, batch_size=1), MemorySink()
    held_out = len(task.held_out_ids) - 1
    first = events(task, sink, next_command=after(30, Command("stop")))[-1]
    monkeypatch.setattr(RunBudget, "evaluated_share", lambda _: 0.01)
    monkeypatch.setattr(validation, "VALIDATION_CHARACTERS", 256)
    stopped = after(0, Command("stop"))  # before it has made another step
    again = events(task, sink, resume=sink.state, next_command=stopped)[-1]
    assert isinstance(first, Finished) and isinstance(again, Finished)
    assert (first.step, first.counted_characters) == (again.step, again.counted_characters)
    assert first.counted_characters == held_out > 256
    assert (first.best_step, first.val_loss) == (again.best_step, again.val_loss)
    kept = sink.checkpoints[first.best_step].losses
    assert (kept.carried, kept.carried_characters) == (first.val_loss, held_out)

    new = MemorySink()
    end = events(task, new)[-1]  # a short measure, where there is no other
    assert isinstance(end, Finished) and end.counted_characters == 256
    losses = new.checkpoints[end.best_step].losses
    assert losses.carried_characters == losses.validation_characters == 256


def test_commands_are_obeyed_while_the_best_checkpoint_is_measured(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(loop, "_REPORT_SECONDS", 0.0)
    task = small_task(WORDS * 600, steps=2, held_out=0.5)
    undisturbed, sink = MemorySink(), MemorySink()
    whole = events(task, undisturbed)
    held_out = len(task.held_out_ids) - 1
    assert of_kind(Evaluating, whole)[-1].counted_characters == held_out > 16 * 256
    assert {event.max_characters for event in of_kind(Evaluating, whole)} == {held_out}

    words = (Command(kind) for kind in ("pause", "checkpoint", "continue", "stop"))
    seen = events(task, sink, next_command=after(8, *words))
    kinds = [type(event) for event in seen]
    after_steps = kinds[kinds.index(Evaluating) :]
    assert after_steps == [
        *[Evaluating] * 6,  # when it begins, after four windows of context, and after one more
        *(CheckpointSaved, Paused, CheckpointSaved, Continued),
        *(CheckpointSaved, Finished),
    ]
    end = seen[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step, end.counted_characters) == ("completed", 2, 16 * 256)
    assert end.standard_error
    assert same(sink, undisturbed, 2)

    at_once = events(task, MemorySink(), next_command=after(3, Command("stop")))
    assert [event.counted_characters for event in of_kind(Evaluating, at_once)] == [0]
    assert of_kind(Finished, at_once)[0].val_loss is None


def test_a_run_that_is_killed_before_its_first_checkpoint_is_resumed_bit_for_bit() -> None:
    def kill() -> None:
        raise KeyboardInterrupt

    task, undisturbed, sink = small_task(steps=20), MemorySink(), MemorySink()
    events(task, undisturbed)
    with pytest.raises(KeyboardInterrupt):
        events(task, sink, next_command=kill)
    assert not sink.checkpoints and sink.state and sink.state[0].step == 0
    events(task, sink, resume=sink.state)
    assert same(sink, undisturbed, 20)


def test_the_minutes_begin_with_the_first_step(monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = time.sleep

    class SlowToStart(CharLSTM):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            sleep(0.7)  # longer than the run

    monkeypatch.setattr(loop, "CharLSTM", SlowToStart)
    end = events(small_task(minutes=0.01))[-1]
    assert isinstance(end, Finished) and end.reason == "completed"
    assert end.step > 1


def test_a_run_without_a_step_has_failed() -> None:
    sink = MemorySink()
    end = events(small_task(minutes=0.01), sink, elapsed=9.0)[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step, end.val_loss) == ("failed", 0, None)
    assert "Give the run more minutes, or a smaller text" in end.message
    assert not sink.checkpoints


def test_the_start_is_the_best_checkpoint_if_training_makes_it_worse() -> None:
    first, sink = MemorySink(), MemorySink()
    events(small_task(steps=120), first)
    task = small_task(steps=3, learning_rate=1.0, warmup=0.0, patience=1.0)
    start = first.checkpoints[120].tensors
    *_, end = events(replace(task, start=start), sink)
    assert isinstance(end, Finished) and (end.step, end.best_step) == (3, 0)
    losses = sink.checkpoints[0].losses
    assert losses.carried == end.val_loss and losses.validation == end.best_val_loss
    for name, weights in start.items():
        assert (sink.checkpoints[0].tensors[name] == weights).all()
