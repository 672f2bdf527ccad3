"""Losses on held-out text, measured with torch.

*Carried*: each character is predicted from all characters before it, or from at least the
``CONTEXT`` before it. *Windowed-W*: windows of W characters, each from the empty state. Both are
measured on the same stretches, in nats per character; :mod:`core.analysis.scoring` measures the
same with NumPy.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product, repeat
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from charloom.core.analysis.lanes import CONTEXT_WINDOWS, MAX_LANES, WINDOW, Lanes, Mean, mean
from charloom.core.model.torch_lstm import CharLSTM, LSTMState
from charloom.core.training.step import autocast

_MAX_GPU_LANES = 512
_MAX_LOGITS, _MAX_GPU_LOGITS = 1 << 22, 1 << 26  # computed at a time: 16 and 256 MB
_MAX_PRODUCTS = 1 << 32  # of weights and inputs between two reports: some tenths of a second

Measure = Literal["carried", "windowed"]
Ids = NDArray[np.integer[Any]]


def carried(
    network: CharLSTM, ids: Ids, limit: int | None = None, precision: str = "float32"
) -> Mean:
    """Return the carried loss on ``ids`` ``[N]``, N at least 2.

    With ``limit``, about that many characters are counted, in stretches spread over the text.
    """
    *_, (loss,) = evaluate(network, ids, ("carried",), limit, precision=precision)
    return loss


def windowed(
    network: CharLSTM,
    ids: Ids,
    window: int = WINDOW,
    limit: int | None = None,
    precision: str = "float32",
) -> Mean:
    """Return the windowed-W loss on ``ids`` ``[N]``; a last, shorter window is counted too.

    ``limit`` is as for :func:`carried`.
    """
    *_, (loss,) = evaluate(network, ids, ("windowed",), limit, window, precision=precision)
    return loss


def plan_lanes(
    characters: int, device: torch.device, limit: int | None = None, window: int = WINDOW
) -> Lanes:
    """Return the lanes in which a text of so many characters is evaluated on ``device``."""
    max_lanes = MAX_LANES if device.type == "cpu" else _MAX_GPU_LANES
    return Lanes.plan(characters - 1, limit, max_lanes, window)


def evaluate(
    network: CharLSTM,
    ids: Ids,
    measures: Sequence[Measure] = ("carried", "windowed"),
    limit: int | None = None,
    window: int = WINDOW,
    known: NDArray[np.bool_] | None = None,
    precision: str = "float32",
    threads: int = 1,
) -> Iterator[list[Mean]]:
    """Yield the ``measures`` of what was read so far; after context alone, an empty list.

    All lanes read a window, or a piece of it, at a time.

    Args:
        network: predicts the characters.
        ids: the text ``[N]``, N at least 2; it may be a memory map of any integers.
        measures: what to measure, on the same characters.
        limit: about how many characters are counted; None for all.
        window: characters of a window of the windowed loss; for the carried one, ``WINDOW``.
        known: ``[N]``, which characters are counted; None for all.
        precision: of the matrix products.
        threads: share the lanes; each of them may use several of torch's.
    """
    device = next(network.parameters()).device
    plan = plan_lanes(len(ids), device, limit, window)
    parts = np.array_split(np.stack([plan.first, plan.last], axis=1), threads)
    readers = [
        _LaneReader(network, ids, known, measures, part[:, 0], part[:, 1], window, precision)
        for part in parts
        if len(part)
    ]
    sums = np.zeros((len(measures), len(plan.first)))
    counts = np.zeros(len(plan.first), np.int64)
    with ThreadPoolExecutor(threads) as pool:
        run = pool.map if threads > 1 else map
        first = -CONTEXT_WINDOWS if "carried" in measures else 0
        pieces = _pieces(network, len(plan.first), window)
        for row, piece in product(range(first, plan.rows), pieces):
            results = list(run(_LaneReader.read, readers, repeat(row), repeat(piece)))
            sums += np.concatenate([nats for nats, _ in results], axis=1)
            counts += np.concatenate([counted for _, counted in results])
            yield [mean(total, counts) for total in sums] if counts.any() else []


def _pieces(network: CharLSTM, lanes: int, window: int) -> list[range]:
    """Return parts of a window that so many ``lanes`` read in little memory and time."""
    config = network.config
    steps = _MAX_GPU_LOGITS // (lanes * config.vocab_size)
    if next(network.parameters()).device.type == "cpu":
        by_logits = _MAX_LOGITS // (lanes * config.vocab_size)
        steps = min(by_logits, _MAX_PRODUCTS // (lanes * config.parameters))
    steps = max(1, steps)
    return [range(start, min(start + steps, window)) for start in range(0, window, steps)]


@dataclass
class _LaneReader:
    """Reads the windows ``first`` to ``last`` ``[lanes]`` of a text, a row of them at a time."""

    network: CharLSTM
    ids: Ids
    known: NDArray[np.bool_] | None
    measures: Sequence[Measure]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    window: int
    precision: str
    carried: LSTMState | None = None
    windowed: LSTMState | None = None

    @torch.no_grad()
    def read(self, row: int, piece: range) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Read the next ``piece`` of the windows of a row, which is context if it is negative.

        Returns sums of losses ``[measures, lanes]`` and their numbers ``[lanes]``.
        """
        device = next(self.network.parameters()).device
        sums = np.zeros((len(self.measures), len(self.first)))
        counts = np.zeros(len(self.first), np.int64)
        index = self.first + row
        if (index < 0).all():
            return sums, counts
        if piece.start == 0:
            self.windowed = None
            if self.carried and row <= 0:  # the first lanes begin where the text does
                keep = torch.from_numpy(index > 0)[:, None].to(device)
                self.carried = [(h * keep, c * keep) for h, c in self.carried]
        offsets = np.arange(piece.start, piece.stop + 1)
        positions = np.maximum(index, 0)[:, None] * self.window + offsets
        inside = positions[:, 1:] < len(self.ids)
        positions = np.minimum(positions, len(self.ids) - 1)
        ids = torch.from_numpy(self.ids[positions].astype(np.int64)).to(device)
        with autocast(device, self.precision):
            if row < 0:
                self.carried = self.network.read(ids[:, :-1], self.carried)[1]
                return sums, counts
            counted = inside & (index < self.last)[:, None]
            if self.known is not None:
                counted &= self.known[positions[:, 1:]]
            mask = torch.from_numpy(counted).to(device)
            for total, measure in zip(sums, self.measures, strict=True):
                total[:], state = _losses(self.network, ids, mask, getattr(self, measure))
                setattr(self, measure, state)
        return sums, counted.sum(axis=1)


def _losses(
    network: CharLSTM, ids: Tensor, mask: Tensor, state: LSTMState | None
) -> tuple[NDArray[np.float64], LSTMState]:
    """Return the sum of the losses of each lane and the state after its last character.

    ``ids`` are ``[B, T + 1]``; ``mask`` ``[B, T]`` tells which predictions are counted.
    """
    logits, state = network(ids[:, :-1], state)
    labels = ids[:, 1:]
    nats = functional.cross_entropy(
        logits.float().flatten(0, 1), labels.flatten(), reduction="none"
    )
    total = (nats.view_as(labels) * mask).sum(dim=1)
    return total.cpu().numpy().astype(np.float64), state
