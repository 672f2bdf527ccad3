"""Save checkpoints of a run, and the state to resume it from."""

import math
from dataclasses import replace
from datetime import UTC, datetime

from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import Losses
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.events import CheckpointSaved
from charloom.core.training.divergence import Rollback
from charloom.core.training.schedule import RunBudget
from charloom.core.training.step import Stepper
from charloom.core.training.task import CheckpointSink, RunState, TrainingTask
from charloom.core.training.validation import Validator


class CheckpointSaver:
    """Saves ``network`` and the state of its run in ``sink``. Methods raise its StorageError."""

    def __init__(
        self,
        task: TrainingTask,
        network: CharLSTM,
        stepper: Stepper,
        rollback: Rollback,
        validator: Validator,
        budget: RunBudget,
        state: RunState,
        sink: CheckpointSink,
    ) -> None:
        self._task, self._network, self._stepper = task, network, stepper
        self._rollback, self._validator = rollback, validator
        self._budget, self._state, self._sink = budget, state, sink

    def checkpoint(self) -> Checkpoint:
        """Return a checkpoint of the last step, with its losses so far."""
        step = self._stepper.step_count
        recent = self._rollback.detector.recent
        validated = self._validator.validated_at(step)
        return Checkpoint(
            model=self._task.model_config,
            vocab=self._task.vocab,
            tensors=self._network.tensors(),
            step=step,
            losses=Losses(
                train=math.fsum(recent) / len(recent) if recent else None,
                validation=validated.val_loss if validated else None,
                validation_characters=validated.counted_characters if validated else None,
                validation_standard_error=validated.standard_error if validated else None,
            ),
            corpus=self._task.corpus,
            training=self._task.train_config,
            base=self._task.base,
            words=self._task.words,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
        )

    def save(self) -> CheckpointSaved:
        """Save a checkpoint of the last step and, after it, the state to resume from."""
        checkpoint = self.checkpoint()
        file = self._sink.save(checkpoint)
        self.save_state()
        return CheckpointSaved(step=checkpoint.step, file=file)

    def save_state(self) -> None:
        """Save the state to resume from."""
        self._state.elapsed = self._budget.elapsed
        self._state.detector = replace(self._rollback.detector)
        self._sink.save_state(self._stepper.capture(), self._state)
