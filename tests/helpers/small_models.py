"""Training runs so small that a child process is done with them in a moment."""

from typing import Any

from charloom.core.data import corpus
from charloom.core.runs.run import create_run
from charloom.core.store.model_dir import ModelDir
from tests.helpers.child_process import TEXT

SMALL: dict[str, Any] = {
    "hidden_size": 8,
    "embedding_dim": 4,
    "batch_size": 4,
    "window": 16,
    "threads": 1,
    "precision": "float32",
}


def create(name: str = "small", **chosen: Any) -> ModelDir:
    """Make a run, with settings that differ from the small ones."""
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    return create_run(name, text, "small", SMALL | chosen, min_count=0)


def endless(name: str = "small") -> ModelDir:
    """Make a run that goes on until it is told to stop."""
    return create(name, steps=1_000_000, checkpoint_seconds=0.2, patience=1.0)
