"""Training runs so small that a child process completes them in a moment."""

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


def create(name: str = "small", **overrides: Any) -> ModelDir:
    """Create a run; ``overrides`` replace the small settings."""
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    return create_run(name, text, "small", SMALL | overrides, min_count=0)


def endless(name: str = "small") -> ModelDir:
    """Make a run that trains until it is stopped."""
    return create(name, steps=1_000_000, checkpoint_seconds=0.2, patience=1.0)
