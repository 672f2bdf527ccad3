"""A checkpoint: one trained network in one file, with all that is needed to use it anywhere.

The file is in the safetensors format (github.com/huggingface/safetensors: 8 bytes of header length,
a JSON header, then the numbers, little-endian) and names no device and no other file. Its metadata
are a :class:`CheckpointMetadata`, a digest of the numbers, and one of both, so that no metadata is
ever taken for that of other weights. It is written here rather than by the library, whose metadata
come in a random order, so that equal checkpoints are equal files. It is read by a validator that
trusts nothing: a file from a stranger opens or is refused, no more.
"""

import hashlib
import io
import json
import math
import stat
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from charloom.core.config import ModelConfig
from charloom.core.errors import CharloomError, StorageError
from charloom.core.files import write_atomically
from charloom.core.model.metadata import (
    CheckpointMetadata,
    CorpusInfo,
    Losses,
    json_object,
    metadata_from_json,
)

__all__ = [
    "Checkpoint",
    "CheckpointMetadata",
    "CorpusInfo",
    "LoadedCheckpoint",
    "Losses",
    "UnreadableError",
    "Weights",
    "from_bytes",
    "load",
    "read_metadata",
    "save",
    "tensor_shapes",
    "to_bytes",
]

_LARGEST_FILE = 2 << 30
_LARGEST_HEADER = 4 << 20
_FORMAT = "charloom"
_VERSION = "1"
_DTYPES: Mapping[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}

