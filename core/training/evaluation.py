"""The two measures of loss on held-out text, computed by the network while it trains.

*Carried*: each character is predicted from all that stands before it, or from at least the
``CONTEXT`` characters before it. *Windowed-W*: windows of W characters, each from the empty state.
Nats per character.
"""

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from charloom.core.model.torch_lstm import CharLSTM, LSTMState

CONTEXT = 1_000
"""Characters each parallel lane reads, uncounted, before its own begin."""

_CHUNK = 256  # characters per forward pass: bounds the memory, long enough to keep the CPU busy
_LANES = 16  # more lanes are no faster on a CPU and repeat more context


class EvalResult(NamedTuple):
    """A mean in nats per character over ``counted`` characters, for which so many were ``read``."""

    nats: float
    counted: int
    read: int


def carried(model: CharLSTM, ids: Tensor, limit: int | None = None) -> EvalResult:
    """Return the carried loss on ``ids`` ``[N]``, N at least 2.

    With ``limit``, about that many characters are counted, in stretches spread over the text.
    """
    predictions = len(ids) - 1
    wanted = min(limit or predictions, predictions)
    lanes = max(1, min(_LANES, wanted // (2 * CONTEXT)))
    first = torch.arange(lanes, device=ids.device) * predictions // lanes  # counted from here
    until = torch.clamp(first.roll(-1), max=predictions)
    until[-1] = predictions
    if wanted < predictions:
        until = torch.minimum(until, first + wanted // lanes)
    length = min(predictions, int((until - first).max()) + CONTEXT)
    start = torch.clamp(until - length, min=0)
    total = torch.zeros((), dtype=torch.float64)
    state: LSTMState | None = None
    for offset in range(0, length, _CHUNK):
        steps = torch.arange(offset, min(offset + _CHUNK, length), device=ids.device)
        positions = start[:, None] + steps  # [lanes, chunk]
        nats, state = _losses(model, ids[positions], ids[positions + 1], state)
        counts = (positions >= first[:, None]) & (positions < until[:, None])
        total += (nats * counts).sum(dtype=torch.float64).cpu()
    counted = int((until - first).sum())
    return EvalResult(float(total) / counted, counted, lanes * length)


def windowed(
    model: CharLSTM, ids: Tensor, window: int = 256, limit: int | None = None
) -> EvalResult:
    """Return the windowed-W loss on ``ids`` ``[N]``; a last, shorter window is counted too."""
    ids = ids[: None if limit is None else limit + 1]
    predictions = len(ids) - 1
    whole = predictions // window
    features = ids[: whole * window].view(whole, window)
    labels = ids[1 : whole * window + 1].view(whole, window)
    pieces = [*zip(torch.split(features, _LANES), torch.split(labels, _LANES), strict=True)]
    if predictions % window:
        rest = ids[whole * window :][None]
        pieces.append((rest[:, :-1], rest[:, 1:]))
    total = torch.zeros((), dtype=torch.float64)
    for feature, label in pieces:
        if feature.numel():
            total += _losses(model, feature, label, None)[0].sum(dtype=torch.float64).cpu()
    return EvalResult(float(total) / predictions, predictions, predictions)


def max_characters_read(characters: int) -> int:
    """Return how many characters both measures read, at most, to count so many."""
    return 2 * characters + _LANES * CONTEXT


@torch.no_grad()
def _losses(
    model: CharLSTM, features: Tensor, labels: Tensor, state: LSTMState | None
) -> tuple[Tensor, LSTMState]:
    """Return the loss of every character ``[B, T]`` and the state after the last."""
    was_training = model.training
    model.eval()
    logits, state = model(features, state)
    model.train(was_training)
    nats = functional.cross_entropy(logits.float().transpose(1, 2), labels, reduction="none")
    return nats, state
