"""What models there are and which checkpoint an address means: the reading half of the store.

    models/NAME/checkpoints/step-00001200.safetensors    a checkpoint; step-00001200.pin keeps it
    models/NAME/checkpoints/….safetensors.damaged        one that was found damaged and set aside

An *address* names a checkpoint: ``NAME`` or ``NAME@best`` (the lowest validation loss, or
the newest where none was measured), ``NAME@last``, ``NAME@1200``. One model comes with Charloom:
:data:`BUNDLED`. Whatever else stands among the models is passed over.
"""

import contextlib
import difflib
import importlib.resources
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from charloom.core import paths
from charloom.core.errors import CharloomError, StorageError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import LoadedCheckpoint, UnreadableError
from charloom.core.model.metadata import CheckpointMetadata

BUNDLED = "frankenstein"

_FILE = re.compile(r"step-([0-9]{8}|[1-9][0-9]{8,12})\.safetensors")


@dataclass(frozen=True, slots=True)
class CheckpointInfo:
    """One checkpoint of a model, seen from outside: ``card`` is None when it is damaged."""

    step: int
    path: Path
    size: int  # bytes
    pinned: bool
    card: CheckpointMetadata | None
    fault: str = ""  # why it cannot be used


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """One model and its checkpoints by step."""

    name: str
    bundled: bool
    checkpoints: tuple[CheckpointInfo, ...]

    @property
    def best(self) -> CheckpointInfo | None:
        """The sound checkpoint with the lowest validation loss; where none has one, the newest."""
        sound = [each for each in self.checkpoints if each.card]
        return min(sound, key=_rank, default=None)

    @property
    def newest(self) -> CheckpointInfo | None:
        """The checkpoint of the highest step, sound or not."""
        return self.checkpoints[-1] if self.checkpoints else None


def model_dir(name: str) -> Path:
    """Return where the files of a model of this name are kept."""
    return paths.models() / paths.check_name(name)


def checkpoint_path(name: str, step: int) -> Path:
    """Return where the checkpoint of a model after ``step`` steps is kept."""
    return model_dir(name) / "checkpoints" / f"step-{step:08d}.safetensors"


def model_names() -> tuple[str, ...]:
    """Return the names of all models, the bundled one first."""
    bundled = (BUNDLED,) if _bundled_file().is_file() else ()
    return bundled + tuple(sorted(path.name for path in model_dirs() if is_model(path)))


def list_models() -> tuple[ModelInfo, ...]:
    """Return all models, reading only the headers of their checkpoints."""
    return tuple(_model_info(name) for name in model_names())


def find_model(name: str) -> ModelInfo:
    """Return what there is of the model ``name``, or say which names are near it."""
    known = model_names()
    if name in known:
        return _model_info(name)
    folded = {each.casefold(): each for each in known}
    near = difflib.get_close_matches(name.casefold()[:100], folded, n=3)
    meant = f"did you mean {' or '.join(repr(folded[each]) for each in near)}? " if near else ""
    raise CharloomError(
        f"There is no model called {_short(name)}; {meant}`charloom models` lists them all."
    )


def find_checkpoint(address: str) -> tuple[ModelInfo, CheckpointInfo]:
    """Return the model and the checkpoint that ``address`` names, or say which there are."""
    info, line = _candidates(address)
    return info, line[0]


def resolve_path(address: str) -> Path:
    """Return the checkpoint file at ``address``."""
    return find_checkpoint(address)[1].path


def load_checkpoint(address: str) -> LoadedCheckpoint:
    """Load the checkpoint at ``address``.

    A damaged one that was named by its number is refused. Else the next best or the one before is
    used, the damaged one is set aside, and ``warning`` says so; where there is none, it stays.
    """
    info, line = _candidates(address)
    damaged: dict[CheckpointInfo, CharloomError] = {}
    for each in line:
        try:
            loaded = checkpoint.load(each.path)
        except UnreadableError:
            raise
        except CharloomError as error:
            damaged[each] = error
        else:
            return loaded._replace(warning=_set_aside(info.name, list(damaged), each.step))
    raise _damaged(info, line[0], damaged[line[0]])


def model_dirs() -> list[Path]:
    """Return what stands in the folder of models, of whatever kind; nothing if there is none."""
    with storage_errors("The models cannot be listed"):
        return list(paths.models().iterdir()) if paths.models().is_dir() else []


