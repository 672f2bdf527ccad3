"""Checkpoint files: one trained network each, self-contained and independent of the device.

The file is in the safetensors format (github.com/huggingface/safetensors: 8 bytes of header length,
a JSON header, then the tensors, little-endian). Its ``__metadata__`` holds a
:class:`CheckpointMetadata`, a digest of the tensors, and a digest of both, so that metadata cannot
be paired with the weights of another checkpoint. It is written here and not by the safetensors
library, which orders metadata at random: equal checkpoints are equal files. The reader validates
everything: a hostile file is refused and has no other effect.
"""

import hashlib
import io
import json
import math
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from charloom.core.config import ModelConfig
from charloom.core.errors import CharloomError, StorageError
from charloom.core.files import write_atomically
from charloom.core.model.metadata import CheckpointMetadata, metadata_from_json, parse_json_object

_MAX_FILE_BYTES = 2 << 30
_MAX_HEADER_BYTES = 4 << 20
_MAX_WORDS_BYTES = 1 << 20
_WORDS = "words"  # the name of the list among the tensors; the last in their order
_FORMAT = "charloom"
_VERSION = "2"
_METADATA_KEYS = {"format", "version", "metadata", "metadata_sha256", "data_sha256"}
_DTYPES: Mapping[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F16": np.dtype("<f2")}

Weights = Mapping[str, NDArray[np.float32 | np.float16]]
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Checkpoint(CheckpointMetadata):
    """Metadata and weights; ``tensors`` has the names and shapes of :func:`tensor_shapes`.

    ``words`` is the list of known words of :mod:`charloom.core.data.words`; empty if there is none.
    Raises :class:`CharloomError` for other shapes, other types than float32 and float16, and
    numbers that are not finite.
    """

    tensors: Weights = field(repr=False)
    words: bytes = field(default=b"", repr=False)

    def __post_init__(self) -> None:
        CheckpointMetadata.__post_init__(self)
        if {n: t.shape for n, t in self.tensors.items()} != tensor_shapes(self.model):
            raise CharloomError("The weights do not have the shapes that the settings require.")
        if len(self.words) > _MAX_WORDS_BYTES:
            raise CharloomError("The list of words is too large.")
        for name, tensor in self.tensors.items():
            if tensor.dtype not in _DTYPES.values():
                raise CharloomError("The weights are neither 32-bit nor 16-bit numbers.")
            if not _all_finite(tensor):
                raise CharloomError(f"Not all numbers in {name} are finite.")


class UnreadableError(CharloomError):
    """A checkpoint that may be intact but cannot be read now, or not by this Charloom."""


class LoadedCheckpoint(NamedTuple):
    """A checkpoint and the SHA-256 of the file it came from, in hexadecimal."""

    checkpoint: Checkpoint
    sha256: str
    warning: str = ""  # for the user: another checkpoint was damaged and this one replaces it


def tensor_shapes(model: ModelConfig) -> dict[str, tuple[int, ...]]:
    """Return the name and shape of every tensor of the network, with PyTorch's names.

    The 4H rows of each LSTM matrix are the gates i, f, g, o, as in ``torch.nn.LSTM``. Tied weights
    have no ``head.weight``: ``embedding.weight`` is used instead.
    """
    v, e, h = model.vocab_size, model.embedding_dim, model.hidden_size
    shapes: dict[str, tuple[int, ...]] = {"embedding.weight": (v, e)}
    for layer in range(model.layers):
        shapes[f"lstm.weight_ih_l{layer}"] = (4 * h, h if layer else e)
        shapes[f"lstm.weight_hh_l{layer}"] = (4 * h, h)
        shapes[f"lstm.bias_ih_l{layer}"] = (4 * h,)
        shapes[f"lstm.bias_hh_l{layer}"] = (4 * h,)
    if not model.tie_weights:
        shapes["head.weight"] = (v, h)
    shapes["head.bias"] = (v,)
    return shapes


def to_bytes(checkpoint: Checkpoint, half: bool = False) -> bytes:
    """Return the file's bytes, with float32 tensors or, if ``half``, float16 ones."""
    dtype = "F16" if half else "F32"
    layout = _layout(checkpoint.model, dtype, 0)
    with np.errstate(over="ignore"):
        arrays = [checkpoint.tensors[name].astype(_DTYPES[dtype], copy=False) for name in layout]
    if not all(_all_finite(array) for array in arrays):
        raise CharloomError(
            "Some weights are too large for half precision; save in full precision."
        )
    data = b"".join([*(array.tobytes() for array in arrays), checkpoint.words])
    layout = _layout(checkpoint.model, dtype, len(checkpoint.words))
    metadata, data_sha256 = json.dumps(checkpoint.to_json(), allow_nan=False), _sha256(data)
    entry = {
        "format": _FORMAT,
        "version": _VERSION,
        "metadata": metadata,
        "metadata_sha256": _sha256(metadata.encode(), data_sha256.encode()),
        "data_sha256": data_sha256,
    }
    header = json.dumps({"__metadata__": entry, **layout}).encode()
    header += b" " * (-len(header) % 8)  # align the tensors
    if len(header) > _MAX_HEADER_BYTES or len(header) + 8 + len(data) > _MAX_FILE_BYTES:
        raise CharloomError("The model is larger than the limit of 2 GiB; make it smaller.")
    return len(header).to_bytes(8, "little") + header + data


def from_bytes(data: bytes, source: str) -> Checkpoint:
    """Return the checkpoint in ``data``; errors name its ``source``."""
    with _errors_naming(source):
        return _read(io.BytesIO(data), len(data)).checkpoint


def save(checkpoint: Checkpoint, path: Path, half: bool = False) -> str:
    """Write ``checkpoint`` to ``path`` atomically and return the file's SHA-256."""
    data = to_bytes(checkpoint, half)
    try:
        write_atomically(path, data)
    except OSError as error:
        raise StorageError(
            f"The checkpoint {str(path)!r} cannot be written ({error.strerror}); "
            "check that its folder exists, is writable and has space left."
        ) from error
    return _sha256(data)


def load(path: Path) -> LoadedCheckpoint:
    """Return the checkpoint at ``path``, fully validated, and the file's SHA-256.

    Raises :class:`UnreadableError` if the file may be intact, and :class:`CharloomError` if it is
    damaged or no checkpoint.
    """
    return _from_file(path, _read)


def read_metadata(path: Path) -> CheckpointMetadata:
    """Return the metadata of the checkpoint at ``path``, reading only its header."""
    return _from_file(path, lambda file, size: _read_header(file, size).metadata)


def _from_file(path: Path, read: Callable[[BinaryIO, int], _T]) -> _T:
    with _errors_naming(str(path)):
        try:
            status = path.stat()
            if not stat.S_ISREG(status.st_mode):  # opening a pipe would block
                raise UnreadableError("It is not a file.")
            with path.open("rb") as file:
                return read(file, status.st_size)
        except OSError as error:
            raise UnreadableError(f"It cannot be read ({error.strerror}).") from error
        except MemoryError as error:
            raise UnreadableError("There is not enough memory for it.") from error
        except ValueError as error:  # a NUL in the path
            raise UnreadableError("Its name is invalid.") from error


@contextmanager
def _errors_naming(source: str) -> Iterator[None]:
    try:
        yield
    except CharloomError as error:
        raise type(error)(f"The checkpoint {source!r} cannot be used: {error}") from error


class _Header(NamedTuple):
    metadata: CheckpointMetadata
    raw: bytes  # including the 8 bytes of length
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
        if name != _WORDS
    }
    words = data[header.layout[_WORDS]["data_offsets"][0] :] if _WORDS in header.layout else b""
    metadata = {f.name: getattr(header.metadata, f.name) for f in fields(CheckpointMetadata)}
    checkpoint = Checkpoint(**metadata, tensors=tensors, words=words)
    return LoadedCheckpoint(checkpoint, _sha256(header.raw, data))


