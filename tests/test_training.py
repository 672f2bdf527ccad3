import itertools
import math
import pickle
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core import baselines, checkpoint, resume, schedule, training
from core.calibration import Machine
from core.card import CorpusCard
from core.checkpoint import Checkpoint
from core.draft import Draft
from core.errors import CharloomError
from core.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    Progress,
    RateChanged,
    Sample,
    Started,
    Validated,
    Warned,
)
from core.learner import Learner, Snapshot
from core.lstm import LSTM
from core.model import CharLSTM
from core.orders import Order
from core.sampling import Settings
from core.schedule import learning_rate
from core.settings import ModelSettings, TrainSettings
from core.training import Lesson, Standing, train
from core.vocab import Vocab
from core.windows import split
from tests.makers import random_checkpoint

CPU = Machine(torch.device("cpu"), "float32", threads=1)
WORDS = "the wind was low and the loom was still; nobody spoke of the letter. "


class Memory:
    """Keeps what a real keeper would, so that a test can look at it."""

    def __init__(self) -> None:
        self.checkpoints: dict[int, Checkpoint] = {}
        self.state: tuple[Snapshot, Standing] | None = None

    def save(self, checkpoint: Checkpoint) -> str:
        self.checkpoints[checkpoint.step] = checkpoint
        return f"{checkpoint.step}"

    def load(self, step: int) -> Checkpoint:
        return self.checkpoints[step]

    def save_state(self, snapshot: Snapshot, standing: Standing) -> None:
        self.state = snapshot, replace(standing)


@pytest.fixture(autouse=True)
def torch_as_it_was() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)
    torch.set_flush_denormal(False)
    torch.set_flush_denormal(False)


def lesson(text: str = WORDS * 20, hidden: int = 12, **training: Any) -> Lesson:
    vocab = Vocab.from_text(text)
    model = ModelSettings(len(vocab), embedding=8, hidden=hidden)
    card = CorpusCard("words", "0" * 64, len(text), text[:20])
    settings: dict[str, Any] = {"batch": 4, "window": 16, "rate": 0.01} | training
    return Lesson(text, vocab, card, model, TrainSettings(**settings))


def events(taught: Lesson, keeper: Memory | None = None, **more: Any) -> list[Event]:
    return list(train(taught, CPU, keeper or Memory(), **more))


def after(steps: int, *then: Order | None) -> Callable[[], Order | None]:
    """Say nothing for so many steps, and ``then`` one after the other."""
    said = itertools.chain(itertools.repeat(None, steps), then, itertools.repeat(None))
    return lambda: next(said)


def of_kind(kind: type, seen: list[Event]) -> list[Any]:
    return [event for event in seen if isinstance(event, kind)]


def test_a_run_tells_its_story_from_started_to_finished() -> None:
    keeper = Memory()
    seen = events(lesson(steps=120), keeper)
    assert isinstance(seen[0], Started) and isinstance(seen[-1], Finished)
    assert seen[0].total_steps == 120
    assert {Progress, Validated, Sample, CheckpointSaved} <= {type(event) for event in seen}
    steps = [event.step for event in of_kind(Progress, seen)]
    assert steps == sorted(steps)
    end = seen[-1]
    assert (end.step, end.reason) == (120, "completed")
    assert end.val_loss is not None and end.val_loss < math.log(len(lesson().vocab))
    assert end.val_bits_per_char == pytest.approx(end.val_loss / math.log(2))


def test_the_best_checkpoint_is_the_one_with_the_lowest_validation() -> None:
    keeper = Memory()
    seen = events(lesson(steps=150), keeper)
    validated = {event.step: event.val_loss for event in of_kind(Validated, seen)}
    end = seen[-1]
    assert isinstance(end, Finished)
    assert end.best_val_loss == min(validated.values())
    assert validated[end.best_step] == end.best_val_loss
    best = keeper.checkpoints[end.best_step]
    assert best.losses.validation == end.best_val_loss
    assert best.losses.carried == end.val_loss
    assert best.losses.windowed_256 == end.val_windowed_256