Weights = Mapping[str, NDArray[np.float32 | np.float16]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Checkpoint(CheckpointMetadata):
    """A card and its weights, ``tensors`` as :func:`tensor_shapes` lists them, all finite."""

    tensors: Weights = field(repr=False)

    def __post_init__(self) -> None:
        CheckpointMetadata.__post_init__(self)
        if {n: t.shape for n, t in self.tensors.items()} != tensor_shapes(self.model):
            raise CharloomError("The weights are not those of a network with these settings.")
        for name, tensor in self.tensors.items():
            if tensor.dtype not in _DTYPES.values():
                raise CharloomError("The weights are neither 32-bit nor 16-bit numbers.")
            if not _all_finite(tensor):
                raise CharloomError(f"Not all numbers in {name} are finite.")


class UnreadableError(CharloomError):
    """A checkpoint that may be sound, but cannot be read just now, or not by this Charloom."""


class LoadedCheckpoint(NamedTuple):
    """A checkpoint and the SHA-256 of the file it came from, in hexadecimal."""

    checkpoint: Checkpoint
    sha256: str
    warning: str = ""  # what a person should know: that another was damaged, and this one is used


def tensor_shapes(model: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of the network, named as PyTorch does.

    The 4H rows of each LSTM matrix are the gates i, f, g, o, as in ``torch.nn.LSTM``; with tied
    weights ``head.weight`` is ``embedding.weight`` and is absent.
    """
    v, e, h = model.vocab_size, model.embedding, model.hidden
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (v, e)}
    for layer in range(model.layers):
        shapes[f"lstm.weight_ih_l{layer}"] = (4 * h, h if layer else e)
        shapes[f"lstm.weight_hh_l{layer}"] = (4 * h, h)
        shapes[f"lstm.bias_ih_l{layer}"] = (4 * h,)
        shapes[f"lstm.bias_hh_l{layer}"] = (4 * h,)
    if not model.tied:
        shapes["head.weight"] = (v, h)
    shapes["head.bias"] = (v,)
    return shapes


def to_bytes(checkpoint: Checkpoint, half: bool = False) -> bytes:
    """Return the file: 32-bit numbers, or with ``half`` 16-bit ones at half the size."""
    dtype = "F16" if half else "F32"
    layout = _layout(checkpoint.model, dtype)
    with np.errstate(over="ignore"):
        arrays = [checkpoint.tensors[name].astype(_DTYPES[dtype], copy=False) for name in layout]
    if not all(_all_finite(array) for array in arrays):
        raise CharloomError("Some weights are too large for half precision; keep the full one.")
    data = b"".join(array.tobytes() for array in arrays)
    card, data_sha256 = json.dumps(checkpoint.to_json(), allow_nan=False), _sha256(data)
    metadata = {
        "format": _FORMAT,
        "version": _VERSION,
        "card": card,
        "card_sha256": _sha256(card.encode(), data_sha256.encode()),
        "data_sha256": data_sha256,
    }
    header = json.dumps({"__metadata__": metadata, **layout}).encode()
    header += b" " * (-len(header) % 8)  # the numbers start aligned
    if len(header) > _LARGEST_HEADER or len(header) + 8 + len(data) > _LARGEST_FILE:
        raise CharloomError("The model is larger than a checkpoint can be, 2 GiB; make it smaller.")
    return len(header).to_bytes(8, "little") + header + data


def from_bytes(data: bytes, source: str) -> Checkpoint:
    """Return the checkpoint in ``data``, or refuse it by name of its ``source``."""
    return _refused_by_name(source, lambda: _read(io.BytesIO(data), len(data))).checkpoint


def save(checkpoint: Checkpoint, path: Path, half: bool = False) -> str:
    """Write ``checkpoint`` to ``path``, all or nothing, and return the file's SHA-256."""
    data = to_bytes(checkpoint, half)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise StorageError(
            f"The checkpoint {str(path)!r} cannot be written ({error.strerror}); "
            "see that its folder exists, may be written to and has space left."
        ) from error
    return _sha256(data)


def load(path: Path) -> LoadedCheckpoint:
    """Return the checkpoint at ``path``, wholly validated, and the file's SHA-256.

    Raises :class:`UnreadableError` where that says nothing about what is in the file, and else
    :class:`CharloomError`: it is damaged, or no checkpoint.
    """
    return _from_file(path, _read)


def read_metadata(path: Path) -> CheckpointMetadata:
    """Return what the checkpoint at ``path`` tells about itself, reading its header alone."""
    return _from_file(path, lambda file, size: _read_header(file, size).card)


def _from_file(path: Path, read: Callable[[BinaryIO, int], _T]) -> _T:
    def opened() -> _T:
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
                raise UnreadableError("It is not a file.")
            with path.open("rb") as file:
                return read(file, status.st_size)
        except OSError as error:
            raise UnreadableError(f"It cannot be read ({error.strerror}).") from error
        except ValueError as error:  # a NUL in the path
            raise UnreadableError("There can be no file of that name.") from error

    return _refused_by_name(str(path), opened)


def _refused_by_name(source: str, read: Callable[[], _T]) -> _T:
    try:
        return read()
    except CharloomError as error:
        raise type(error)(f"The checkpoint {source!r} cannot be used: {error}") from error


class _Header(NamedTuple):
    card: CheckpointMetadata
    raw: bytes  # as in the file, length included
    layout: dict[str, dict[str, Any]]
    data_size: int
    data_sha256: str


def _read(file: BinaryIO, size: int) -> LoadedCheckpoint:
    header = _read_header(file, size)
    data = file.read(header.data_size)
    if _sha256(data) != header.data_sha256:
        raise CharloomError("Its weights are damaged; copy or download it again.")
    tensors = {
        name: np.frombuffer(
            data, _DTYPES[entry["dtype"]], math.prod(entry["shape"]), entry["data_offsets"][0]
        ).reshape(entry["shape"])
        for name, entry in header.layout.items()
    }
    card = {each.name: getattr(header.card, each.name) for each in fields(CheckpointMetadata)}
    return LoadedCheckpoint(Checkpoint(**card, tensors=tensors), _sha256(header.raw, data))


def _read_header(file: BinaryIO, size: int) -> _Header:
    """Check everything that can be known before the weights are read, their size included."""
    if size > _LARGEST_FILE:
        raise CharloomError("It is larger than 2 GiB, which no Charloom model is.")
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    data_size = size - 8 - length
    if len(prefix) < 8 or data_size < 0:
        raise CharloomError("It is no safetensors file, or is cut short.")
    if length > _LARGEST_HEADER:
        raise CharloomError("Its header is larger than 4 MiB, which no Charloom model's is.")
    raw = file.read(length)
    entries = json_object(raw, "header")
    metadata = entries.pop("__metadata__", None)
    if not isinstance(metadata, dict) or metadata.get("format") != _FORMAT:
        raise CharloomError("It is a safetensors file, but not a Charloom checkpoint.")
    version = metadata.get("version")
    if version != _VERSION and isinstance(version, str) and version.isdecimal():
        raise UnreadableError("Its version is unknown here; update Charloom to use it.")
    card = _parse_metadata(metadata)
    for dtype, each in _DTYPES.items():
        layout = _layout(card.model, dtype)
        if entries == layout and data_size == card.model.parameters * each.itemsize:
            return _Header(card, prefix + raw, layout, data_size, metadata["data_sha256"])
    raise CharloomError("Its tensors are not those of its settings, or it is cut short.")


def _parse_metadata(metadata: dict[str, Any]) -> CheckpointMetadata:
    """Return the card in ``metadata``, which must be whole: five strings."""
    keys = {"format", "version", "card", "card_sha256", "data_sha256"}
    strings = all(isinstance(value, str) for value in metadata.values())
    if set(metadata) != keys or not strings or metadata["version"] != _VERSION:
        raise CharloomError("Its metadata are not those of a Charloom checkpoint.")
    raw, data_sha256 = (
        metadata[key].encode("utf-8", "surrogatepass") for key in ("card", "data_sha256")
    )
    if _sha256(raw, data_sha256) != metadata["card_sha256"]:
        raise CharloomError("Its card is damaged; copy or download it again.")
    return metadata_from_json(json_object(raw, "card"))


def _layout(model: ModelConfig, dtype: str) -> dict[str, dict[str, Any]]:
    """Return the header's entry for each tensor, in the order of the names and of the data."""
    layout = {}
    start = 0
    for name, shape in sorted(tensor_shapes(model).items()):
        end = start + math.prod(shape) * _DTYPES[dtype].itemsize
        layout[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
        start = end
    return layout


def _all_finite(numbers: NDArray[np.floating[Any]]) -> bool:
    # NaN and infinity both show in the extremes, which need no memory of their own
    return bool(np.isfinite(numbers.min()) and np.isfinite(numbers.max()))


def _sha256(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
