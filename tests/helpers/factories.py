"""Small objects for tests."""

import importlib.util
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.data.vocab import Vocab
from charloom.core.model.checkpoint import Checkpoint, tensor_shapes
from charloom.core.model.metadata import CorpusInfo, Losses
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import new_model_folder, save_checkpoint

ref = CheckpointRef.parse
METADATA_FIELDS = (
    *("model", "vocab", "step", "losses", "corpus", "training", "created", "note", "base"),
)


def random_checkpoint(
    vocab: str = "\n abcdefghijklmnopqrstuvwxyz",
    layers: int = 1,
    hidden_size: int = 8,
    embedding_dim: int = 4,
    seed: int = 0,
    *,
    tie_weights: bool = False,
    **over: Any,
) -> Checkpoint:
    """Return an untrained network over the characters of ``vocab``; ``over`` replaces fields."""
    known = Vocab.from_text(vocab)
    model = ModelConfig(len(known), embedding_dim, hidden_size, layers, tie_weights=tie_weights)
    random = np.random.default_rng(seed)
    fields: dict[str, Any] = {
        "model": model,
        "vocab": known,
        "tensors": {
            name: random.uniform(-0.5, 0.5, shape).astype(np.float32)
            for name, shape in tensor_shapes(model).items()
        },
        "step": 100,
        "losses": Losses(),
        "corpus": CorpusInfo(title="alphabet", sha256="0" * 64, characters=1_000, opening="abc"),
        "training": TrainConfig(),
        "created": "2025-01-02T03:04:05+00:00",
    }
    return Checkpoint(**(fields | over))


def at_step(step: int, validation: float | None = None, seed: int = 0) -> Checkpoint:
    """Return a small checkpoint from ``step`` with this validation loss."""
    losses = Losses(validation=validation)
    return random_checkpoint(
        "ab", hidden_size=2, embedding_dim=2, seed=seed, step=step, losses=losses
    )


def save_model(name: str, checkpoint: Checkpoint, keep: int = 12) -> Path:
    """Save a checkpoint of the model ``name``, which is created if it does not exist."""
    folder = ModelDir.named(name)
    if not folder.path.exists():
        with new_model_folder(name):
            pass
    return save_checkpoint(folder, checkpoint, keep)


def checkpoint_path(text: str) -> Path:
    """Return the file of the checkpoint ``NAME[@STEP]``."""
    return find_checkpoint(ref(text))[1].path


def assert_equal(one: Checkpoint, other: Checkpoint) -> None:
    """Assert that two checkpoints have the same metadata and weights."""
    assert [getattr(one, n) for n in METADATA_FIELDS] == [
        getattr(other, n) for n in METADATA_FIELDS
    ]
    assert one.tensors.keys() == other.tensors.keys()
    for name, tensor in one.tensors.items():
        np.testing.assert_array_equal(tensor, other.tensors[name])


def damage(path: Path) -> None:
    """Flip the last bit of a file."""
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)


def tree(folder: Path) -> dict[str, bytes]:
    """Return the content of every file under ``folder``."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def own_assets(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Replace ``charloom.assets`` by an empty package in ``folder`` for a test; return its path."""
    package = folder / "assets"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    spec = importlib.util.spec_from_file_location("charloom.assets", package / "__init__.py")
    assert spec is not None
    monkeypatch.setitem(sys.modules, "charloom.assets", importlib.util.module_from_spec(spec))
    return package
