"""Ranks: the processes that train one run together, each on some lanes of every batch.

All ranks hold the same weights and draw the same starts, resets and dropout masks, of which each
takes its lanes (:meth:`Ranks.cut`). One all-reduce per step makes their gradients those of the
whole batch. So a run does not depend on the number of its ranks, except for the order of sums.

Rank 0, the leader, alone has the run: its folder, clock, commands and checkpoints. Before whatever
takes all ranks it announces that in a few numbers, which the others follow. They travel on the CPU,
so that no GPU waits for them.

With ``average_every`` K above 1, each rank takes K steps on its own lanes, and then all continue
from the mean of their weights and moments (local SGD, Stich 2019): for slow networks.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum

import safetensors.torch
import torch
import torch.distributed as dist
from torch import Tensor, nn

from charloom.core.config import TrainConfig
from charloom.core.runs.commands import Command

_KEEP_ALIVE_SECONDS = 60.0  # between two announcements, at most: a group gives up after 30 minutes

NextCommand = Callable[[], Command | None]


class RankLostError(Exception):
    """Another rank has ended or cannot be reached."""


class Action(IntEnum):
    """The actions that the leader announces."""

    STEP = 0  # at a learning rate
    CAPTURE = 1
    RESTORE = 2  # to a step, whose state follows
    WAIT = 3
    END = 4


class Ranks:
    """This process among those of its run; without ``control``, the only one, with all lanes.

    Methods raise :class:`RankLostError`.

    Args:
        config: has the size of the whole batch, of which every rank needs a lane.
        control: the group for announcements, which works with tensors on the CPU.
        data: the group for tensors on the device; it may be the same one.
    """

    def __init__(
        self,
        config: TrainConfig,
        control: dist.ProcessGroup | None = None,
        data: dist.ProcessGroup | None = None,
    ) -> None:
        self._control, self._data = control, data
        self._rank, size = (control.rank(), control.size()) if control else (0, 1)
        self._batch_size, self._average_every = config.batch_size, config.average_every
        self._first = config.batch_size * self._rank // size
        self._lanes = config.batch_size * (self._rank + 1) // size - self._first
        self._announced = time.monotonic()

    def cut(self, lanes: Tensor, dim: int = 0) -> Tensor:
        """Return this rank's part of ``lanes``, which has size B at ``dim``."""
        return lanes.narrow(dim, self._first, self._lanes) if self._control else lanes

    def announce(
        self, action: Action, value: float = 0.0, state: Callable[[], Mapping[str, Tensor]] = dict
    ) -> None:
        """Make the other ranks do ``action`` too; ``state`` returns what they need for it."""
        if self._control is None or self._rank > 0:
            return
        self._announced = time.monotonic()
        broadcast(self._control, torch.tensor([action, value], dtype=torch.float64))
        if action is Action.RESTORE:
            broadcast_bytes(self._control, safetensors.torch.save(dict(state())))

    def announced(self) -> tuple[Action, float, dict[str, Tensor]]:
        """Return the arguments of the leader's next :meth:`announce`."""
        assert self._control
        received = broadcast(self._control, torch.zeros(2, dtype=torch.float64))
        action, value = Action(int(received[0])), float(received[1])
        if action is not Action.RESTORE:
            return action, value, {}
        return action, value, safetensors.torch.load(broadcast_bytes(self._control))

    def reduce(self, parameters: Iterable[nn.Parameter], loss: Tensor) -> Tensor:
        """Replace gradients by those of the whole batch, and return its mean loss ``[]``."""
        if self._data and self._average_every == 1:
            self._average([*(p.grad for p in parameters if p.grad is not None), loss])
        return loss

    def average(self, step: int, tensors: Callable[[], list[Tensor]]) -> None:
        """Replace ``tensors`` by their means over all ranks, if it is time after ``step`` steps."""
        if self._data and self._average_every > 1 and step % self._average_every == 0:
            self._average(tensors())

    @torch.no_grad()
    def _average(self, tensors: list[Tensor]) -> None:
        """Replace ``tensors`` by their means, weighted by lanes, in one all-reduce."""
        assert self._data
        flat = torch.cat([tensor.reshape(-1) for tensor in tensors])
        flat.mul_(self._lanes / self._batch_size)
        _wait(self._data.allreduce, [flat])
        parts = torch.split(flat, [tensor.numel() for tensor in tensors])
        for tensor, part in zip(tensors, parts, strict=True):
            tensor.copy_(part.view_as(tensor))

    def gather(self, carried: list[Tensor]) -> list[Tensor]:
        """Return copies ``[1, B, H]`` of tensors of which each rank has its own lanes."""
        if not carried or self._data is None:
            return [part.clone() for part in carried]
        lanes = torch.stack(carried)  # [2 · layers, 1, lanes, H]
        full = lanes.new_zeros((*lanes.shape[:2], self._batch_size, lanes.shape[3]))
        self.cut(full, dim=2).copy_(lanes)
        _wait(self._data.allreduce, [full])  # each lane plus zeros of the other ranks
        return [part.clone() for part in full]

    def watch(self, next_command: NextCommand) -> NextCommand:
        """Return ``next_command``, which then also keeps in touch with the other ranks."""

        def watched() -> Command | None:
            if time.monotonic() - self._announced > _KEEP_ALIVE_SECONDS:  # during a pause
                self.announce(Action.WAIT)
            return next_command()

        return watched


ALONE = Ranks(TrainConfig())
"""The only rank of a run."""


def broadcast(group: dist.ProcessGroup, tensor: Tensor) -> Tensor:
    """Return rank 0's ``tensor``; elsewhere it is overwritten."""
    _wait(group.broadcast, tensor, 0)
    return tensor


def broadcast_bytes(group: dist.ProcessGroup, data: bytes = b"") -> bytes:
    """Return rank 0's ``data``."""
    size = int(broadcast(group, torch.tensor([len(data)])))
    if not data:
        return broadcast(group, torch.zeros(size, dtype=torch.uint8)).numpy().tobytes()
    broadcast(group, torch.frombuffer(bytearray(data), dtype=torch.uint8))
    return data


def _wait(collective: Callable[..., dist.Work], *arguments: object) -> None:
    try:
        collective(*arguments).wait()
    except RuntimeError as error:
        raise RankLostError(str(error)) from error
