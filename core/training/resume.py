"""What a run needs, besides its newest checkpoint, to go on as if it had never stopped."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from charloom.core.errors import CharloomError, StorageError
from charloom.core.files import write_atomically
from charloom.core.model.checkpoint import Checkpoint, tensor_shapes
from charloom.core.training.divergence import DivergenceDetector
from charloom.core.training.step import TrainState
from charloom.core.training.task import RunState, TrainingTask


def write_state(path: Path, snapshot: TrainState, standing: RunState) -> None:
    """Put ``snapshot`` and ``standing`` at ``path``, in place of what was there."""
    tensors = {f"weights.{name}": value for name, value in snapshot.weights.items()}
    tensors |= {f"moments.{name}": value for name, value in snapshot.moments.items()}
    tensors |= {f"carried.{index}": value for index, value in enumerate(snapshot.carried)}
    tensors |= {f"random.{index}": value for index, value in enumerate(snapshot.random)}
    tensors = {name: value.cpu() for name, value in tensors.items()}
    metadata = {"step": str(snapshot.step), "standing": json.dumps(asdict(standing))}
    metadata["sha256"] = _digest(tensors, metadata)
    try:
        write_atomically(path, safetensors.torch.save(tensors, metadata))
    except OSError as error:
        raise StorageError(
            f"{str(path)!r} cannot be written ({error.strerror}); make room there."
        ) from error


def read_state(path: Path, lesson: TrainingTask) -> tuple[TrainState, RunState]:
    """Return what :func:`write_state` put at ``path``, if it is whole and of this ``lesson``."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        if metadata.pop("sha256") != _digest(tensors, metadata):
            raise ValueError("its numbers were changed")
        parts: dict[str, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            parts.setdefault(kind, {})[rest] = value
        if {n: tuple(t.shape) for n, t in parts["weights"].items()} != tensor_shapes(lesson.model):
            raise ValueError("it is another network's")
        snapshot = TrainState(
            step=int(metadata["step"]),
            weights=parts["weights"],
            moments=parts.get("moments", {}),
            carried=_in_order(parts.get("carried", {})),
            random=_in_order(parts["random"]),
        )
        return snapshot, _standing(json.loads(metadata["standing"]))
    except (
        *(OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError),
        safetensors.SafetensorError,
    ) as error:
        raise CharloomError(
            f"What is needed to go on is missing or damaged in {path.name!r}."
        ) from error


def from_checkpoint(newest: Checkpoint, elapsed: float) -> tuple[TrainState, RunState]:
    """Return how to go on from a checkpoint alone, after ``elapsed`` seconds of the run.

    The loss goes on from where it was, though not bit for bit: the optimizer's moments, the carried
    state, and how the run stood are lost.
    """
    snapshot = TrainState(
        step=newest.step,
        weights={name: torch.from_numpy(value.copy()) for name, value in newest.tensors.items()},
        moments={},
        carried=[],
        random=[torch.get_rng_state()],
    )
    return snapshot, RunState(elapsed=elapsed)


def _standing(data: dict[str, object]) -> RunState:
    standing = RunState(**data)  # type: ignore[arg-type]
    if isinstance(standing.guard, dict):
        standing.guard = DivergenceDetector(
            **standing.guard | {"recent": tuple(standing.guard["recent"])}
        )
    return standing


def _digest(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> str:
    """Return the SHA-256 of all that is kept, in an order of its own."""
    digest = hashlib.sha256(json.dumps(sorted(metadata.items())).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(f"\n{name} {tensor.dtype} {tuple(tensor.shape)}\n".encode())
        digest.update(tensor.contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def _in_order(parts: dict[str, Tensor]) -> list[Tensor]:
    return [parts[str(index)] for index in range(len(parts))]
