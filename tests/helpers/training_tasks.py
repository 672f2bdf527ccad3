"""Small tasks for :func:`charloom.core.training.loop.train`, and a checkpoint sink in memory."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch

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


class MemorySink:
    """Keeps what a real sink would store, so that a test can look at it."""

    def __init__(self) -> None:
        self.checkpoints: dict[int, Checkpoint] = {}
        self.state: tuple[TrainState, RunState] | None = None

    def save(self, checkpoint: Checkpoint) -> str:
        saved = self.checkpoints.get(checkpoint.step)
        if not (saved and saved.losses.supersede(checkpoint.losses)):
            self.checkpoints[checkpoint.step] = checkpoint
        return f"{checkpoint.step}"

    def load(self, step: int) -> Checkpoint:
        return self.checkpoints[step]

    def save_state(self, snapshot: TrainState, state: RunState) -> None:
        self.state = snapshot, replace(state)


def small_task(text: str = WORDS * 20, hidden_size: int = 12, **training: Any) -> TrainingTask:
    vocab = Vocab.from_text(text)
    model = ModelConfig(len(vocab), embedding_dim=8, hidden_size=hidden_size)
    corpus = CorpusInfo("words", "0" * 64, len(text), text[:20])
    settings: dict[str, Any] = {"batch_size": 4, "window": 16, "learning_rate": 0.01} | training
    return TrainingTask.from_ids(vocab.encode(text), vocab, corpus, model, TrainConfig(**settings))


def events(task: TrainingTask, sink: MemorySink | None = None, **more: Any) -> list[Event]:
    return list(train(task, CPU, sink or MemorySink(), **more))


def after(steps: int, *commands: Command | None) -> Callable[[], Command | None]:
    """Return no command for so many steps, and then ``commands`` one after the other."""
    queue = itertools.chain(itertools.repeat(None, steps), commands, itertools.repeat(None))
    return lambda: next(queue)


def of_kind(kind: type, seen: list[Event]) -> list[Any]:
    return [event for event in seen if isinstance(event, kind)]


def same(a: MemorySink, b: MemorySink, step: int) -> bool:
    pairs = zip(
        a.checkpoints[step].tensors.values(), b.checkpoints[step].tensors.values(), strict=True
    )
    return all((left == right).all() for left, right in pairs)
