"""Find and load models and their checkpoints.

The models in ``charloom.assets`` are part of the program. Foreign files among the models are
ignored. A damaged checkpoint is renamed to ``….safetensors.damaged`` when another is used in its
place.
"""

import contextlib
import importlib.resources
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charloom.core import paths
from charloom.core.errors import CharloomError, StorageError, UnknownModelError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import LoadedCheckpoint, UnreadableError
from charloom.core.model.metadata import CheckpointMetadata, Losses, is_few
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sanitize import quoted
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.ref import CheckpointRef
from charloom.core.wording import did_you_mean

BUNDLED = "frankenstein"
"""The bundled model that is used by default."""


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """The header of a checkpoint; ``metadata`` is None if the file is damaged."""

    step: int
    path: Path
    size: int  # bytes
    pinned: bool
    metadata: CheckpointMetadata | None
    error: str = ""  # why it cannot be used


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model and its checkpoints by step."""

    name: str
    bundled: bool
    checkpoints: tuple[CheckpointInfo, ...]

    @property
    def best(self) -> CheckpointInfo | None:
        """The undamaged checkpoint with the lowest validation loss; without losses, the newest."""
        return min((c for c in self.checkpoints if c.metadata), key=_rank, default=None)

    @property
    def newest(self) -> CheckpointInfo | None:
        """The checkpoint of the highest step, damaged or not."""
        return self.checkpoints[-1] if self.checkpoints else None

    def candidates(self, which: str = "") -> list[CheckpointInfo]:
        """Return the checkpoints that ``which``, see :class:`CheckpointRef`, may mean.

        The first one is meant; the others replace it if it is damaged. There is at least one, else
        :class:`CharloomError` names those that there are.
        """
        if not self.checkpoints:
            raise CharloomError(
                f"The model {self.name!r} has no checkpoint yet; train it a little longer."
            )
        named = {str(info.step): [info] for info in self.checkpoints}
        named["last"] = list(reversed(self.checkpoints))
        usable = (info for info in self.checkpoints if info.metadata)
        named["best"] = sorted(usable, key=_rank) or named["last"][:1]
        if candidates := named.get(which or "best"):
            return candidates
        raise CharloomError(
            f"The model {self.name!r} has no checkpoint {quoted('@' + which)}; "
            f"it has @{', @'.join(named)}."
        )


def bundled_names() -> tuple[str, ...]:
    """Return the names of the bundled models, :data:`BUNDLED` first."""
    names = (path.stem for path in _assets().glob("*.safetensors"))
    return tuple(sorted(names, key=lambda name: (name != BUNDLED, name)))


def reserved_names() -> frozenset[str]:
    """Return the names that no other model can have, in any case."""
    return frozenset({BUNDLED, *bundled_names()})


def model_names() -> tuple[str, ...]:
    """Return the names of all models, the bundled ones first."""
    return bundled_names() + tuple(sorted(folder.name for folder in model_dirs()))


def list_models() -> tuple[ModelInfo, ...]:
    """Return all models, reading only the headers of their checkpoints."""
    return tuple(_read_named(name) for name in model_names())


def find_model(name: str) -> ModelInfo:
    """Return the model ``name``; the error suggests similar names."""
    if name in bundled_names():  # even if the others cannot be listed
        return _read_named(name)
    names, name = model_names(), unicodedata.normalize("NFC", name[:1_000])
    if name in names:
        return _read_named(name)
    hint = did_you_mean(name, names)
    ending = f"; {hint}" if hint else "."
    raise UnknownModelError(f"There is no model called {quoted(name)}{ending}")


def find_checkpoint(ref: CheckpointRef) -> tuple[ModelInfo, CheckpointInfo]:
    """Return the model and the checkpoint that ``ref`` names."""
    model = find_model(ref.name)
    return model, model.candidates(ref.which)[0]


def load_checkpoint(ref: CheckpointRef) -> LoadedCheckpoint:
    """Load the checkpoint that ``ref`` names; see :func:`load_from`."""
    return load_from(find_model(ref.name), ref.which)


def load_from(model: ModelInfo, which: str = "") -> LoadedCheckpoint:
    """Load the checkpoint ``which``, see :class:`CheckpointRef`, of ``model``.

    A damaged one is refused if it was chosen by its step. Otherwise the next best or the previous
    one is loaded, the damaged one is set aside, and ``warning`` says so; if there is no other, it
    stays.
    """
    candidates = model.candidates(which)
    errors: dict[CheckpointInfo, CharloomError] = {}
    for candidate in candidates:
        try:
            loaded = checkpoint.load(candidate.path)
        except UnreadableError:
            raise
        except CharloomError as error:
            errors[candidate] = error
        else:
            return loaded._replace(warning=_set_aside(model.name, list(errors), candidate.step))
    raise _damaged_error(model, candidates[0], errors[candidates[0]])


def load_network(ref: str) -> NumpyLSTM:
    """Return the network that ``ref``, such as ``"weaver"`` or ``"weaver@1200"``, names."""
    return NumpyLSTM(load_checkpoint(CheckpointRef.parse(ref)).checkpoint)


def model_dirs() -> list[ModelDir]:
    """Return the folders of all models but the bundled ones, in no order."""
    names = {unicodedata.normalize("NFC", path.name) for path in list_folder()}  # HFS+ decomposes
    folders = (ModelDir(paths.models_dir() / name) for name in names)
    reserved = reserved_names()
    return [f for f in folders if _is_model(f) and f.name.casefold() not in reserved]


def list_folder() -> list[Path]:
    """Return all paths in the folder of models, also foreign ones; none if it does not exist."""
    with storage_errors("The models cannot be listed"):
        return list(paths.models_dir().iterdir()) if paths.models_dir().is_dir() else []


def _is_model(folder: ModelDir) -> bool:
    try:
        paths.check_name(folder.name)
        return folder.checkpoints.is_dir() or folder.run_config.is_file()
    except (CharloomError, OSError):  # a foreign folder, or one without permission
        return False


@contextlib.contextmanager
def storage_errors(what: str, advice: str = "") -> Iterator[None]:
    """Turn an ``OSError``, or the ``ValueError`` of a path with a NUL, into a sentence."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what} ({error.strerror or error}){advice}.") from error
    except ValueError as error:
        raise CharloomError(f"{what} ({error}).") from error


