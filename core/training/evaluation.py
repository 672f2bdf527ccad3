"""Losses on held-out text, measured with torch.

*Carried*: each character is predicted from all characters before it, or from at least the
``CONTEXT`` before it. *Windowed-W*: windows of W characters, each from the empty state. Both are
measured on the same stretches, in nats per character; :mod:`core.analysis.scoring` measures the
same with NumPy.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from charloom.core.analysis.lanes import CONTEXT_WINDOWS, MAX_LANES, WINDOW, Lanes, Mean, mean
from charloom.core.model.torch_lstm import CharLSTM, LSTMState

_MAX_GPU_LANES = 512
_MAX_LOGITS, _MAX_GPU_LOGITS = 1 << 22, 1 << 26  # computed at a time: 16 and 256 MB

Measure = Literal["carried", "windowed"]
Ids = NDArray[np.integer[Any]]


def carried(network: CharLSTM, ids: Ids, limit: int | None = None) -> Mean:
    """Return the carried loss on ``ids`` ``[N]``, N at least 2.

    With ``limit``, about that many characters are counted, in stretches spread over the text.
    """
    return deque(evaluate(network, ids, ("carried",), limit), maxlen=1).pop()[0]


def windowed(network: CharLSTM, ids: Ids, window: int = WINDOW, limit: int | None = None) -> Mean:
    """Return the windowed-W loss on ``ids`` ``[N]``; a last, shorter window is counted too.

    ``limit`` is as for :func:`carried`.
    """
    measures = evaluate(network, ids, ("windowed",), limit, window)
    return deque(measures, maxlen=1).pop()[0]


def plan_lanes(
    characters: int, device: torch.device, limit: int | None = None, window: int = WINDOW
) -> Lanes:
    """Return the lanes in which a text of so many characters is evaluated on ``device``."""
    max_lanes = MAX_LANES if device.type == "cpu" else _MAX_GPU_LANES
    return Lanes.plan(characters - 1, limit, max_lanes, window)


@torch.no_grad()
def evaluate(
    network: CharLSTM,
    ids: Ids,
    measures: Sequence[Measure] = ("carried", "windowed"),
    limit: int | None = None,
    window: int = WINDOW,
    known: NDArray[np.bool_] | None = None,
) -> Iterator[list[Mean]]:
    """Yield the ``measures`` of what was read so far, after each window of all lanes.

    Args:
        network: predicts the characters.
        ids: the text ``[N]``, N at least 2; it may be a memory map of any integers.
        measures: what to measure, on the same characters.
        limit: about how many characters are counted; None for all.
        window: characters of a window of the windowed loss; for the carried one, ``WINDOW``.
        known: ``[N]``, which characters are counted; None for all.
    """
    device = next(network.parameters()).device
    lanes = plan_lanes(len(ids), device, limit, window)
    first_row = -CONTEXT_WINDOWS if "carried" in measures else 0
    sums = np.zeros((len(measures), len(lanes.first)))
    counts = np.zeros(len(lanes.first), np.int64)
    state: LSTMState | None = None
    for row in range(first_row, lanes.rows):
        index = lanes.first + row
        if (index < 0).all():
            continue
        if state and row <= 0:  # the first lanes begin where the text does
            keep = torch.from_numpy(index > 0)[:, None].to(device)
            state = [(h * keep, c * keep) for h, c in state]
        positions = np.maximum(index, 0)[:, None] * window + np.arange(window + 1)
        inside = positions[:, 1:] < len(ids)
        positions = np.minimum(positions, len(ids) - 1)
        chunk = torch.from_numpy(ids[positions].astype(np.int64)).to(device)
        if row < 0:
            state = network.read(chunk[:, :-1], state)[1]
            continue
        counted = inside & (index < lanes.last)[:, None]
        if known is not None:
            counted &= known[positions[:, 1:]]
        counts += counted.sum(axis=1)
        mask = torch.from_numpy(counted).to(device)
        for total, measure in zip(sums, measures, strict=True):
            nats, after = _losses(network, chunk, mask, state if measure == "carried" else None)
            total += nats
            if measure == "carried":
                state = after
        if counts.any():
            yield [mean(total, counts) for total in sums]


def _losses(
    network: CharLSTM, ids: Tensor, mask: Tensor, state: LSTMState | None
) -> tuple[NDArray[np.float64], LSTMState]:
    """Return the sum of the losses of each lane and the state after its last character.

    ``ids`` are ``[B, T + 1]``; ``mask`` ``[B, T]`` tells which predictions are counted.
    """
    total = torch.zeros(len(ids), device=ids.device)
    most = _MAX_LOGITS if ids.device.type == "cpu" else _MAX_GPU_LOGITS
    steps = max(1, most // (len(ids) * network.config.vocab_size))
    for start in range(0, mask.shape[1], steps):
        part = slice(start, start + steps)
        logits, state = network(ids[:, :-1][:, part], state)
        labels = ids[:, 1:][:, part]
        nats = functional.cross_entropy(
            logits.float().flatten(0, 1), labels.flatten(), reduction="none"
        )
        total += (nats.view_as(labels) * mask[:, part]).sum(dim=1)
    assert state
    return total.cpu().numpy().astype(np.float64), state
