"""The files of a run, and how it is resumed when some of them are lost."""

import shutil
import time
from dataclasses import replace
from itertools import takewhile
from typing import Any

import pytest

from charloom.core import paths
from charloom.core.data import corpus
from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command, send_command
from charloom.core.runs.events import (
    CheckpointSaved,
    Event,
    Finished,
    Paused,
    Progress,
    RunWarning,
    Started,
    Validated,
)
from charloom.core.runs.monitor import is_training
from charloom.core.runs.run import create_run, write_run_config
from charloom.core.runs.trainer import TrainerProcess, launch_trainer
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import bundled_names, find_model, load_checkpoint, model_names
from charloom.core.training import resume
from charloom.core.training.autotune import usable_cores
from charloom.core.training.loop import train
from charloom.core.training.prepare import prepare
from charloom.core.training.session import CheckpointWriter, resolve
from tests.helpers.child_process import TEXT
from tests.helpers.factories import assert_equal, at_step, checkpoint_path, damage, ref
from tests.helpers.small_models import SMALL, create, endless
from tests.helpers.training_tasks import CPU, after, small_task

pytestmark = pytest.mark.usefixtures("torch_as_it_was")


@pytest.fixture
def killed() -> ModelDir:
    """A run whose trainer was killed after its second checkpoint."""
    folder = endless()
    training = TrainerProcess(folder)
    saved = 0
    for event in training.events():
        saved += isinstance(event, CheckpointSaved)
        if saved == 2:
            training._process.kill()
            training._process.wait()
            break
    return folder


def resumed(folder: ModelDir) -> list[Event]:
    """Resume a run, stop it at once, and return its events."""
    training = TrainerProcess(folder, resume=True)
    seen: list[Event] = []
    for event in training.events():
        if isinstance(event, Started):
            training.stop()
        seen.append(event)
    return seen


def warnings(seen: list[Event]) -> str:
    return " ".join(event.message for event in seen if isinstance(event, RunWarning))


@pytest.mark.parametrize("fate", ["damaged", "lost"])
def test_a_run_whose_state_is_lost_goes_on_from_its_newest_checkpoint(
    fate: str, killed: ModelDir
) -> None:
    state = killed.resume_state
    damage(state) if fate == "damaged" else state.unlink()
    newest = load_checkpoint(ref("small@last")).checkpoint.step
    seen = resumed(killed)
    assert isinstance(seen[0], Started) and seen[0].step == newest
    assert f"Resumed from its checkpoint @{newest}, not bit for bit." in warnings(seen)
    assert isinstance(seen[-1], Finished) and seen[-1].reason == "stopped"
    assert seen[-1].elapsed_seconds > 0


def test_a_run_whose_newest_checkpoint_is_damaged_goes_on_bit_for_bit_and_tells_of_it(
    killed: ModelDir,
) -> None:
    steps = [checkpoint.step for checkpoint in find_model("small").checkpoints]
    damage(checkpoint_path("small@last"))
    seen = resumed(killed)
    assert isinstance(seen[0], Started) and seen[0].step == steps[-1]
    assert f"small@{steps[-1]} is damaged and set aside; @{steps[-2]} is used" in warnings(seen)


def test_a_run_that_was_killed_before_it_had_saved_anything_starts_over() -> None:
    folder = endless()
    process = launch_trainer(folder)
    while not is_training(folder):
        time.sleep(0.01)
    process.kill()
    process.wait()
    seen = resumed(folder)
    assert isinstance(seen[0], Started) and seen[0].step == 0 and not warnings(seen)


@pytest.mark.parametrize("paused", [False, True])
def test_a_run_whose_folder_is_deleted_ends_and_does_not_recreate_it(paused: bool) -> None:
    folder = endless()
    training = TrainerProcess(folder)
    for event in training.events():
        if isinstance(event, Started) and paused:
            send_command(folder, Command("pause"))
        elif isinstance(event, Progress if not paused else Paused):
            break
    # In one go: what is deleted file by file may get another file in the meantime.
    shutil.rmtree(folder.path.rename(paths.home() / "deleted"))
    assert training._process.wait() == 1
    assert not folder.path.exists() and model_names() == bundled_names()


@pytest.mark.parametrize("overrides", [{}, {"precision": "float32", "threads": 64}])
def test_a_run_from_another_machine_goes_on_as_suits_this_one(overrides: dict[str, Any]) -> None:
    settings = {
        name: value for name, value in SMALL.items() if name not in ("threads", "precision")
    }
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    folder = create_run("moved", text, "small", settings | overrides | {"steps": 9}, min_count=0)
    here, _, compute = resolve(*prepare(folder))
    write_run_config(folder, here)
    again, _, _ = resolve(*prepare(folder))
    assert again == here and here.training and here.device == compute.device.type
    there = replace(here, device="cuda", training=replace(here.training, threads=64))
    write_run_config(folder, there)
    moved, task, compute = resolve(*prepare(folder))
    assert moved.training == task.train_config and moved.device == compute.device.type
    assert task.train_config.threads == compute.threads
    assert compute.threads == min(usable_cores(), overrides.get("threads", compute.threads))
    assert ("64 threads are more than" in " ".join(here.training_notes)) == bool(overrides)
    assert task.train_config.precision == overrides.get("precision", compute.precision)


def test_a_better_checkpoint_of_the_same_step_stays() -> None:
    sink = CheckpointWriter(create())
    for kept, other in ((at_step(5, 1.5), at_step(5, seed=1)), (at_step(5, 1.5), at_step(5, 1.6))):
        assert sink.save(kept) == sink.save(other) == "step-00000005.safetensors"
        assert_equal(sink.load(5), kept)
    better = at_step(5, 1.4, seed=2)
    sink.save(better)
    assert_equal(sink.load(5), better)
    damage(checkpoint_path("small@5"))
    sink.save(at_step(5))
    assert_equal(sink.load(5), at_step(5))


def test_a_trainer_that_cannot_take_its_lock_says_so() -> None:
    folder = create()
    folder.lock.mkdir()
    with pytest.raises(CharloomError, match=r"lock of 'small' cannot be taken|exit 1"):
        for event in TrainerProcess(folder).events():
            assert isinstance(event, Finished) and "cannot be taken" in event.message
            raise CharloomError(event.message)
    send_command(folder, Command("stop"))


def test_what_a_run_that_was_killed_and_stopped_at_its_best_step_came_to_is_kept() -> None:
    folder, task = create(), small_task(steps=60)
    sink = CheckpointWriter(folder)
    killed = train(task, CPU, sink)
    (validated,) = (event for event in takewhile(not_saved, killed) if isinstance(event, Validated))
    state = resume.read_state(folder.resume_state, task.model_config)
    *_, end = train(task, CPU, sink, next_command=after(0, Command("stop")), resume=state)
    assert isinstance(end, Finished) and end.best_step == end.step == validated.step
    losses = sink.load(end.step).losses
    assert losses.validation == validated.val_loss == end.best_val_loss
    assert losses.carried is not None and losses.carried == end.val_loss


def not_saved(event: Event) -> bool:
    return not isinstance(event, CheckpointSaved)