def is_model(path: Path) -> bool:
    """Whether a model of the person's own is kept in the folder ``path``."""
    try:
        paths.check_name(path.name)
        has_part = (path / "checkpoints").is_dir() or (path / "run.json").is_file()
    except (CharloomError, OSError):  # somebody else's, or not to be looked into
        return False
    return has_part and path.name.casefold() != BUNDLED


@contextlib.contextmanager
def storage_errors(what: str, advice: str = "") -> Iterator[None]:
    """Tell of a failing file system, or a path that it cannot have, in a sentence."""
    try:
        yield
    except OSError as error:
        raise StorageError(f"{what} ({error.strerror or error}){advice}.") from error
    except ValueError as error:  # a NUL in the path
        raise CharloomError(f"{what} ({error}).") from error


def _bundled_file() -> Path:
    return Path(str(importlib.resources.files("charloom.assets") / f"{BUNDLED}.safetensors"))


def _model_info(name: str) -> ModelInfo:
    if name == BUNDLED:
        return ModelInfo(name, True, tuple(_inspect(_bundled_file())))
    place = model_dir(name) / "checkpoints"
    with storage_errors(f"The checkpoints of {name!r} cannot be listed"):
        files = [path for path in place.iterdir() if path.is_file()] if place.is_dir() else []
    matches = [(_FILE.fullmatch(path.name), path) for path in files]
    numbered = sorted((int(match[1]), path) for match, path in matches if match)
    found = (info for step, path in numbered for info in _inspect(path, step))
    return ModelInfo(name, False, tuple(found))


def _inspect(path: Path, step: int | None = None) -> Iterator[CheckpointInfo]:
    """Look at a file's header; yield nothing if it is gone, as when a trainer thins meanwhile.

    ``step`` is what the file's name says, if it says one.
    """
    card, fault = None, ""
    try:
        card = checkpoint.read_metadata(path)
        step = card.step if step is None else step
    except CharloomError as error:
        fault = str(error)
    try:
        size, pinned = path.stat().st_size, path.with_suffix(".pin").exists()
    except OSError:
        return
    yield CheckpointInfo(step or 0, path, size, pinned, card, fault)


def _rank(info: CheckpointInfo) -> tuple[bool, float, int]:
    loss = info.card.losses.validation if info.card else None
    return loss is None, loss or 0.0, -info.step


def _candidates(address: str) -> tuple[ModelInfo, list[CheckpointInfo]]:
    """Return the model and the checkpoints that ``address`` may mean, the first choice first."""
    name, _, which = address.partition("@")
    info = find_model(name)
    if not info.checkpoints:
        raise CharloomError(f"The model {name!r} has no checkpoint yet; train it a little longer.")
    named = {str(each.step): [each] for each in info.checkpoints}
    named["last"] = list(reversed(info.checkpoints))
    named["best"] = sorted((c for c in info.checkpoints if c.card), key=_rank) or named["last"][:1]
    if line := named.get(which or "best"):
        return info, line
    raise CharloomError(
        f"The model {name!r} has no checkpoint {_short('@' + which)}; it has @{', @'.join(named)}."
    )


def _set_aside(name: str, damaged: list[CheckpointInfo], used: int) -> str:
    """Rename ``damaged`` ones, so that none of them is met again; return what to tell of them."""
    if not damaged:
        return ""
    aside = ""
    for each in damaged:
        with contextlib.suppress(OSError):  # a store that cannot be changed is read none the less
            each.path.replace(each.path.with_name(f"{each.path.name}.damaged"))
            aside = " and set aside"
    steps = ", ".join(f"@{each.step}" for each in damaged)
    return f"The checkpoint {name}{steps} is damaged{aside}; @{used} is used instead."


def _damaged(info: ModelInfo, found: CheckpointInfo, error: CharloomError) -> CharloomError:
    """Return what to say of a damaged checkpoint in whose place no other is used."""
    sound = [c for c in info.checkpoints if c.card and c.path != found.path]
    if not sound:
        return error
    others = ", ".join(f"{info.name}@{each.step}" for each in sound)
    return CharloomError(f"{str(error).rstrip('.')}; other checkpoints: {others}.")


def _short(text: str) -> str:
    return repr(text if len(text) <= 64 else text[:64] + "…")
