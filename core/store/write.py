"""Create and change the models on disk.

The bundled models can be used, annotated and exported, but not changed; their names are taken.
"""

import contextlib
import hashlib
import itertools
import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from charloom.core import paths
from charloom.core.errors import BeingTrainedError, CharloomError, SettingError
from charloom.core.files import (
    HiddenFolder,
    make_folder,
    new_folder,
    sweep,
    write_atomically,
)
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import (
    CheckpointInfo,
    ModelInfo,
    bundled_names,
    find_checkpoint,
    find_model,
    list_folder,
    load_from,
    read_model,
    reserved_names,
    storage_errors,
)
from charloom.core.store.ref import CheckpointRef

_MAX_NUMBER_DIGITS = 9  # of a number at the end of a name
_MAX_EXPORT_BYTES = 224  # of a model's name in the name of a file, before step and suffix


class PruneResult(NamedTuple):
    """The number of deleted files, and their bytes."""

    files: int
    size: int


def check_unused(name: str, except_for: str = "") -> None:
    """Refuse a name that is taken, also in another case: some file systems ignore case."""
    name = paths.check_name(name)
    taken = {*reserved_names(), *(path.name for path in list_folder())} - {except_for}
    for other in taken:
        if other.casefold() == name.casefold():
            raise CharloomError(f"The name {other!r} is taken; choose another than {name!r}.")


def unused_name(title: str) -> str:
    """Return a name for a new model, made of ``title``."""
    words = re.findall("[^-_. ]+", paths.replace_invalid(title.lower(), " "))[:4]
    stem = paths.shorten_name("-".join(words), 40) or "model"
    return _first_unused(itertools.chain([stem], _numbered(stem, 2)))


def next_name(name: str) -> str:
    """Return a name for a successor of the model ``name``, such as ``diary-3`` for ``diary-2``."""
    stem, _, digits = name.rpartition("-")
    if not (stem and digits.isdecimal() and len(digits) <= _MAX_NUMBER_DIGITS):
        stem, digits = name, "1"
    return _first_unused(_numbered(stem, int(digits) + 1))


def _numbered(stem: str, first: int) -> Iterator[str]:
    for number in itertools.count(first):
        end = f"-{number}"
        yield paths.shorten_name(stem, paths.MAX_NAME_CHARACTERS - len(end)).rstrip(". ") + end


def _first_unused(names: Iterable[str]) -> str:
    taken = {*reserved_names(), *(path.name.casefold() for path in list_folder())}
    return next(name for name in names if _is_name(name) and name.casefold() not in taken)


@contextlib.contextmanager
def new_model_folder(name: str) -> Iterator[ModelDir]:
    """Fill the folder of a new model, which appears complete or not at all.

    Yields the folder under a temporary name, with an empty ``checkpoints`` in it. A taken name is
    refused.
    """
    check_unused(name)
    make_folder(paths.models_dir())
    sweep(paths.models_dir())
    advice = f"; see that you may write to {str(paths.models_dir())!r} and that there is room"
    with (
        storage_errors(f"The model {name!r} cannot be made", advice),
        new_folder(ModelDir.named(name).path) as path,
    ):
        folder = ModelDir(path)
        folder.checkpoints.mkdir(mode=0o700)
        yield folder


def save_checkpoint(folder: ModelDir, new: Checkpoint, keep: int = 12) -> Path:
    """Write a checkpoint of the model in ``folder`` and thin the others; return its path.

    At most ``keep`` checkpoints that are not pinned remain (at least two: the best and the
    newest); see :func:`select_thinned`. Damaged ones are left to the user.
    """
    path = folder.checkpoint(new.step)
    make_folder(path.parent)
    checkpoint.save(new, path)
    model = read_model(folder)
    loose = [info for info in model.checkpoints if info.metadata and not info.pinned]
    kept = _kept(model) | {0}  # the start of a run from a base, which is needed at its end
    dropped = select_thinned([info.step for info in loose], kept, keep)
    _delete(info for info in loose if info.step in dropped)
    return path


