"""What a run needs, besides its newest checkpoint, to go on as if it had never stopped."""

import json
from dataclasses import asdict
from pathlib import Path

import safetensors
import safetensors.torch
from torch import Tensor

from core.errors import CharloomError
from core.learner import Snapshot
from core.paths import write_atomically
from core.training import Standing


def write_state(path: Path, snapshot: Snapshot, standing: Standing) -> None:
    """Put ``snapshot`` and ``standing`` at ``path``, in place of what was there."""
    tensors = {f"weights.{name}": value for name, value in snapshot.weights.items()}
    tensors |= {f"moments.{name}": value for name, value in snapshot.moments.items()}
    tensors |= {f"carried.{index}": value for index, value in enumerate(snapshot.carried)}
    tensors |= {f"random.{index}": value for index, value in enumerate(snapshot.random)}
    metadata = {"step": str(snapshot.step), "standing": json.dumps(asdict(standing))}
    try:
        write_atomically(path, safetensors.torch.save(tensors, metadata))
    except OSError as error:
        raise CharloomError(
            f"{str(path)!r} cannot be written ({error.strerror}); make room there."
        ) from error


def read_state(path: Path) -> tuple[Snapshot, Standing]:
    """Return what :func:`write_state` put at ``path``."""
    try:
        with safetensors.safe_open(path, "pt") as file:
            metadata = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        parts: dict[str, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            kind, _, rest = name.partition(".")
            parts.setdefault(kind, {})[rest] = value
        snapshot = Snapshot(
            step=int(metadata["step"]),
            weights=parts["weights"],
            moments=parts.get("moments", {}),
            carried=_in_order(parts.get("carried", {})),
            random=_in_order(parts["random"]),
        )
        return snapshot, Standing(**json.loads(metadata["standing"]))
    except (OSError, ValueError, KeyError, TypeError, safetensors.SafetensorError) as error:
        raise CharloomError(
            f"What is needed to go on is missing or damaged in {path.name!r}; "
            "the model can be used as it is, or trained anew under another name."
        ) from error


def _in_order(parts: dict[str, Tensor]) -> list[Tensor]:
    return [parts[str(index)] for index in range(len(parts))]
