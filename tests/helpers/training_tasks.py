"""Small lessons for :func:`charloom.core.training.loop.train`, and a keeper in memory."""

import itertools
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

from charloom.core.analysis.baselines import Baselines
from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.metadata import CorpusInfo
from charloom.core.runs.commands import Command
from charloom.core.runs.events import Event
from charloom.core.training.autotune import ComputeConfig
from charloom.core.training.loop import train
from charloom.core.training.step import TrainState
from charloom.core.training.task import RunState, TrainingTask

CPU = ComputeConfig(torch.device("cpu"), "float32", threads=1)
WORDS = "the wind was low and the loom was still; nobody spoke of the letter. "


class Memory:
    """Keeps what a real keeper would, so that a test can look at it."""

    def __init__(self) -> None:
        self.checkpoints: dict[int, Checkpoint] = {}
        self.state: tuple[TrainState, RunState] | None = None

    def save(self, checkpoint: Checkpoint) -> str:
        self.checkpoints[checkpoint.step] = checkpoint
        return f"{checkpoint.step}"

    def load(self, step: int) -> Checkpoint:
        return self.checkpoints[step]

    def save_state(self, snapshot: TrainState, standing: RunState) -> None:
        self.state = snapshot, replace(standing)


def lesson(text: str = WORDS * 20, hidden: int = 12, **training: Any) -> TrainingTask:
    vocab = Vocab.from_text(text)
    model = ModelConfig(len(vocab), embedding=8, hidden=hidden)
    card = CorpusInfo("words", "0" * 64, len(text), text[:20])
    settings: dict[str, Any] = {"batch": 4, "window": 16, "rate": 0.01} | training
    known = Baselines(math.log(len(vocab)), 2.5, 2.0, 1.5, 1.0)
    return TrainingTask(text, vocab, card, model, TrainConfig(**settings), known)


def events(taught: TrainingTask, keeper: Memory | None = None, **more: Any) -> list[Event]:
    return list(train(taught, CPU, keeper or Memory(), **more))


def after(steps: int, *then: Command | None) -> Callable[[], Command | None]:
    """Say nothing for so many steps, and ``then`` one after the other."""
    said = itertools.chain(itertools.repeat(None, steps), then, itertools.repeat(None))
    return lambda: next(said)


def of_kind(kind: type, seen: list[Event]) -> list[Any]:
    return [event for event in seen if isinstance(event, kind)]


def same(one: Memory, other: Memory, step: int) -> bool:
    pairs = zip(
        one.checkpoints[step].tensors.values(),
        other.checkpoints[step].tensors.values(),
        strict=True,
    )
    return all((mine == its).all() for mine, its in pairs)