def select_thinned(steps: Collection[int], kept: Collection[int], keep: int) -> set[int]:
    """Return which of ``steps`` to drop so that ``keep`` remain, spread evenly over the run.

    Repeatedly drops the step whose neighbours (step 0 included) are closest to each other, the
    earliest one if several are. The ``kept`` steps and the last one are never dropped.
    """
    left = sorted(steps)
    while len(left) > keep:
        around = zip([0, *left], left, left[1:], strict=False)
        gaps = [(after - before, step) for before, step, after in around if step not in kept]
        if not gaps:
            break
        left.remove(min(gaps)[1])
    return set(steps) - set(left)


def prune_checkpoints(name: str) -> PruneResult:
    """Delete all checkpoints of a model except its best, its newest and the pinned ones."""
    checkpoints = prunable_checkpoints(name)
    sweep_model(ModelDir.named(name))
    return _delete(checkpoints)


def prunable_checkpoints(name: str) -> list[CheckpointInfo]:
    """Return the checkpoints that pruning deletes; a bundled model is refused."""
    _check_not_bundled(name)
    model = find_model(name)
    kept = _kept(model)
    return [info for info in model.checkpoints if not info.pinned and info.step not in kept]


def pin_checkpoint(ref: CheckpointRef, on: bool = True) -> CheckpointRef:
    """Protect ``ref`` from thinning, or not (``on=False``), and return it by its step."""
    model, info = find_checkpoint(ref)
    _check_not_bundled(model.name)
    pin = ModelDir.named(model.name).pin(info.step)
    with storage_errors(f"The checkpoint {str(info.path)!r} cannot be pinned or unpinned"):
        if on:
            pin.touch(mode=0o600)
        else:
            pin.unlink(missing_ok=True)
    return CheckpointRef.at(model.name, info.step)


def rename_model(old: str, new: str) -> str:
    """Rename a model and return its new name; one that is being trained is refused."""
    folder, renamed = idle_folder(old), ModelDir.named(new)
    check_unused(new, except_for=folder.name)
    with storage_errors(f"The model {old!r} cannot be renamed"):
        folder.path.rename(renamed.path)
    return renamed.name


def remove_model(name: str) -> None:
    """Delete a model and all its files for good; one that is being trained is refused."""
    folder = idle_folder(name)
    with storage_errors(f"The model {name!r} cannot be removed"):
        HiddenFolder(folder.path).remove()
        sweep(paths.models_dir())


def sweep_model(folder: ModelDir) -> None:
    """Delete the unfinished files of killed writers."""
    for path in (folder.path, folder.checkpoints):
        sweep(path)


def export_model(ref: CheckpointRef, target: Path, half: bool = False, force: bool = False) -> Path:
    """Copy the checkpoint ``ref`` to a file, or into a folder as ``NAME-STEP.safetensors``.

    With ``half``, its weights take 16 bits each. The notes about the model go into the file's
    metadata. Returns the file's path; an existing file is replaced only by ``force``.
    """
    model, info = find_checkpoint(ref)
    loaded = load_from(model, str(info.step))
    annotated = _with_notes(model.name, loaded.checkpoint)
    with storage_errors(f"The checkpoint cannot be written to {str(target)!r}"):
        if target.is_dir():
            target /= export_name(CheckpointRef.at(model.name, info.step))
        if target.exists() and not target.is_file():  # never replace a pipe or a device
            raise CharloomError(f"{str(target)!r} is not a regular file; choose another name.")
        if target.exists() and not force:
            raise SettingError(
                "force", f"is needed to replace {str(target)!r}, which already exists."
            )
        if half or annotated is not loaded.checkpoint:
            is_half = all(tensor.itemsize == 2 for tensor in annotated.tensors.values())
            checkpoint.save(annotated, target, half=half or is_half)
        else:
            _copy(info.path, target, loaded.sha256)
    return target


