"""Ranks as threads of one process, which saves a test the start of real ones."""

import subprocess
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch._C._distributed_c10d import HashStore, PrefixStore

from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.events import Event
from charloom.core.training.distributed import follow_leader
from charloom.core.training.loop import train
from charloom.core.training.ranks import Action, Ranks
from charloom.core.training.step import Stepper
from charloom.core.training.task import TrainingTask
from tests.helpers.training_tasks import CPU, MemorySink

Result = TypeVar("Result")


def other_ranks(leader: int) -> list[int]:
    """Return the numbers of the processes that the trainer ``leader`` started."""
    listed = subprocess.run(["pgrep", "-P", str(leader)], capture_output=True, check=False)
    return [int(line) for line in listed.stdout.split()]


def events_of_ranks(
    size: int, task: TrainingTask, sink: MemorySink, **more: Any
) -> tuple[list[Event], list[Stepper]]:
    """Train ``task`` by ``size`` ranks; return the events and the other ranks' steppers."""

    def leader(ranks: Ranks) -> list[Event]:
        return list(train(task, CPU, sink, ranks=ranks, **more))

    return lead(size, task, leader)


def lead(
    size: int, task: TrainingTask, leader: Callable[[Ranks], Result]
) -> tuple[Result, list[Stepper]]:
    """Return what ``leader`` returns as rank 0 of ``size``, and the other ranks' steppers."""
    store, steppers = HashStore(), []

    def ranks(rank: int) -> Ranks:
        prefix = PrefixStore("gloo", store)
        group: Any = dist.ProcessGroupGloo(prefix, rank, size, timedelta(seconds=60))
        return Ranks(task.train_config, group, group)

    def follow(rank: int, network: CharLSTM) -> None:
        torch.set_num_threads(CPU.threads)  # which is a setting of each thread
        own, ids = ranks(rank), torch.from_numpy(task.train_ids)
        stepper = Stepper(network, ids, task.train_config, "float32", own)
        steppers.append(stepper)
        follow_leader(own, stepper)

    # Their networks have random weights of their own.
    others = [(rank, CharLSTM(task.model_config)) for rank in range(1, size)]
    threads = [threading.Thread(target=follow, args=other, daemon=True) for other in others]
    for thread in threads:
        thread.start()
    first = ranks(0)
    try:
        return leader(first), steppers
    finally:
        first.announce(Action.END)
        for thread in threads:
            thread.join()