def test_every_step_is_in_a_report_and_the_last_report_is_of_the_end() -> None:
    keeper = Memory()
    taught = lesson(steps=20, warmup=0.5)
    (report,) = of_kind(Progress, events(taught, keeper))  # the run is shorter than a report's time
    torch.manual_seed(taught.training.seed)
    ids, _ = split(taught.vocab.encode(taught.text), 0.1)
    learner = Learner(CharLSTM(taught.model), ids, taught.training, "float32")
    rates = [learning_rate(taught.training, step / 20) for step in range(20)]
    losses = [float(learner.step(rate).loss) for rate in rates]
    assert (report.step, report.fraction, report.lr) == (20, 1.0, rates[-1])
    assert report.loss == pytest.approx(math.fsum(losses) / 20)
    assert keeper.checkpoints[20].losses.train == report.loss


def test_epochs_bound_a_run() -> None:
    taught = lesson(epochs=2)
    seen = events(taught)
    assert isinstance(seen[-1], Finished)
    train_characters = len(taught.text) - int(len(taught.text) * 0.1)
    assert seen[-1].step == 2 * ((train_characters - 1) // (4 * 16))


def test_minutes_bound_a_run_and_count_what_was_spent_before_it() -> None:
    seen = events(lesson(minutes=0.5), spent=28.0)
    assert isinstance(seen[-1], Finished) and isinstance(seen[0], Started)
    assert seen[0].total_steps is None
    assert seen[-1].reason == "completed" and seen[-1].step > 0


def test_a_run_that_is_told_to_stop_saves_at_that_step_and_says_so() -> None:
    keeper = Memory()
    seen = events(lesson(steps=1_000), keeper, orders=after(7, Order("stop")))
    end = seen[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step) == ("stopped", 7)
    assert 7 in keeper.checkpoints
    assert keeper.state is not None and keeper.state[0].step == 7


@pytest.mark.parametrize("order", ["contiguous", "shuffled"])
def test_a_resumed_run_ends_bit_for_bit_where_an_undisturbed_one_does(
    order: str, tmp_path: Path
) -> None:
    taught = lesson(steps=60, order=order)
    taught = replace(taught, model=replace(taught.model, dropout=0.3, layers=2))
    whole, parted = Memory(), Memory()
    events(taught, whole)
    for pause in (13, 31):
        state = None
        if parted.state:
            resume.write_state(tmp_path / "state", *parted.state)
            state = resume.read_state(tmp_path / "state")
        stop = after(pause - (state[0].step if state else 0), Order("stop"))
        events(taught, parted, resume=state, orders=stop)
        assert parted.state is not None and parted.state[0].step == pause
    events(taught, parted, resume=parted.state)
    for name, tensor in whole.checkpoints[60].tensors.items():
        assert (parted.checkpoints[60].tensors[name] == tensor).all()


PAUSE: tuple[Order | None, ...] = (
    *(Order("pause"), None, Order("pause"), Order("checkpoint"), None),
    *(Order("continue"), Order("continue")),
)


def same(one: Memory, other: Memory, step: int) -> bool:
    pairs = zip(
        one.checkpoints[step].tensors.values(),
        other.checkpoints[step].tensors.values(),
        strict=True,
    )
    return all((mine == its).all() for mine, its in pairs)


def test_a_run_that_was_paused_ends_bit_for_bit_where_an_undisturbed_one_does() -> None:
    taught = lesson(steps=60)
    taught = replace(taught, model=replace(taught.model, dropout=0.3, layers=2))
    whole, paused = Memory(), Memory()
    events(taught, whole)
    seen = events(taught, paused, orders=after(33, *PAUSE))
    assert same(whole, paused, 60)
    pauses = [type(e) for e in seen if not isinstance(e, Progress | Sample | Validated)]
    assert pauses[1:5] == [CheckpointSaved, Paused, CheckpointSaved, Continued]
    assert of_kind(Paused, seen) == [Paused(33)] and of_kind(Continued, seen) == [Continued(33)]
    assert paused.checkpoints[33].step == 33


def test_a_run_that_is_stopped_in_a_pause_goes_on_bit_for_bit() -> None:
    taught, whole, parted = lesson(steps=60), Memory(), Memory()
    events(taught, whole)
    seen = events(taught, parted, orders=after(20, *PAUSE[:-2], Order("stop")))
    end = seen[-1]
    assert isinstance(end, Finished) and (end.reason, end.step) == ("stopped", 20)
    assert not of_kind(Continued, seen)
    events(taught, parted, resume=parted.state)
    assert same(whole, parted, 60)


class Clock:
    """A clock that goes on a little whenever it is looked at, and by 1,000 seconds in a sleep."""

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
    made = Clock()
    monkeypatch.setattr(schedule, "time", made)
    monkeypatch.setattr(training, "time", made)
    return made


def test_a_pause_takes_none_of_the_run_s_time(clock: Clock) -> None:
    keeper = Memory()
    seen = events(lesson(minutes=0.1), keeper, orders=after(20, *PAUSE))
    end = seen[-1]
    assert isinstance(end, Finished) and clock.slept == 2
    assert end.reason == "completed" and end.step > 40
    assert keeper.state is not None
    reports = of_kind(Progress, seen)
    assert len(reports) > 4 and min(report.chars_per_second for report in reports) > 1
    times = [report.elapsed_seconds + report.eta_seconds for report in reports]
    assert max(end.elapsed_seconds, keeper.state[1].elapsed, *times) < 1_000


def test_a_checkpoint_that_was_ordered_is_of_that_step() -> None:
    keeper = Memory()
    seen = events(lesson(steps=30), keeper, orders=after(7, Order("checkpoint")))
    assert keeper.checkpoints.keys() == {7, 30}
    loss = keeper.checkpoints[7].losses.train
    assert loss is not None and loss < math.log(len(lesson().vocab))
    assert next(event.step for event in of_kind(CheckpointSaved, seen)) == 7


def test_a_checkpoint_that_is_saved_again_keeps_its_validation(clock: Clock) -> None:
    keeper, waiting = Memory(), deque[Order]()
    run = train(
        lesson(minutes=0.1), CPU, keeper, orders=lambda: waiting.popleft() if waiting else None
    )
    best = next(event for event in run if isinstance(event, Validated))
    waiting.extend([Order("pause"), Order("checkpoint"), Order("stop")])
    saved = list(itertools.takewhile(lambda event: not isinstance(event, Validated), run))
    assert [event.step for event in of_kind(CheckpointSaved, saved)] == [best.step] * 3
    assert keeper.checkpoints[best.step].losses.validation == best.val_loss


def rates(seen: list[Event]) -> list[float]:
    return [event.lr for event in of_kind(Progress, seen)]


def test_a_rate_that_is_set_holds_from_the_next_step_on_and_is_kept() -> None:
    taught, keeper = lesson(steps=60, warmup=0.0, final_rate=0.1), Memory()
    report = Order("checkpoint")  # brings a report of the step before it
    said = after(30, Order("set-lr", 0.5), None, report, None, Order("stop"))
    seen = events(taught, keeper, orders=said)
    assert of_kind(RateChanged, seen) == [RateChanged(30, 0.5)]
    assert rates(seen)[0] == pytest.approx(0.5)
    shape = learning_rate(taught.training, 31 / 60) / learning_rate(taught.training, 30 / 60)
    assert rates(seen)[1] == pytest.approx(0.5 * shape)
    assert keeper.state is not None and keeper.state[0].step == 32
    again = events(taught, keeper, resume=keeper.state, orders=after(1, report))
    shape = learning_rate(taught.training, 32 / 60) / learning_rate(taught.training, 30 / 60)
    assert rates(again)[0] == pytest.approx(0.5 * shape)


def test_a_rate_that_is_set_in_the_warm_up_or_in_a_pause_counts_from_there() -> None:
    taught = lesson(steps=60, warmup=0.5)
    said = after(3, Order("pause"), Order("set-lr", 0.2), Order("continue"), None, Order("stop"))
    seen = events(taught, orders=said)
    kinds = [type(e) for e in seen if isinstance(e, Paused | RateChanged | Continued)]
    assert kinds == [Paused, RateChanged, Continued]
    assert rates(seen)[-1] == pytest.approx(0.2 * (3 / 60) / 0.5)


def test_what_a_loss_is_measured_against_is_told_at_the_start() -> None:
    taught = lesson()
    begin = next(train(taught, CPU, Memory()))
    ids = taught.vocab.encode(taught.text)
    cut = len(ids) - int(len(ids) * 0.1)
    assert isinstance(begin, Started)
    assert begin.uniform == pytest.approx(math.log(len(taught.vocab)))
    assert begin.bigram == baselines.bigram(ids[:cut], ids[cut:], len(taught.vocab))
    nothing = next(train(lesson(held_out=0.0), CPU, Memory()))
    assert isinstance(nothing, Started) and nothing.bigram is None


def test_a_state_that_is_damaged_or_missing_is_refused_in_a_sentence(tmp_path: Path) -> None:
    keeper, path = Memory(), tmp_path / "resume.safetensors"
    events(lesson(steps=2), keeper)
    assert keeper.state
    resume.write_state(path, *keeper.state)
    whole = path.read_bytes()
    other = checkpoint.to_bytes(random_checkpoint())
    for wrong in (b"", whole[:-100], b"{" + whole[1:], pickle.dumps({"weights": 1}), other):
        path.write_bytes(wrong)
        with pytest.raises(CharloomError, match=r"missing or damaged in 'resume.safetensors'.*\.$"):
            resume.read_state(path)
    path.unlink()
    with pytest.raises(CharloomError, match="missing or damaged"):
        resume.read_state(path)
    with pytest.raises(CharloomError, match="cannot be written"):
        resume.write_state(tmp_path / "nowhere" / "state", *keeper.state)


def test_training_that_blows_up_goes_back_at_half_the_rate_and_ends_well() -> None:
    keeper = Memory()
    seen = events(lesson(hidden=64, steps=200, rate=1.0, clip=1e4, warmup=0.0), keeper)
    warnings = of_kind(Warned, seen)
    assert warnings and "half the learning rate" in warnings[0].message
    assert isinstance(seen[-1], Finished)
    assert all(math.isfinite(event.loss) for event in of_kind(Progress, seen))
    assert keeper.checkpoints


@pytest.mark.parametrize("steps", [200, 230, 260])
def test_training_goes_back_to_well_before_the_loss_began_to_rise(steps: int) -> None:
    # The rate climbs until decay alone blows up the weights, a little more at every step.
    absurd: dict[str, Any] = {"rate": 1.0, "weight_decay": 10.0, "warmup": 0.9, "patience": 1.0}
    seen = events(lesson(hidden=32, steps=steps, **absurd))
    warnings = [event.message for event in of_kind(Warned, seen)]
    assert warnings
    for message in warnings:
        noticed, back = map(int, re.findall(r"step (\d+)", message))
        assert back == 0 or back <= noticed - 50
    end = seen[-1]
    assert isinstance(end, Finished)
    assert (end.reason, end.step) == ("completed", steps)


def test_a_run_that_no_longer_improves_ends_early() -> None:
    # What is held out has nothing to do with what is learned, so it can only get worse.
    text = "abcd" * 300 + "dacb" * 75
    seen = events(lesson(text, minutes=0.1, held_out=0.2, patience=0.25))
    end, validated = seen[-1], of_kind(Validated, seen)
    assert isinstance(end, Finished)
    assert end.reason == "no longer improving"
    best = min(validated, key=lambda event: event.val_loss)
    assert (end.best_step, end.best_val_loss) == (best.step, best.val_loss)
    assert end.best_step < end.step and best.val_loss < validated[-1].val_loss


def test_without_held_out_text_nothing_is_validated_and_the_last_is_the_best() -> None:
    keeper = Memory()
    seen = events(lesson(steps=20, held_out=0.0), keeper)
    assert not of_kind(Validated, seen)
    end = seen[-1]
    assert isinstance(end, Finished)
    assert (end.best_step, end.val_loss) == (20, None)


def test_a_short_text_is_learned_by_heart_and_written_again() -> None:
    text = (
        "It was on a dreary night of November that the loom, which had stood idle since "
        "Martinmas, began of its own accord to weave. Nobody in the house had touched it; "
        "and yet, by morning, there lay a letter!"
    )[:200]
    assert len(text) == 200
    keeper = Memory()
    taught = lesson(text, 64, steps=900, held_out=0.0, batch=1, window=100, weight_decay=0.0)
    seen = events(taught, keeper)
    assert of_kind(Progress, seen)[-1].loss < 0.05
    greedy = Settings(temperature=0)
    written = Draft(LSTM(keeper.checkpoints[900]), text[:10], greedy, seed=0, length=190)
    assert text[:10] + "".join(drawn.character for drawn in written) == text