def export_name(ref: CheckpointRef) -> str:
    """Return the suggested name of a file for ``ref``, of at most 255 bytes."""
    return f"{paths.shorten_name(ref.name, max_bytes=_MAX_EXPORT_BYTES)}-{ref.which}.safetensors"


def import_model(source: Path, name: str | None = None) -> str:
    """Copy a checkpoint file into the store as a new model and return the model's name.

    Without ``name``, the name of the file is used, without characters that a name cannot have. The
    notes in the file become those of the model.
    """
    loaded = checkpoint.load(source)
    name = _name_from(source.stem) if name is None else paths.check_name(name)
    with (
        new_model_folder(name) as folder,
        storage_errors(f"The checkpoint {str(source)!r} cannot be copied"),
    ):
        _copy(source, folder.checkpoint(loaded.checkpoint.step), loaded.sha256)
        if loaded.checkpoint.note:
            write_atomically(folder.notes, _as_bytes(loaded.checkpoint.note))
    return name


def read_notes(name: str) -> str:
    """Return the user's notes about a model; ``""`` if there are none."""
    with storage_errors("The notes cannot be read"):
        path = ModelDir.named(find_model(name).name).notes
        return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def write_notes(name: str, text: str) -> None:
    """Replace the notes about a model; for a bundled one, they are all that its folder holds."""
    folder = ModelDir.named(find_model(name).name)
    with storage_errors("The notes cannot be written"):
        if name in bundled_names():
            make_folder(folder.path)
        write_atomically(folder.notes, _as_bytes(text))


def _with_notes(name: str, loaded: Checkpoint) -> Checkpoint:
    """Return ``loaded`` with the notes about the model; the same object if they are the same."""
    notes = read_notes(name)
    if notes == loaded.note or not ModelDir.named(name).notes.is_file():
        return loaded
    try:
        return replace(loaded, note=notes)
    except CharloomError as error:
        raise CharloomError(
            f"The notes about {name!r} are too long to go along with it; shorten them."
        ) from error


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _copy(source: Path, target: Path, sha256: str) -> None:
    """Copy a file; one whose digest is not ``sha256`` any more is refused."""
    data = source.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CharloomError(f"{str(source)!r} was changed while it was read; do it again.")
    write_atomically(target, data)


def _kept(model: ModelInfo) -> set[int]:
    return {info.step for info in (model.best, model.newest) if info}


def _delete(checkpoints: Iterable[CheckpointInfo]) -> PruneResult:
    files = size = 0
    for info in checkpoints:
        with storage_errors(f"The checkpoint {str(info.path)!r} cannot be deleted"):
            info.path.unlink(missing_ok=True)
        files, size = files + 1, size + info.size
    return PruneResult(files, size)


def _check_not_bundled(name: str) -> None:
    if name.casefold() in reserved_names():
        raise CharloomError(f"The model {name!r} comes with Charloom and cannot be changed.")


def idle_folder(name: str) -> ModelDir:
    """Return the folder of a model; refuse a bundled one, and one whose lock a trainer holds.

    The lock is released at once: on Windows, where an open file keeps its folder in place, holding
    it would prevent the very renaming that it is to protect.
    """
    _check_not_bundled(find_model(name).name)
    folder = ModelDir.named(name)
    with storage_errors(f"The lock of the model {name!r} cannot be looked at"):
        if not folder.lock.exists():
            return folder
        from filelock import FileLock, Timeout  # takes 45 ms, and most commands change no model

        try:
            # A reader that checks whether the model is being trained holds it for microseconds.
            with FileLock(folder.lock, timeout=0.1, poll_interval=0.01):
                pass
        except Timeout as error:
            raise BeingTrainedError(name) from error
    return folder


def _is_name(name: str) -> bool:
    with contextlib.suppress(CharloomError):
        return bool(paths.check_name(name))
    return False


def _name_from(stem: str) -> str:
    plain = paths.replace_invalid(stem, "-").strip("-. ")
    return paths.shorten_name(plain).rstrip("-. ") or "model"
