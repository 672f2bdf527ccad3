"""Save and read the state that, besides its newest checkpoint, a run needs to be resumed."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from charloom.core.config import ModelConfig
from charloom.core.errors import CharloomError, StorageError
from charloom.core.files import write_atomically
from charloom.core.model.checkpoint import Checkpoint, tensor_shapes
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.training.divergence import DivergenceDetector
from charloom.core.training.step import TrainState
from charloom.core.training.task import RunState


def write_state(path: Path, snapshot: TrainState, state: RunState) -> None:
    """Write ``snapshot`` and ``state`` to ``path``, replacing what was there."""
    tensors = snapshot.tensors()
    metadata = {"step": str(snapshot.step), "state": json.dumps(asdict(state))}
    metadata["sha256"] = _digest(tensors, metadata)
    try:
        write_atomically(path, safetensors.torch.save(tensors, metadata))
    except OSError as error:
        raise StorageError(
            f"{str(path)!r} cannot be written ({error.strerror}); make room there."
        ) from error


def read_state(path: Path, model: ModelConfig) -> tuple[TrainState, RunState]:
    """Return the state that :func:`write_state` wrote to ``path``.

    Raises :class:`CharloomError` if it is missing, damaged, or of another network than ``model``.
    """
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata()
            # Copies, since the file stays mapped while a tensor lies in it: it would take up space
            # after it was replaced, and could not be replaced on Windows.
            tensors = {name: file.get_tensor(name).clone() for name in file.keys()}  # noqa: SIM118
        if metadata.pop("sha256") != _digest(tensors, metadata):
            raise ValueError("its numbers were changed")
        snapshot = TrainState.from_tensors(int(metadata["step"]), tensors)
        if {n: tuple(t.shape) for n, t in snapshot.weights.items()} != tensor_shapes(model):
            raise ValueError("it is another network's")
        return snapshot, _run_state(json.loads(metadata["state"]))
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError),
        safetensors.SafetensorError,
    ) as error:
        raise CharloomError(
            f"The state to resume from, {path.name!r}, is missing or damaged."
        ) from error


def from_checkpoint(
    newest: Checkpoint, best: CheckpointMetadata, elapsed: float, fraction: float
) -> tuple[TrainState, RunState]:
    """Return a state to resume from, given the run's checkpoints alone.

    ``elapsed`` seconds and a ``fraction`` of the run had passed by the ``newest`` one. The loss
    continues from where it was, but not bit for bit: the optimizer's moments, the carried state and
    most of the run's state are lost.
    """
    state = RunState(elapsed=elapsed)
    if best.losses.validation is not None:
        state.best_step, state.best_loss = best.step, best.losses.validation
        state.best_fraction = fraction * best.step / max(1, newest.step)
    snapshot = TrainState(
        step=newest.step,
        weights={name: torch.from_numpy(value.copy()) for name, value in newest.tensors.items()},
        moments={},
        carried=[],
    )
    return snapshot, state


def _run_state(data: dict[str, object]) -> RunState:
    state = RunState(**data)  # type: ignore[arg-type]
    if isinstance(state.detector, dict):
        state.detector = DivergenceDetector(
            **state.detector | {"recent": tuple(state.detector["recent"])}
        )
    return state


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Return the SHA-256 of tensors and metadata, each in the order of their names."""
    digest = hashlib.sha256(json.dumps(sorted(metadata.items())).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