def _read_header(file: BinaryIO, size: int) -> _Header:
    """Read and check everything before the tensors, and the tensors' size."""
    if size > _MAX_FILE_BYTES:
        raise CharloomError("It is larger than 2 GiB, the limit for a Charloom model.")
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    data_size = size - 8 - length
    if len(prefix) < 8 or data_size < 0:
        raise CharloomError("It is not a safetensors file, or is truncated.")
    if length > _MAX_HEADER_BYTES:
        raise CharloomError("Its header is larger than 4 MiB, the limit for a Charloom model.")
    raw = file.read(length)
    entries = parse_json_object(raw, "header")
    entry = entries.pop("__metadata__", None)
    if not isinstance(entry, dict) or entry.get("format") != _FORMAT:
        raise CharloomError("It is a safetensors file, but not a Charloom checkpoint.")
    _check_version(entry.get("version"))
    metadata = _parse_metadata(entry)
    for name, dtype in _DTYPES.items():
        words_size = data_size - metadata.model.parameters * dtype.itemsize
        layout = _layout(metadata.model, name, max(0, words_size))
        if entries == layout and 0 <= words_size <= _MAX_WORDS_BYTES:
            return _Header(metadata, prefix + raw, layout, data_size, entry["data_sha256"])
    raise CharloomError("Its tensors do not fit its settings, or it is truncated.")


def _check_version(version: object) -> None:
    if version == _VERSION or not (isinstance(version, str) and version.isdecimal()):
        return
    if int(version[:9]) < int(_VERSION):
        raise UnreadableError(
            f"Its format (version {version}) is older than this Charloom reads "
            f"(version {_VERSION}); train the model again."
        )
    raise UnreadableError("Its format is newer than this Charloom reads; update Charloom.")


def _parse_metadata(entry: dict[str, Any]) -> CheckpointMetadata:
    strings = all(isinstance(value, str) for value in entry.values())
    if set(entry) != _METADATA_KEYS or not strings or entry["version"] != _VERSION:
        raise CharloomError("Its metadata are not those of a Charloom checkpoint.")
    raw, data_sha256 = (
        entry[key].encode("utf-8", "surrogatepass") for key in ("metadata", "data_sha256")
    )
    if _sha256(raw, data_sha256) != entry["metadata_sha256"]:
        raise CharloomError("Its metadata are damaged; copy or download it again.")
    return metadata_from_json(parse_json_object(raw, "metadata"))


def _layout(model: ModelConfig, dtype: str, words_size: int) -> dict[str, dict[str, Any]]:
    """Return the header's entry for each tensor and the words, sorted by name as the data are."""
    layout = {}
    start = 0
    for name, shape in sorted(tensor_shapes(model).items()):
        end = start + math.prod(shape) * _DTYPES[dtype].itemsize
        layout[name] = {"dtype": dtype, "shape": list(shape), "data_offsets": [start, end]}
        start = end
    if words_size:
        end = start + words_size
        layout[_WORDS] = {"dtype": "U8", "shape": [words_size], "data_offsets": [start, end]}
    return layout


def _all_finite(numbers: NDArray[np.floating[Any]]) -> bool:
    # NaN and infinity both show in the extremes, which need no extra memory
    return bool(np.isfinite(numbers.min()) and np.isfinite(numbers.max()))


def _sha256(*parts: bytes) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part)
    return digest.hexdigest()
