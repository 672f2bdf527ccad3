"""What a training run is given, what it keeps, and who keeps it."""

import math
from dataclasses import dataclass
from typing import Protocol

from charloom.core.analysis.baselines import Baselines
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import CorpusInfo
from charloom.core.training.divergence import DivergenceDetector
from charloom.core.training.step import TrainState


@dataclass(frozen=True, slots=True)
class TrainingTask:
    """What is to be learned and how; ``training`` is bounded by minutes, epochs or steps.

    ``baselines`` are what the losses on the held-out text are to be compared with.
    """

    text: str
    vocab: Vocab
    corpus: CorpusInfo
    model: ModelConfig
    training: TrainConfig
    baselines: Baselines


@dataclass(slots=True)
class RunState:
    """How a run fares, besides its :class:`TrainState`; with both it can go on."""

    elapsed: float = 0.0  # seconds
    rate_scale: float = 1.0  # of what is planned: halved at every rollback, or as ordered
    rollbacks: int = 0
    best_step: int = 0
    best_loss: float = math.inf  # as validated while training
    best_fraction: float = 0.0  # of the run
    guard: DivergenceDetector | None = None  # None before the first step


class CheckpointSink(Protocol):
    """Where a run's checkpoints go. :class:`StorageError` means: not now, perhaps later."""

    def save(self, checkpoint: Checkpoint) -> str:
        """Keep ``checkpoint``, unless a better one of its step is kept; return its file's name."""

    def load(self, step: int) -> Checkpoint:
        """Return the checkpoint that was saved at ``step``."""

    def save_state(self, snapshot: TrainState, standing: RunState) -> None:
        """Keep what it takes to go on from the newest checkpoint, in place of what was kept."""
