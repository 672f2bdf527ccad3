"""What a run is worth: the loss of its network on the held-out text, while it trains and after."""

import math
import time
from dataclasses import replace

from torch import Tensor

from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import Losses
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.events import Validated, bits
from charloom.core.training import evaluation
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.schedule import RunBudget
from charloom.core.training.step import autocast
from charloom.core.training.task import RunState

VALIDATION_CHARACTERS = 24_000
"""How much of the held-out text is looked at while training; at the end it is all of it."""


class Validator:
    """Puts ``model`` to the test on the ids ``held_out`` ``[N]``, and keeps the standing of it."""

    def __init__(
        self,
        model: CharLSTM,
        held_out: Tensor,
        machine: ComputeConfig,
        budget: RunBudget,
        standing: RunState,
    ) -> None:
        self._model, self._held_out, self._machine = model, held_out, machine
        self._budget, self._standing = budget, standing
        self.possible = len(held_out) > 1
        self.validated: Validated | None = None
        """The last validation, unless what it measured was given up."""
        self.in_vain = 0.0
        """Share of the run since the best validation, when last validated."""
        self.counted: int | None = None
        """How many held-out characters the final measure counts, once it was taken."""

    def validate(self, step: int, fraction: float) -> Validated:
        """Measure the network after ``step`` steps, at ``fraction`` of the run."""
        begin = time.perf_counter()
        with autocast(self._machine.device, self._machine.precision):
            loss = evaluation.carried(self._model, self._held_out, VALIDATION_CHARACTERS)
        seconds = time.perf_counter() - begin
        self._budget.plan_evaluation(
            seconds / loss.read * evaluation.max_characters_read(len(self._held_out))
        )
        standing = self._standing
        if loss.nats < standing.best_loss:
            standing.best_loss, standing.best_step = loss.nats, step
            standing.best_fraction = fraction
        self.in_vain = fraction - standing.best_fraction
        self.validated = Validated(
            step=step,
            val_loss=loss.nats,
            val_bits_per_char=bits(loss.nats),
            best_val_loss=standing.best_loss,
            best_step=standing.best_step,
            counted=loss.counted,
            seconds=seconds,
        )
        return self.validated

    def loss_at(self, step: int) -> float | None:
        """Return the validation loss after ``step`` steps, if that was the last to be measured."""
        validated = self.validated
        return validated.val_loss if validated and validated.step == step else None

    def final(self, checkpoint: Checkpoint) -> Losses:
        """Measure ``checkpoint`` on all that there is time for; the network takes its weights."""
        self._model.load(checkpoint.tensors)
        limit = math.ceil(self._budget.evaluated_share() * len(self._held_out))
        carried = evaluation.carried(self._model, self._held_out, limit)
        self.counted = carried.counted
        return replace(
            checkpoint.losses,
            carried=carried.nats,
            windowed_256=evaluation.windowed(self._model, self._held_out, 256, limit).nats,
        )
