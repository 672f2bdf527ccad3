"""The named models on this computer: what there is, and every way to change it.

    models/NAME/checkpoints/step-00001200.safetensors    a checkpoint; step-00001200.pin keeps it
    models/NAME/notes.md                                 a person's own words about the model

How to list models and address their checkpoints: :mod:`core.store.read`, whose functions are here
too, so that those who use the store need to know one room. The bundled model can be used,
noted about and exported, not changed, and its name is taken.
"""

import contextlib
import hashlib
import itertools
import re
import shlex
import unicodedata
import uuid
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import TEMPORARY, make_folder, new_folder, sweep, write_atomically
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.store.read import (
    BUNDLED,
    CheckpointInfo,
    ModelInfo,
    checkpoint_path,
    find_checkpoint,
    find_model,
    is_model,
    list_models,
    load_checkpoint,
    model_dir,
    model_dirs,
    model_names,
    resolve_path,
    storage_errors,
)

__all__ = [
    "BUNDLED",
    "CheckpointInfo",
    "ModelInfo",
    "PruneResult",
    "check_unused",
    "checkpoint_path",
    "export_model",
    "find_checkpoint",
    "find_model",
    "import_model",
    "list_models",
    "load_checkpoint",
    "model_dir",
    "model_names",
    "new_model_folder",
    "pin_checkpoint",
    "prune_checkpoints",
    "read_notes",
    "remove_model",
    "rename_model",
    "resolve_path",
    "save_checkpoint",
    "select_thinned",
    "sweep_model",
    "unused_name",
    "write_notes",
]


_NOTES = "notes.md"


class PruneResult(NamedTuple):
    """How many files were deleted, and how many bytes that freed."""

    files: int
    size: int


def check_unused(name: str, apart_from: str = "") -> None:
    """Refuse a name that is taken; two that differ by case alone are one on some systems."""
    paths.check_name(name)
    taken = {BUNDLED, *(path.name for path in model_dirs())} - {apart_from}
    for each in taken:
        if each.casefold() == name.casefold():
            raise CharloomError(f"The name {each!r} is taken; choose another than {name!r}.")


def unused_name(title: str) -> str:
    """Return a name made of ``title`` that no model has yet."""
    words = re.findall(r"[^\W_]+", unicodedata.normalize("NFC", title.casefold()))[:4]
    stem = "-".join(words)[:40] or "model"
    taken = {BUNDLED, *(path.name.casefold() for path in model_dirs())}
    numbered = (f"{stem}-{number}" for number in itertools.count(2))
    free = (name for name in itertools.chain([stem], numbered) if name not in taken)
    return next(filter(_is_name, free))


@contextlib.contextmanager
def new_model_folder(name: str) -> Iterator[Path]:
    """Fill the folder of a new model, which appears whole or not at all; a taken name is refused.

    What is given is the folder under another name, with an empty ``checkpoints`` in it.
    """
    check_unused(name)
    make_folder(paths.models())
    sweep(paths.models())
    advice = f"; see that you may write to {str(paths.models())!r} and that there is room"
    with (
        storage_errors(f"The model {name!r} cannot be made", advice),
        new_folder(model_dir(name)) as made,
    ):
        (made / "checkpoints").mkdir(mode=0o700)
        yield made


def save_checkpoint(name: str, new: Checkpoint, keep: int = 12) -> Path:
    """Write a checkpoint of the model ``name``, making the model if need be, and thin the others.

    At most ``keep`` checkpoints that are not pinned remain (two at least, for the best and the
    newest): see :func:`select_thinned`. A damaged one is left for the person to judge.
    """
    if not is_model(_writable(name)):
        with new_model_folder(name):
            pass
    path = checkpoint_path(name, new.step)
    make_folder(path.parent)
    checkpoint.save(new, path)
    info = find_model(name)
    loose = [each for each in info.checkpoints if each.card and not each.pinned]
    dropped = select_thinned([each.step for each in loose], _kept(info), keep)
    _delete(each for each in loose if each.step in dropped)
    return path


