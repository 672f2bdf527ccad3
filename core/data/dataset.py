"""Stages 5 and 6: sliding windows whose labels are shifted by one, in batches ``[B, T]``.

A window of T characters is T examples of predicting the next one::

    text      h e l l o
    features  h e l l        the window itself
    labels    e l l o        the same, shifted by one

There are two ways of batching. *Shuffled* windows start anywhere and are read from the empty state.
*Contiguous* batches consist of B lanes: parallel streams through the text, in which each window
begins where the one before it ended, so that the state can be carried on (truncated
back-propagation through time).

Ids may be of any integer type, and on disk (a memory map): only those of a batch are widened. On a
GPU nothing is copied there at a step, since each copy would wait for the steps before it.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from charloom.core.config import TrainConfig
from charloom.core.data.permutation import Permutation

_BLOCK_STEPS = 256  # of a random order, computed at once: one by one takes 20 times as long


class Batch(NamedTuple):
    """Features and labels, each ``[B, T]`` (or ``[T]`` for a single window), dtype int64."""

    features: Tensor
    labels: Tensor


class WindowDataset(Dataset[Batch]):
    """The N - T windows of T characters of ``ids`` ``[N]``, one for each start."""

    def __init__(self, ids: Tensor, window: int) -> None:
        self._rows = ids.unfold(0, window + 1, 1)  # [N - T, T + 1], a view

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, start: int | Tensor) -> Batch:
        """Return the window at ``start``, or the whole batch for starts ``[B]``."""
        rows = self._rows[start].long()
        return Batch(features=rows[..., :-1], labels=rows[..., 1:])


class ShuffledSampler(Sampler[Tensor]):
    """Starts ``[B]`` of windows in random order, each window once per epoch, from a step on."""

    def __init__(
        self, windows: int, config: TrainConfig, epoch: int, first_step: int, device: torch.device
    ) -> None:
        self._order = Permutation(windows, config.seed, epoch)
        self._batch_size, self._first_step, self._device = config.batch_size, first_step, device

    def __len__(self) -> int:
        return len(self._order) // self._batch_size

    def __iter__(self) -> Iterator[Tensor]:
        for step in range(self._first_step, len(self), _BLOCK_STEPS):
            end = min(step + _BLOCK_STEPS, len(self))
            starts = self._order[step * self._batch_size : end * self._batch_size]
            yield from torch.from_numpy(starts).view(-1, self._batch_size).to(self._device)


class ContiguousSampler(Sampler[Tensor]):
    """Starts ``[B]`` of B lanes that advance by T; each epoch begins at a random offset."""

    def __init__(
        self, windows: int, config: TrainConfig, epoch: int, first_step: int, device: torch.device
    ) -> None:
        window, batch_size = config.window, config.batch_size
        self._steps = (windows + window - 1) // (batch_size * window)
        stride = self._steps * window
        room = windows - 1 - ((batch_size - 1) * stride + (self._steps - 1) * window)
        first = int(torch.randint(room + 1, (1,), generator=generator(config.seed, "lanes", epoch)))
        self._lanes = first + stride * torch.arange(batch_size, device=device)
        self._window, self._first_step = window, first_step

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Tensor]:
        steps = range(self._first_step, self._steps)
        return (self._lanes + step * self._window for step in steps)


def batches(ids: Tensor, config: TrainConfig, epoch: int, first_step: int = 0) -> DataLoader[Batch]:
    """Stage 6: return one epoch of batches ``[B, T]`` over ``ids`` ``[N]``, at least one.

    With ``first_step``, those of earlier steps are left out, which takes no time.
    """
    windows = WindowDataset(ids, config.window)
    kind = ShuffledSampler if config.batching == "shuffled" else ContiguousSampler
    sampler = kind(len(windows), config, epoch, first_step, ids.device)
    # The sampler yields the starts of a whole batch, which the dataset fetches at once: hence None.
    return DataLoader(
        windows,
        sampler=sampler,
        batch_size=None,
        generator=generator(config.seed, "loader", epoch),  # not that of dropout
    )


def generator(
    seed: int, purpose: str, index: int, device: torch.device | str = "cpu"
) -> torch.Generator:
    """Return a random number generator that depends only on its arguments.

    Since each epoch and each step has its own generator, a run can resume at any step without
    knowing what was drawn before.
    """
    words = np.random.SeedSequence([seed, index, *purpose.encode()]).generate_state(2, np.uint32)
    return torch.Generator(device).manual_seed(int(words[0]) << 31 | int(words[1]) >> 1)
