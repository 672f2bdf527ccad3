import pickle
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from charloom.core.errors import CharloomError, StorageError
from charloom.core.model import checkpoint
from charloom.core.model.metadata import Losses
from charloom.core.runs.commands import Command
from charloom.core.runs.events import Finished, Progress, Started, Validated
from charloom.core.training import resume
from charloom.core.training.loop import train
from tests.helpers.factories import random_checkpoint
from tests.helpers.training_tasks import CPU, MemorySink, after, events, of_kind, same, small_task

pytestmark = pytest.mark.usefixtures("torch_as_it_was")


@pytest.mark.parametrize("order", ["contiguous", "shuffled"])
def test_a_resumed_run_ends_bit_for_bit_where_an_undisturbed_one_does(
    order: str, tmp_path: Path
) -> None:
    task = small_task(steps=60, batching=order)
    task = replace(task, model_config=replace(task.model_config, dropout=0.3, layers=2))
    whole, parted = MemorySink(), MemorySink()
    undisturbed = events(task, whole)
    seen = []
    for pause in (13, 31, 45, 52):
        state = None
        if parted.state:
            resume.write_state(tmp_path / "state", *parted.state)
            state = resume.read_state(tmp_path / "state", task.model_config)
        stop = after(pause - (state[0].step if state else 0), Command("stop"))
        seen += events(task, parted, resume=state, next_command=stop)
        assert parted.state is not None and parted.state[0].step == pause
    seen += events(task, parted, resume=parted.state)
    assert same(whole, parted, 60)
    assert of_kind(Validated, seen) == [
        replace(expected, seconds=event.seconds)
        for expected, event in zip(
            of_kind(Validated, undisturbed), of_kind(Validated, seen), strict=True
        )
    ]
    expected, end = undisturbed[-1], seen[-1]
    assert isinstance(expected, Finished) and isinstance(end, Finished)
    assert expected == replace(end, elapsed_seconds=expected.elapsed_seconds)
    assert whole.checkpoints[60].losses == parted.checkpoints[60].losses


def test_the_file_may_be_changed_and_replaced_once_it_is_read(tmp_path: Path) -> None:
    path, task, sink = tmp_path / "state", small_task(steps=2), MemorySink()
    list(train(task, CPU, sink))
    assert sink.state
    resume.write_state(path, *sink.state)
    snapshot, _ = resume.read_state(path, task.model_config)
    with path.open("r+b") as file:  # a tensor that is still mapped changes with its file
        file.write(bytes(path.stat().st_size))
    for part in ("weights", "moments"):
        written, read = getattr(sink.state[0], part), getattr(snapshot, part)
        assert all((written[name] == read[name]).all() for name in written)


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_what_is_kept_comes_back_as_it_was(precision: str, tmp_path: Path) -> None:
    task, sink = small_task(steps=60), MemorySink()
    list(train(task, replace(CPU, precision=precision), sink))
    assert sink.state and sink.state[1].detector and len(sink.state[1].detector.recent) == 50
    resume.write_state(tmp_path / "state", *sink.state)
    snapshot, state = resume.read_state(tmp_path / "state", task.model_config)
    assert state == sink.state[1]
    assert snapshot.step == sink.state[0].step == 60
    for part in ("weights", "moments"):
        kept, read = getattr(sink.state[0], part), getattr(snapshot, part)
        assert kept.keys() == read.keys() and all((kept[n] == read[n]).all() for n in kept)
    pairs = zip(sink.state[0].carried, snapshot.carried, strict=True)
    assert all((left == right).all() for left, right in pairs)


def test_a_run_goes_on_from_a_checkpoint_alone_and_its_loss_goes_on_from_where_it_was() -> None:
    task, sink = small_task(steps=400), MemorySink()
    events(task, sink, next_command=after(300, Command("stop")))
    newest = sink.checkpoints[300]
    state = resume.from_checkpoint(newest, newest, elapsed=7.0, fraction=0.75)
    checkpoint_soon = after(20, Command("checkpoint"))
    seen = events(task, sink, resume=state, next_command=checkpoint_soon, elapsed=7.0)
    begin, end = seen[0], seen[-1]
    assert isinstance(begin, Started) and begin.step == 300
    assert isinstance(end, Finished) and end.step == 400 and end.elapsed_seconds > 7
    before = sink.checkpoints[300].losses.train
    assert before is not None and before < 2
    assert of_kind(Progress, seen)[0].loss < before + 0.3


def test_a_run_that_goes_on_from_a_checkpoint_alone_knows_its_best_one() -> None:
    task, sink = small_task(steps=400), MemorySink()
    events(task, sink, next_command=after(300, Command("stop")))
    best = replace(sink.checkpoints[300], step=200, losses=Losses(validation=0.001))
    sink.save(best)  # better than any that is to come
    state = resume.from_checkpoint(sink.checkpoints[300], best, elapsed=7.0, fraction=0.75)
    assert state[1].best_fraction == 0.5
    seen = events(task, sink, resume=state, elapsed=7.0)
    assert {event.best_step for event in of_kind(Validated, seen)} == {200}
    end = seen[-1]
    assert isinstance(end, Finished) and (end.best_step, end.best_val_loss) == (200, 0.001)


def test_a_state_from_a_gpu_is_gone_on_with_on_a_cpu() -> None:
    task, sink = small_task(steps=60), MemorySink()
    events(task, sink, next_command=after(20, Command("stop")))
    assert sink.state
    snapshot, state = sink.state
    moments = {  # where the fused optimizer counts its steps on the device
        name: value.to(torch.float32) for name, value in snapshot.moments.items()
    }
    there = replace(snapshot, moments=moments)
    events(task, sink, resume=(there, state))
    whole = MemorySink()
    events(task, whole)
    assert same(whole, sink, 60)


def test_a_state_that_is_damaged_or_missing_is_refused_in_a_sentence(tmp_path: Path) -> None:
    sink, path, task = MemorySink(), tmp_path / "resume.safetensors", small_task(steps=2)
    events(task, sink)
    assert sink.state
    resume.write_state(path, *sink.state)
    whole = path.read_bytes()
    other = checkpoint.to_bytes(random_checkpoint())
    flipped = whole[:-1] + bytes([whole[-1] ^ 1])
    for wrong in (b"", whole[:-100], b"{" + whole[1:], flipped, pickle.dumps({"w": 1}), other):
        path.write_bytes(wrong)
        with pytest.raises(CharloomError, match=r"'resume.safetensors', is missing or damaged\.$"):
            resume.read_state(path, task.model_config)
    path.write_bytes(whole)
    with pytest.raises(CharloomError, match="missing or damaged"):
        resume.read_state(path, small_task(steps=2, hidden_size=13).model_config)
    path.unlink()
    with pytest.raises(CharloomError, match="missing or damaged"):
        resume.read_state(path, task.model_config)
    with pytest.raises(StorageError, match="cannot be written"):
        resume.write_state(tmp_path / "nowhere" / "state", *sink.state)
