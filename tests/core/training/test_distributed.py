"""Runs of several processes, as a user starts them."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest

from charloom.core.errors import SettingError
from charloom.core.runs.events import CheckpointSaved, Event, Finished, RunWarning, Started
from charloom.core.runs.monitor import RunMonitor, RunStatus, is_training
from charloom.core.runs.presets import validate_overrides
from charloom.core.runs.trainer import EventReader, TrainerProcess, launch_trainer
from charloom.core.store.read import load_checkpoint
from charloom.core.training.prepare import prepare
from tests.helpers.factories import ref
from tests.helpers.marks import needs_posix
from tests.helpers.ranks import other_ranks
from tests.helpers.small_models import create, endless
from tests.helpers.training_tasks import MemorySink, events

pytestmark = pytest.mark.usefixtures("torch_as_it_was")


@needs_posix("pgrep")
def test_a_run_ends_with_its_last_checkpoint_when_a_process_is_killed() -> None:
    folder = create(steps=1_000_000, checkpoint_seconds=0.2, patience=1.0, processes=2)
    reader = EventReader(folder)
    leader = launch_trainer(folder)
    seen: list[Event] = []
    for event in reader.events(lambda: leader.poll() is None):
        if isinstance(event, CheckpointSaved) and not any(
            isinstance(earlier, CheckpointSaved) for earlier in seen
        ):
            others = other_ranks(leader.pid)
            os.kill(others[0], signal.SIGKILL)
        seen.append(event)
    end = seen[-1]
    assert isinstance(end, Finished) and end.reason == "failed"
    assert end.message.startswith("Process 2 of 2 was killed (signal 9)")
    leader.wait()
    for other in others:
        with pytest.raises(ProcessLookupError):
            os.kill(other, 0)
    step = load_checkpoint(ref("small@last")).checkpoint.step
    assert step > 0

    run = RunMonitor(folder)
    run.refresh()
    assert run.status is RunStatus.FAILED
    trainer = TrainerProcess(folder, resume=True, processes=1)
    resumed = []
    for event in trainer.events():
        if isinstance(event, Started):
            trainer.stop()
        resumed.append(event)
    begin, end = resumed[0], resumed[-1]
    assert isinstance(begin, Started) and begin.step == step and begin.training["processes"] == 1
    assert isinstance(end, Finished) and end.reason == "stopped"
    messages = [event.message for event in resumed if isinstance(event, RunWarning)]
    assert "Resumed with 1 process: not bit for bit." in messages


@needs_posix("SIGKILL")
def test_the_other_processes_end_with_their_leader() -> None:
    folder = endless()
    reader = EventReader(folder)
    leader = launch_trainer(folder, processes=2)
    for event in reader.events(lambda: leader.poll() is None):
        if isinstance(event, Started):
            others = other_ranks(leader.pid)
            leader.kill()
    leader.wait()
    assert others
    while subprocess.run(["pgrep", "-f", f"worker {folder.path}$"], check=False).returncode == 0:
        time.sleep(0.1)
    assert not is_training(folder)


def test_torchrun_trains_a_run_that_one_process_would_train_alike() -> None:
    folder = create(steps=40, dropout=0.2)
    worker = ["-m", "charloom.core.training.worker", str(folder.path)]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2", *worker]
    with subprocess.Popen(torchrun, stderr=subprocess.PIPE, text=True) as process:
        alone, (_, task) = MemorySink(), prepare(folder)
        events(task, alone)
        errors = process.communicate()[1]
    assert process.returncode == 0, errors
    run = RunMonitor(folder)
    run.refresh()
    assert run.status is RunStatus.COMPLETED
    assert run.started and run.started.training["processes"] == 2
    tensors = load_checkpoint(ref("small@40")).checkpoint.tensors
    for name, expected in alone.checkpoints[40].tensors.items():
        np.testing.assert_allclose(tensors[name], expected, atol=1e-5)


def test_a_batch_has_a_lane_for_every_process() -> None:
    with pytest.raises(SettingError, match="cannot be more than the batch, 4"):
        validate_overrides("small", {"batch_size": 4, "processes": 5})
    with pytest.raises(SettingError, match="cannot be more than the batch, 4"):
        prepare(create(), processes=5)
