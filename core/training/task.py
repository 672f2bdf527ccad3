"""The inputs of a training run, its state, and the protocol for saving it. Imports no torch."""

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from charloom.core.analysis.baselines import Baselines, compute_baselines
from charloom.core.config import ModelConfig, TrainConfig, train_characters
from charloom.core.data.vocab import Vocab
from charloom.core.model.checkpoint import Checkpoint, Weights
from charloom.core.model.metadata import BaseInfo, CorpusInfo

if TYPE_CHECKING:
    from charloom.core.training.divergence import DivergenceDetector
    from charloom.core.training.step import TrainState


@dataclass(frozen=True, slots=True, eq=False)
class TrainingTask:
    """The ids of a text to train on and to hold out, and the settings of network and training."""

    vocab: Vocab
    train_ids: NDArray[np.integer] = field(repr=False)  # [N]
    held_out_ids: NDArray[np.integer] = field(repr=False)  # [M], the end of the text
    baselines: Baselines  # on held_out_ids
    corpus: CorpusInfo
    model_config: ModelConfig
    train_config: TrainConfig
    base: BaseInfo | None = None
    start: Weights | None = field(default=None, repr=False)  # those of base; None if random
    words: bytes = field(default=b"", repr=False)  # of the training text and the base, packed

    @classmethod
    def from_ids(
        cls,
        ids: NDArray[np.integer],
        vocab: Vocab,
        corpus: CorpusInfo,
        model_config: ModelConfig,
        train_config: TrainConfig,
    ) -> Self:
        """Cut ``ids`` ``[N]`` as ``train_config.held_out`` says, and compute the baselines."""
        cut = train_characters(len(ids), train_config.held_out)
        baselines = compute_baselines(ids[:cut], ids[cut:], vocab)
        return cls(vocab, ids[:cut], ids[cut:], baselines, corpus, model_config, train_config)


@dataclass(slots=True)
class RunState:
    """The state of a run besides its :class:`TrainState`; both together can be resumed."""

    elapsed: float = 0.0  # seconds
    rate_scale: float = 1.0  # factor on the schedule: halved by a rollback, changed by a command
    rollbacks: int = 0
    best_step: int = 0
    best_loss: float = math.inf  # of the validations during training
    best_fraction: float = 0.0  # of the run
    detector: "DivergenceDetector | None" = None  # None before the first checkpoint


class CheckpointSink(Protocol):
    """Storage for a run's checkpoints. A :class:`StorageError` means that a retry may succeed."""

    def save(self, checkpoint: Checkpoint) -> str:
        """Save ``checkpoint`` unless a better one of its step is there; return its file's name."""

    def load(self, step: int) -> Checkpoint:
        """Return the checkpoint that was saved at ``step``."""

    def save_state(self, snapshot: "TrainState", state: RunState) -> None:
        """Replace the saved state, from which the newest checkpoint's run can be resumed."""
