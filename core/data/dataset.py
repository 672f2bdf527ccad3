"""Stages 5 and 6: sliding windows whose labels are shifted by one, in batches ``[B, T]``.

A window of T characters is a lesson in predicting each next one::

    text      h e l l o
    features  h e l l        the window itself
    labels    e l l o        the same, shifted by one

One dataset serves two orders. *Shuffled* windows start anywhere and are read from the empty state.
*Contiguous* lanes walk through the text side by side, each window where the one before it ended, so
that the state can be carried on (truncated back-propagation through time).
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from charloom.core.config import TrainConfig


class Batch(NamedTuple):
    """Features and labels, each ``[B, T]`` (or ``[T]`` for a single window), dtype int64."""

    features: Tensor
    labels: Tensor


class WindowDataset(Dataset[Batch]):
    """Every window of T characters of ``ids`` ``[N]``: there are N - T of them, one per start."""

    def __init__(self, ids: Tensor, window: int) -> None:
        self._rows = ids.unfold(0, window + 1, 1)  # [N - T, T + 1], a view: no character is copied

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, start: int | Tensor) -> Batch:
        """Return the window at ``start``, or for starts ``[B]`` the whole batch in one fetch."""
        rows = self._rows[start]
        return Batch(features=rows[..., :-1], labels=rows[..., 1:])


class ShuffledSampler(Sampler[Tensor]):
    """Starts ``[B]`` of windows in an order drawn anew for every epoch, each window once."""

    def __init__(self, windows: int, batch: int, seed: int, epoch: int) -> None:
        self._windows, self._batch = windows, batch
        self._generator = generator(seed, "shuffle", epoch)

    def __len__(self) -> int:
        return self._windows // self._batch

    def __iter__(self) -> Iterator[Tensor]:
        order = torch.randperm(self._windows, generator=self._generator)
        return iter(order[: len(self) * self._batch].view(-1, self._batch))


class ContiguousSampler(Sampler[Tensor]):
    """Starts ``[B]`` of B lanes that advance by T; where they begin is drawn anew per epoch."""

    def __init__(self, windows: int, window: int, batch: int, seed: int, epoch: int) -> None:
        self._steps = (windows + window - 1) // (batch * window)
        self._stride = self._steps * window
        room = windows - 1 - ((batch - 1) * self._stride + (self._steps - 1) * window)
        first = int(torch.randint(room + 1, (1,), generator=generator(seed, "lanes", epoch)))
        self._lanes = first + self._stride * torch.arange(batch)
        self._window = window

    def __len__(self) -> int:
        return self._steps

    def __iter__(self) -> Iterator[Tensor]:
        return (self._lanes + step * self._window for step in range(self._steps))


def batches(ids: Tensor, settings: TrainConfig, epoch: int) -> DataLoader[Batch]:
    """Stage 6: one epoch of batches ``[B, T]`` over ``ids`` ``[N]``, enough for one at least."""
    windows = WindowDataset(ids, settings.window)
    order: Sampler[Tensor]
    if settings.batching == "shuffled":
        order = ShuffledSampler(len(windows), settings.batch_size, settings.seed, epoch)
    else:
        order = ContiguousSampler(
            len(windows), settings.window, settings.batch_size, settings.seed, epoch
        )
    # The sampler gives a whole batch of starts and the dataset fetches them at once, hence None.
    return DataLoader(
        windows,
        sampler=order,
        batch_size=None,
        generator=generator(settings.seed, "loader", epoch),  # else it draws from dropout's source
    )


def generator(seed: int, purpose: str, index: int) -> torch.Generator:
    """Return a source of random numbers that depends on nothing but its arguments.

    Drawing each epoch's and each step's numbers from a generator of their own means that a run
    can be picked up at any step without remembering what was drawn before.
    """
    words = np.random.SeedSequence([seed, index, *purpose.encode()]).generate_state(2, np.uint32)
    return torch.Generator().manual_seed(int(words[0]) << 31 | int(words[1]) >> 1)
