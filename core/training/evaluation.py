"""Losses on held-out text, measured with torch during training.

*Carried*: each character is predicted from all characters before it, or from at least the
``CONTEXT`` before it. *Windowed-W*: windows of W characters, each from the empty state. Both are in
nats per character; :mod:`core.analysis.scoring` measures the same with NumPy.
"""

import math
import time
from dataclasses import replace
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from charloom.core.analysis.scoring import CONTEXT
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import Losses
from charloom.core.model.torch_lstm import CharLSTM, LSTMState
from charloom.core.runs.events import Validated, bits
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.schedule import RunBudget
from charloom.core.training.step import autocast
from charloom.core.training.task import RunState

VALIDATION_CHARACTERS = 24_000
"""Held-out characters counted by a validation during training; the final one counts all."""
# With V beyond _LARGE_VOCAB the logits take most of the time, so fewer characters are counted.
_LARGE_VOCAB, _MIN_VALIDATION_CHARACTERS = 2_000, 2_000

_CHUNK = 256  # characters per forward pass: bounds the memory, long enough to keep the CPU busy
_LANES = 16  # more lanes are no faster on a CPU and repeat more context


class EvalResult(NamedTuple):
    """A mean in nats per character over ``counted`` characters; ``read`` includes the context."""

    nats: float
    counted: int
    read: int


def carried(network: CharLSTM, ids: Tensor, limit: int | None = None) -> EvalResult:
    """Return the carried loss on ``ids`` ``[N]``, N at least 2.

    With ``limit``, about that many characters are counted, in stretches spread over the text.
    """
    predictions = len(ids) - 1
    target = min(limit or predictions, predictions)
    lanes = max(1, min(_LANES, target // (2 * CONTEXT)))
    first = torch.arange(lanes, device=ids.device) * predictions // lanes  # counted from here
    until = torch.clamp(first.roll(-1), max=predictions)
    until[-1] = predictions
    if target < predictions:
        until = torch.minimum(until, first + target // lanes)
    length = min(predictions, int((until - first).max()) + CONTEXT)
    start = torch.clamp(until - length, min=0)
    total = torch.zeros((), dtype=torch.float64)
    state: LSTMState | None = None
    for offset in range(0, length, _CHUNK):
        steps = torch.arange(offset, min(offset + _CHUNK, length), device=ids.device)
        positions = start[:, None] + steps  # [lanes, chunk]
        nats, state = _losses(network, ids[positions], ids[positions + 1], state)
        counts = (positions >= first[:, None]) & (positions < until[:, None])
        total += (nats * counts).sum(dtype=torch.float64).cpu()
    counted = int((until - first).sum())
    return EvalResult(float(total) / counted, counted, lanes * length)


def windowed(
    network: CharLSTM, ids: Tensor, window: int = 256, limit: int | None = None
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
            total += _losses(network, feature, label, None)[0].sum(dtype=torch.float64).cpu()
    return EvalResult(float(total) / predictions, predictions, predictions)


def max_characters_read(characters: int) -> int:
    """Return the largest number of characters that both measures read to count ``characters``."""
    return 2 * characters + _LANES * CONTEXT


@torch.no_grad()
def _losses(
    network: CharLSTM, features: Tensor, labels: Tensor, state: LSTMState | None
) -> tuple[Tensor, LSTMState]:
    """Return the loss of every character ``[B, T]`` and the state after the last."""
    was_training = network.training
    network.eval()
    logits, state = network(features.long(), state)
    network.train(was_training)
    logits = logits.float().transpose(1, 2)
    nats = functional.cross_entropy(logits, labels.long(), reduction="none")
    return nats, state


class Validator:
    """Evaluates ``network`` on held-out ids ``[M]`` and records the best result in ``state``."""

    def __init__(
        self,
        network: CharLSTM,
        held_out: Tensor,
        compute: ComputeConfig,
        budget: RunBudget,
        state: RunState,
    ) -> None:
        self._network, self._held_out, self._compute = network, held_out, compute
        self._budget, self._state = budget, state
        self.can_validate = len(held_out) > 1
        self.validated: Validated | None = None
        """The last validation; None after a rollback, which discards the network it measured."""
        self.stalled_fraction = 0.0
        """Share of the run between the best validation and the last one."""

    @property
    def _characters(self) -> int:
        """Held-out characters that a validation counts: fewer with a large vocabulary."""
        fewer = VALIDATION_CHARACTERS * _LARGE_VOCAB // self._network.config.vocab_size
        return min(VALIDATION_CHARACTERS, max(_MIN_VALIDATION_CHARACTERS, fewer))

    def validate(self, step: int, fraction: float) -> Validated:
        """Measure the network after ``step`` steps, at ``fraction`` of the run."""
        begin = time.perf_counter()
        with autocast(self._compute.device, self._compute.precision):
            loss = carried(self._network, self._held_out, self._characters)
        seconds = time.perf_counter() - begin
        characters = len(self._held_out)
        self._budget.plan_evaluation(
            *(
                seconds / loss.read * max_characters_read(count)
                for count in (characters, min(characters, self._characters))
            )
        )
        state = self._state
        if loss.nats < state.best_loss:
            state.best_loss, state.best_step, state.best_fraction = loss.nats, step, fraction
        self.stalled_fraction = fraction - state.best_fraction
        self.validated = Validated(
            step=step,
            val_loss=loss.nats,
            val_bits_per_char=bits(loss.nats),
            best_val_loss=state.best_loss,
            best_step=state.best_step,
            counted_characters=loss.counted,
            seconds=seconds,
        )
        return self.validated

    def validated_at(self, step: int) -> Validated | None:
        """Return the last validation if it was after ``step`` steps, else None."""
        validated = self.validated
        return validated if validated and validated.step == step else None

    def final_losses(self, checkpoint: Checkpoint) -> Losses:
        """Measure ``checkpoint``, whose weights the network takes, on as much as time allows.

        On no less than a validation counts. A measure on as much, of an earlier end of the run, is
        kept.
        """
        predictions = len(self._held_out) - 1
        share = math.ceil(self._budget.evaluated_share() * predictions)
        limit = min(predictions, max(share, self._characters))
        if (checkpoint.losses.carried_characters or 0) > limit - _LANES:  # lanes are equally long
            return checkpoint.losses
        self._network.load(checkpoint.tensors)
        result = carried(self._network, self._held_out, limit)
        return replace(
            checkpoint.losses,
            carried=result.nats,
            windowed_256=windowed(self._network, self._held_out, 256, limit).nats,
            carried_characters=result.counted,
        )
