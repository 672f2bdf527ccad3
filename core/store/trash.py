"""Deleted models, runs and checkpoints, which can be restored until their process ends."""

from dataclasses import dataclass
from typing import NamedTuple

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import HiddenFolder, make_folder
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import storage_errors
from charloom.core.store.write import (
    PruneResult,
    check_unused,
    idle_folder,
    prunable_checkpoints,
    unused_name,
)

_PRUNED = "pruned"  # a folder in that of a model, for a moment


class Restored(NamedTuple):
    """A model that was called ``deleted``, or so many ``checkpoints`` that were pruned from it."""

    name: str
    deleted: str
    checkpoints: int = 0


@dataclass(frozen=True, slots=True)
class _Entry:
    """A hidden folder: that of a model, or of its pruned checkpoints, in its folder."""

    name: str
    hidden: HiddenFolder
    pruned: bool = False


class Trash:
    """The models and checkpoints that this process has deleted.

    They stay in the store in folders with hidden names, which :func:`core.files.sweep` removes once
    this process has ended, however that happens.
    """

    def __init__(self) -> None:
        self._entries: list[_Entry] = []

    @property
    def last(self) -> str:
        """The name of the model that was deleted or pruned last; "" if there is none."""
        return self._entries[-1].name if self._entries else ""

    def delete(self, name: str) -> None:
        """Delete a model; a bundled one, and one that is being trained, are refused."""
        folder = idle_folder(name)
        with storage_errors(f"The model {name!r} cannot be deleted"):
            self._entries.append(_Entry(folder.name, HiddenFolder(folder.path)))

    def prune(self, name: str) -> PruneResult:
        """Delete all checkpoints of a model except its best, its newest and the pinned ones."""
        checkpoints = prunable_checkpoints(name)
        if checkpoints:
            folder = ModelDir.named(name).path / _PRUNED
            with storage_errors(f"The checkpoints of {name!r} cannot be deleted"):
                folder.mkdir(mode=0o700, exist_ok=True)
                hidden = HiddenFolder(folder)
                self._entries.append(_Entry(name, hidden, pruned=True))
                for info in checkpoints:
                    info.path.rename(hidden.path / info.path.name)
        return PruneResult(len(checkpoints), sum(info.size for info in checkpoints))

    def restore(self) -> Restored:
        """Restore what was deleted last; a model gets a new name if its own is taken."""
        entry = self._entries.pop()
        try:
            return _restore_checkpoints(entry) if entry.pruned else _restore_model(entry)
        except CharloomError:
            if entry.hidden.path.exists():
                self._entries.append(entry)
            raise

    def empty(self) -> None:
        """Remove the files of all that was deleted."""
        while self._entries:
            entry = self._entries.pop()
            _locate(entry)
            entry.hidden.remove()


def _restore_model(entry: _Entry) -> Restored:
    free = _free_name(entry.name)
    make_folder(paths.models_dir())
    with storage_errors(f"The model {entry.name!r} cannot be restored"):
        entry.hidden.rename(ModelDir.named(free).path)
    return Restored(free, entry.name)


def _restore_checkpoints(entry: _Entry) -> Restored:
    _locate(entry)
    folder = ModelDir(entry.hidden.path.parent)
    with storage_errors(f"The checkpoints of {entry.name!r} cannot be restored"):
        files = list(entry.hidden.path.iterdir())
        for path in files:
            if not (folder.checkpoints / path.name).exists():  # saved again
                path.rename(folder.checkpoints / path.name)
    entry.hidden.remove()
    return Restored(folder.name, entry.name, len(files))


def _locate(entry: _Entry) -> None:
    """Find pruned checkpoints of a model that was renamed, or deleted and restored."""
    if entry.pruned:
        found = paths.models_dir().glob(f"*/{entry.hidden.path.name}")
        entry.hidden.path = next(found, entry.hidden.path)


def _free_name(name: str) -> str:
    try:
        check_unused(name)
    except CharloomError:
        return unused_name(name)
    return name
