"""Evaluations of a run on its held-out text: validations, and the measure at its end."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.lanes import MAX_CHARACTERS, Mean
from charloom.core.model.checkpoint import Checkpoint, Weights
from charloom.core.model.metadata import Losses
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.events import Validated, bits
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.evaluation import carried, evaluate, plan_lanes
from charloom.core.training.schedule import SLOWDOWN, RunBudget
from charloom.core.training.task import RunState

VALIDATION_CHARACTERS = 24_000
"""Held-out characters counted by a validation during training, about."""
# With V beyond _LARGE_VOCAB the logits take most of the time, so fewer characters are counted.
_LARGE_VOCAB, _MIN_VALIDATION_CHARACTERS = 2_000, 2_000


class FinalLosses(NamedTuple):
    """The losses of a checkpoint by what was ``counted`` so far, ``limit`` characters at most.

    After about ``needed`` characters the loss will be certain.
    """

    losses: Losses
    counted: int
    needed: int
    limit: int


class Validator:
    """Evaluates ``network`` on held-out ids ``[M]`` and records the best result in ``state``.

    At the end of the run, :meth:`measure` will be called ``averages`` times.
    """

    def __init__(
        self,
        network: CharLSTM,
        held_out: NDArray[np.integer],
        compute: ComputeConfig,
        budget: RunBudget,
        state: RunState,
        averages: int = 0,
    ) -> None:
        self._network, self._held_out, self._compute = network, held_out, compute
        self._averages = averages
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

    @property
    def _max_characters(self) -> int:
        """Held-out characters that the measure at the end of the run counts, at most."""
        return min(len(self._held_out) - 1, MAX_CHARACTERS)

    def validate(self, step: int, fraction: float) -> Validated:
        """Measure the network after ``step`` steps, at ``fraction`` of the run."""
        begin = time.perf_counter()
        precision = self._compute.precision
        loss = carried(self._network, self._held_out, self._characters, precision)
        seconds = time.perf_counter() - begin
        speed = self._lanes_read(self._characters) / seconds
        needed = loss.needed(self._max_characters)
        counts = self._max_characters, min(self._max_characters, self._characters), needed
        plan = ((count + self._lanes_read(count)) / speed for count in counts)
        most, least, expected = (planned + self._averages * seconds for planned in plan)
        self._budget.plan_evaluation(most, least, SLOWDOWN[precision] * expected)
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
            counted_characters=loss.characters,
            seconds=seconds,
            standard_error=loss.standard_error,
        )
        return self.validated

    def measure(self, weights: Weights) -> Mean:
        """Return the loss of the network with other ``weights``, as a validation measures it."""
        network = CharLSTM(self._network.config).to(self._compute.device)
        network.load(weights)
        return carried(network, self._held_out, self._characters, self._compute.precision)

    def _lanes_read(self, limit: int) -> int:
        return plan_lanes(len(self._held_out), self._compute.device, limit).read

    def validated_at(self, step: int) -> Validated | None:
        """Return the last validation if it was after ``step`` steps, else None."""
        validated = self.validated
        return validated if validated and validated.step == step else None

    def final_losses(self, checkpoint: Checkpoint) -> Iterator[FinalLosses]:
        """Measure ``checkpoint`` on as much as time allows, and yield the losses so far.

        Both measures are of the same stretches, spread over the held-out text. It ends when
        the loss is certain, and counts no less than a validation does. A measure on as much, of
        an earlier end of the run, is kept.
        """
        limit = max(int(self._budget.evaluated_share() * self._max_characters), self._characters)
        limit = min(limit, self._max_characters)
        fullest = checkpoint.losses.carried_characters or 0
        if fullest >= limit:
            return
        network = CharLSTM(self._network.config).to(self._compute.device)
        network.load(checkpoint.tensors)
        yield FinalLosses(checkpoint.losses, 0, limit, limit)
        for means in evaluate(network, self._held_out, limit=limit):
            if not means:  # only the context was read
                yield FinalLosses(checkpoint.losses, 0, limit, limit)
                continue
            carried_loss, windowed_loss = means
            losses, counted = checkpoint.losses, carried_loss.characters
            if counted >= fullest:
                losses = replace(
                    losses,
                    carried=carried_loss.nats,
                    windowed_256=windowed_loss.nats,
                    carried_characters=counted,
                    carried_standard_error=carried_loss.standard_error,
                )
            yield FinalLosses(losses, counted, carried_loss.needed(limit), limit)
            if carried_loss.is_certain:
                return
