"""What a run tells of itself: what is trained, how far it is, and what it writes by now."""

import math
from collections import deque
from dataclasses import asdict

from torch import Tensor

from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import Progress, Sample, Started, bits
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.schedule import RunBudget
from charloom.core.training.step import TrainStep
from charloom.core.training.task import TrainingTask

SAMPLE_CHARACTERS = 200

_SPEED_REPORTS = 10  # the speed is a mean over so many, which evens out validation and samples


class ProgressReporter:
    """Tells of ``learner``, which learns the ids ``train_ids`` ``[N]`` of a lesson."""

    def __init__(
        self,
        lesson: TrainingTask,
        machine: ComputeConfig,
        learner: TrainStep,
        budget: RunBudget,
        train_ids: Tensor,
    ) -> None:
        self._lesson, self._machine = lesson, machine
        self._learner, self._budget, self._train_ids = learner, budget, train_ids
        self._loss = lesson.baselines.uniform  # until the first report
        self._reports = deque([(learner.step_count, budget.elapsed)], _SPEED_REPORTS)

    def started(self, held_out: Tensor) -> Started:
        """Tell what is trained, to be measured on the ids ``held_out`` ``[M]``."""
        return Started(
            step=self._learner.step_count,
            device=self._machine.device.type,
            precision=self._machine.precision,
            threads=self._machine.threads,
            parameters=self._lesson.model.parameters,
            train_characters=len(self._train_ids),
            held_out_characters=len(held_out),
            total_steps=self._budget.total_steps,
            **asdict(self._lesson.baselines),
            model=self._lesson.model.to_json(),
            training=self._lesson.training.to_json(),
        )

    def progress(self, losses: list[float], rate: float) -> Progress:
        """Tell of the steps since the last report: their ``losses``, and the last one's rate."""
        if losses:
            self._loss = math.fsum(losses) / len(losses)
        step, now = self._learner.step_count, self._budget.elapsed
        before, then = self._reports[0]
        settings = self._lesson.training
        characters = max(0, step - before) * settings.batch * settings.window
        self._reports.append((step, now))
        fraction = min(1.0, self._budget.fraction(step))
        return Progress(
            step=step,
            epoch=self._learner.epoch,
            loss=self._loss,
            bits_per_char=bits(self._loss),
            lr=rate,
            chars_per_second=characters / (now - then),
            elapsed_seconds=self._budget.elapsed,
            eta_seconds=self._budget.eta(fraction),
            fraction=fraction,
        )


def sample(checkpoint: Checkpoint) -> Sample:
    """Let a network write a little: always with the same seed, so that only it makes the change."""
    draft = Completion(Sampler(NumpyLSTM(checkpoint), "", SamplingConfig(), 0), SAMPLE_CHARACTERS)
    return Sample(checkpoint.step, "".join(drawn.character for drawn in draft))