def select_thinned(steps: Collection[int], kept: Collection[int], keep: int) -> set[int]:
    """Return which of ``steps`` to drop so that ``keep`` remain, spread evenly over the run.

    Again and again the one goes whose neighbours, before and after, are nearest to each other (the
    earliest of such), counted in steps from 0 on; ``kept`` ones and the last never go.
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
    """Delete all checkpoints of a model but its best, its newest and the pinned ones."""
    _writable(name)
    sweep_model(name)
    info = find_model(name)
    kept = _kept(info)
    return _delete(c for c in info.checkpoints if not c.pinned and c.step not in kept)


def pin_checkpoint(address: str, on: bool = True) -> None:
    """Keep the checkpoint at ``address`` whatever else is thinned; or, not ``on``, no longer."""
    info, found = find_checkpoint(address)
    _writable(info.name)
    mark = found.path.with_suffix(".pin")
    with storage_errors(f"The checkpoint {str(found.path)!r} cannot be pinned or unpinned"):
        if on:
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)


def rename_model(old: str, new: str) -> None:
    """Call a model ``new`` from now on. A model that is being trained is left alone."""
    _check_idle(old)
    check_unused(new, apart_from=old)
    with storage_errors(f"The model {old!r} cannot be renamed"):
        model_dir(old).rename(model_dir(new))


def remove_model(name: str) -> None:
    """Delete a model and all its files. A model that is being trained is left alone."""
    _check_idle(name)
    with storage_errors(f"The model {name!r} cannot be removed"):
        # Out of sight in one step; what cannot be deleted now goes when next there is a sweep.
        model_dir(name).rename(paths.models() / f".{uuid.uuid4().hex}{TEMPORARY}")
        sweep(paths.models())


def sweep_model(name: str) -> None:
    """Clear away what killed writers have left of a model."""
    for each in (model_dir(name), model_dir(name) / "checkpoints"):
        sweep(each)


def export_model(address: str, target: Path, half: bool = False, force: bool = False) -> Path:
    """Copy the checkpoint at ``address`` to a file, or into a folder as ``NAME-STEP.safetensors``.

    With ``half`` its numbers take 16 bits each. What is noted about the model goes along in the
    file's card. Returns the file's path; one that exists is replaced only by ``force``.
    """
    info, found = find_checkpoint(address)
    loaded = load_checkpoint(f"{info.name}@{found.step}")
    noted = _noted(info.name, loaded.checkpoint)
    with storage_errors(f"The checkpoint cannot be written to {str(target)!r}"):
        if target.is_dir():
            target /= f"{info.name}-{found.step}.safetensors"
        if target.exists() and not target.is_file():  # a pipe or a device is not to be replaced
            raise CharloomError(f"{str(target)!r} is not a regular file; choose another name.")
        if target.exists() and not force:
            raise CharloomError(f"{str(target)!r} is already there; use --force to replace it.")
        if half or noted is not loaded.checkpoint:
            stored_half = all(tensor.itemsize == 2 for tensor in noted.tensors.values())
            checkpoint.save(noted, target, half=half or stored_half)
        else:
            _copy(found.path, target, loaded.sha256)
    return target


def import_model(source: Path, name: str | None = None) -> str:
    """Take a checkpoint file into the store as a new model and return the model's name.

    The name is the file's, without what a name cannot have, unless another is given. What is noted
    in the file is noted about the model.
    """
    loaded = checkpoint.load(source)
    name = _name_from(source.stem) if name is None else name
    with (
        new_model_folder(name) as made,
        storage_errors(f"The checkpoint {str(source)!r} cannot be copied"),
    ):
        target = made / "checkpoints" / checkpoint_path(name, loaded.checkpoint.step).name
        _copy(source, target, loaded.sha256)
        if loaded.checkpoint.note:
            write_atomically(made / _NOTES, _as_bytes(loaded.checkpoint.note))
    return name


def read_notes(name: str) -> str:
    """Return what a person noted about a model, or nothing."""
    with storage_errors("The notes cannot be read"):
        path = model_dir(find_model(name).name) / _NOTES
        return path.read_text("utf-8", errors="replace") if path.is_file() else ""


def write_notes(name: str, text: str) -> None:
    """Replace what is noted about a model; the folder of the bundled one has nothing else in it."""
    info = find_model(name)
    with storage_errors("The notes cannot be written"):
        if info.bundled:
            make_folder(model_dir(name))
        write_atomically(model_dir(name) / _NOTES, _as_bytes(text))


def _noted(name: str, found: Checkpoint) -> Checkpoint:
    """Return a checkpoint of ``name`` with its notes; itself where there are no others."""
    written = read_notes(name)
    if written == found.note or not (model_dir(name) / _NOTES).is_file():
        return found
    try:
        return replace(found, note=written)
    except CharloomError as error:
        raise CharloomError(
            f"The notes about {name!r} are too long to go along with it; shorten them."
        ) from error


def _as_bytes(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _copy(source: Path, target: Path, sha256: str) -> None:
    """Copy a file that had this digest when it was looked at."""
    data = source.read_bytes()
    if hashlib.sha256(data).hexdigest() != sha256:
        raise CharloomError(f"{str(source)!r} was changed while it was read; do it again.")
    write_atomically(target, data)


def _kept(info: ModelInfo) -> set[int]:
    return {each.step for each in (info.best, info.newest) if each}


def _delete(unwanted: Iterable[CheckpointInfo]) -> PruneResult:
    files = size = 0
    for each in unwanted:
        with storage_errors(f"The checkpoint {str(each.path)!r} cannot be deleted"):
            each.path.unlink(missing_ok=True)
        files, size = files + 1, size + each.size
    return PruneResult(files, size)


def _writable(name: str) -> Path:
    """Return the folder of a model that is not the bundled one."""
    if name.casefold() == BUNDLED:
        raise CharloomError(f"The model {BUNDLED!r} comes with Charloom and cannot be changed.")
    return model_dir(name)


def _check_idle(name: str) -> None:
    """Refuse a model whose lock a trainer holds.

    The lock is let go at once: where an open file keeps its folder in place, as on Windows,
    holding it would forbid the very renaming that it is to protect.
    """
    path = _writable(find_model(name).name) / "lock"
    with storage_errors(f"The lock of the model {name!r} cannot be looked at"):
        if not path.exists():
            return
        from filelock import FileLock, Timeout  # 45 ms, and most commands change no model

        try:
            # Whoever looks whether it is trained holds the lock for microseconds.
            with FileLock(path, timeout=0.1, poll_interval=0.01):
                pass
        except Timeout as error:
            raise CharloomError(
                f"The model {name!r} is being trained; "
                f"`charloom stop {shlex.quote(name)}` ends that."
            ) from error


def _is_name(name: str) -> bool:
    with contextlib.suppress(CharloomError):
        return bool(paths.check_name(name))
    return False


def _name_from(stem: str) -> str:
    composed = unicodedata.normalize("NFC", stem)
    plain = "".join(c if c.isalnum() or c in "-_. " else "-" for c in composed)
    return plain.strip("-. ")[:64].rstrip("-. ") or "model"
