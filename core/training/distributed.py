"""Start and connect the processes of a run, the ranks of :mod:`core.training.ranks`.

On one machine the leader starts the others, and a file in the run's folder is their rendezvous. On
several machines ``torchrun`` starts all of them, and its environment variables say where they meet.
Every process needs the run's folder, for the text.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
import torch.distributed as dist

from charloom.core.child_process import exit_description, start_module
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.store.model_dir import ModelDir
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.prepare import read_train_ids
from charloom.core.training.ranks import ALONE, Action, RankLostError, Ranks, broadcast_bytes
from charloom.core.training.step import Stepper, TrainState, memory_for_training
from charloom.core.training.task import TrainingTask

_LOCAL = "CHARLOOM_LOCAL_RANK"  # set for the ranks that a leader started
_LOOPBACK = {"linux": "lo", "darwin": "lo0"}  # a run on one machine is not open to others
_POLL_SECONDS = 0.05
_EXIT_SECONDS = 5.0  # for all others to end after one of them has


@contextmanager
def connected_ranks(
    folder: ModelDir, task: TrainingTask, compute: ComputeConfig
) -> Iterator[Ranks]:
    """Start the other ranks of a run, unless torchrun did, and end them after the block.

    Raises :class:`CharloomError` when one is lost.
    """
    config = task.train_config
    if config.processes == 1:
        yield ALONE
        return
    others: list[subprocess.Popen[bytes]] = []
    ranks = ALONE
    try:
        if "RANK" not in os.environ:
            others += _start_others(folder, config.processes)
        control = _connect(folder, others)
        hello = {
            "model": task.model_config.to_json(),
            "training": config.to_json(),
            "device": compute.device.type,
            "precision": compute.precision,
            "threads": compute.threads,
        }
        broadcast_bytes(control, json.dumps(hello).encode())
        ranks = Ranks(config, control, _data_group(control, compute.device))
        yield ranks
    except RankLostError as error:
        raise CharloomError(_lost_message(others)) from error
    finally:
        with suppress(RankLostError):
            ranks.announce(Action.END)
        _end(others)
        folder.rendezvous.unlink(missing_ok=True)


def follow(folder: ModelDir) -> None:
    """Train as a rank that is not the leader, until the leader ends the run.

    Raises :class:`RankLostError` when the leader is gone.
    """
    if _LOCAL in os.environ:
        threading.Thread(target=_exit_with_leader, daemon=True).start()
    control = _connect(folder, [])
    hello: dict[str, Any] = json.loads(broadcast_bytes(control))
    config = TrainConfig.from_json(hello["training"])
    device = torch.device(hello["device"])
    if device.type == "cuda":
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    torch.set_flush_denormal(True)
    torch.set_num_threads(hello["threads"])
    model_config = ModelConfig.from_json(hello["model"])
    with memory_for_training(model_config, config):
        ids = torch.from_numpy(read_train_ids(folder, config)).to(device)
        network = CharLSTM(model_config).to(device)
        ranks = Ranks(config, control, _data_group(control, device))
        follow_leader(ranks, Stepper(network, ids, config, hello["precision"], ranks))


def follow_leader(ranks: Ranks, stepper: Stepper) -> None:
    """Do with ``stepper`` what the leader announces, until the end."""
    while True:
        action, value, tensors = ranks.announced()
        if action is Action.STEP:
            stepper.step(value)
        elif action is Action.CAPTURE:
            stepper.capture()
        elif action is Action.RESTORE:
            stepper.restore(TrainState.from_tensors(int(value), tensors))
        elif action is Action.END:
            return


def _start_others(folder: ModelDir, size: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start all ranks but the leader, which is this process."""
    folder.rendezvous.unlink(missing_ok=True)
    if name := _LOOPBACK.get(sys.platform):
        os.environ["GLOO_SOCKET_IFNAME"] = name
    for rank in map(str, range(1, size)):
        environment = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": str(size), _LOCAL: "1"}
        # The pipe closes with this process, however that ends.
        yield start_module(
            "training.worker", str(folder.path), environment=environment, stdin=subprocess.PIPE
        )


def _exit_with_leader() -> None:
    os.read(sys.stdin.fileno(), 1)
    os._exit(1)


def _connect(folder: ModelDir, others: list[subprocess.Popen[bytes]]) -> dist.ProcessGroup:
    """Return the group of all ranks, of which this process may have started ``others``."""
    try:
        if not (others or _LOCAL in os.environ):
            dist.init_process_group("gloo")  # as torchrun's variables say
        else:
            rank = 0 if others else int(os.environ["RANK"])
            size = len(others) + 1 if others else int(os.environ["WORLD_SIZE"])
            store = dist.FileStore(str(folder.rendezvous), size)  # type: ignore[attr-defined]
            store.set(f"ready {rank}", "")
            _wait_until_ready(store, others)
            dist.init_process_group("gloo", store=store, rank=rank, world_size=size)
    except RuntimeError as error:
        raise RankLostError(str(error)) from error
    group = dist.group.WORLD
    assert group
    return group


def _wait_until_ready(store: Any, others: list[subprocess.Popen[bytes]]) -> None:
    """Wait until all ``others`` have imported torch, or raise if one has ended instead."""
    while not store.check([f"ready {rank}" for rank in range(1, len(others) + 1)]):
        if any(process.poll() is not None for process in others):
            raise RankLostError
        time.sleep(_POLL_SECONDS)


def _data_group(control: dist.ProcessGroup, device: torch.device) -> dist.ProcessGroup:
    """Return the group for tensors on ``device``."""
    if device.type != "cuda" or not dist.is_nccl_available():
        return control
    group = dist.new_group(backend="nccl")
    assert isinstance(group, dist.ProcessGroup)
    return group


def _end(others: list[subprocess.Popen[bytes]]) -> None:
    """End ``others``, which have nothing to save."""
    for process in others:
        process.kill()
        process.wait()
        assert process.stdin
        process.stdin.close()


def _lost_message(others: list[subprocess.Popen[bytes]]) -> str:
    """Return which of ``others`` ended first, and what that means for the run."""
    deadline = time.monotonic() + _EXIT_SECONDS
    while any(process.poll() is None for process in others) and time.monotonic() < deadline:
        time.sleep(_POLL_SECONDS)  # when one ends, the others do
    lost = "Another process of this run has ended or cannot be reached"
    statuses = [(process.poll(), rank) for rank, process in enumerate(others, start=1)]
    if ended := [(status, rank) for status, rank in statuses if status is not None]:
        status, rank = min(ended)  # signals are negative, and a rank that lost another exits with 4
        lost = f"Process {rank + 1} of {len(others) + 1} {exit_description(status)}"
    return f"{lost}. The run has ended with it; what was saved is kept."
