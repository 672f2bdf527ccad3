"""Build the events that report a run: its start, its progress, and samples."""

import math
from collections import deque
from dataclasses import asdict

from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import Progress, Sample, Started, bits
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.schedule import RunBudget
from charloom.core.training.step import Stepper
from charloom.core.training.task import TrainingTask

SAMPLE_CHARACTERS = 200

_SPEED_REPORTS = 10  # the speed is a mean over so many, which evens out validations and samples


class ProgressReporter:
    """Reports what ``stepper`` has done of ``task``, within ``budget``."""

    def __init__(
        self, task: TrainingTask, compute: ComputeConfig, stepper: Stepper, budget: RunBudget
    ) -> None:
        self._task, self._compute = task, compute
        self._stepper, self._budget = stepper, budget
        self._loss = task.baselines.uniform  # until the first report
        self._reports = deque([(stepper.step_count, budget.elapsed)], _SPEED_REPORTS)

    def started(self) -> Started:
        """Return the first event: the task and how it is computed."""
        return Started(
            step=self._stepper.step_count,
            device=self._compute.device.type,
            precision=self._compute.precision,
            threads=self._compute.threads,
            parameters=self._task.model_config.parameters,
            train_characters=len(self._task.train_ids),
            held_out_characters=len(self._task.held_out_ids),
            total_steps=self._budget.total_steps,
            **asdict(self._task.baselines),
            model=self._task.model_config.to_json(),
            training=self._task.train_config.to_json(),
            base=str(self._task.base or ""),
        )

    def progress(self, losses: list[float], rate: float) -> Progress:
        """Report the ``losses`` since the last report, and the learning rate of the last step."""
        if losses:
            self._loss = math.fsum(losses) / len(losses)
        step, now = self._stepper.step_count, self._budget.elapsed
        first_step, first_time = self._reports[0]
        config = self._task.train_config
        characters = max(0, step - first_step) * config.batch_size * config.window
        self._reports.append((step, now))
        fraction = min(1.0, self._budget.fraction(step))
        return Progress(
            step=step,
            epoch=self._stepper.epoch,
            loss=self._loss,
            bits_per_char=bits(self._loss),
            lr=rate,
            chars_per_second=characters / (now - first_time),
            elapsed_seconds=self._budget.elapsed,
            eta_seconds=self._budget.eta(fraction),
            fraction=fraction,
        )


def sample(checkpoint: Checkpoint) -> Sample:
    """Generate a short text, always with the same seed, so that samples differ by network only."""
    sampler = Sampler(NumpyLSTM(checkpoint), "", SamplingConfig(), 0)
    text = "".join(sampled.character for sampled in Completion(sampler, SAMPLE_CHARACTERS))
    return Sample(checkpoint.step, text)