def _assets() -> Path:
    return Path(str(importlib.resources.files("charloom.assets")))


def _read_named(name: str) -> ModelInfo:
    if name in bundled_names():
        return ModelInfo(name, True, tuple(_read_header(_assets() / f"{name}.safetensors")))
    return read_model(ModelDir.named(name))


def read_model(folder: ModelDir) -> ModelInfo:
    """Return the model in ``folder``, reading only the headers of its checkpoints."""
    with storage_errors(f"The checkpoints of {folder.name!r} cannot be listed"):
        files = list(folder.checkpoint_files())
    headers = (info for step, path in files for info in _read_header(path, step))
    return ModelInfo(folder.name, False, tuple(headers))


def _read_header(path: Path, step: int | None = None) -> Iterator[CheckpointInfo]:
    """Yield what the header of a file says; nothing if a trainer has just deleted the file.

    ``step`` is the step in the file's name, if it has one.
    """
    metadata, problem = None, ""
    try:
        metadata = checkpoint.read_metadata(path)
        step = metadata.step if step is None else step
    except CharloomError as error:
        problem = str(error)
    try:
        size, pinned = path.stat().st_size, path.with_suffix(".pin").exists()
    except OSError:
        return
    yield CheckpointInfo(step or 0, path, size, pinned, metadata, problem)


def _rank(info: CheckpointInfo) -> tuple[bool, bool, float, int]:
    losses = info.metadata.losses if info.metadata else Losses()
    few = is_few(losses.validation_characters)  # by chance such a loss may be the lowest
    return losses.validation is None, few, losses.validation or 0.0, -info.step


def _set_aside(name: str, damaged: list[CheckpointInfo], used: int) -> str:
    """Rename ``damaged`` checkpoints, so that they are not read again; return the warning."""
    if not damaged:
        return ""
    aside = ""
    for each in damaged:
        with contextlib.suppress(OSError):  # a read-only store can still be used
            each.path.replace(each.path.with_name(f"{each.path.name}.damaged"))
            aside = " and set aside"
    steps = ", ".join(f"@{each.step}" for each in damaged)
    return f"The checkpoint {name}{steps} is damaged{aside}; @{used} is used instead."


def _damaged_error(model: ModelInfo, info: CheckpointInfo, error: CharloomError) -> CharloomError:
    """Return the error for a damaged checkpoint that no other replaces."""
    others = [c for c in model.checkpoints if c.metadata and c.path != info.path]
    if not others:
        return error
    listed = ", ".join(str(CheckpointRef.at(model.name, info.step)) for info in others)
    return CharloomError(f"{str(error).rstrip('.')}; other checkpoints: {listed}.")
