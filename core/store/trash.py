"""Deleted models and runs, which can be restored until the process that deleted them ends."""

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import HiddenFolder, make_folder
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import storage_errors
from charloom.core.store.write import check_unused, idle_folder, unused_name


class Trash:
    """The models that this process has deleted.

    Their folders stay among the models under hidden names, which :func:`core.files.sweep` removes
    once this process has ended, however that happens.
    """

    def __init__(self) -> None:
        self._deleted: list[tuple[str, HiddenFolder]] = []

    @property
    def last(self) -> str:
        """The name of the model that was deleted last; "" if there is none."""
        return self._deleted[-1][0] if self._deleted else ""

    def delete(self, name: str) -> None:
        """Delete a model; a bundled one, and one that is being trained, are refused."""
        folder = idle_folder(name)
        with storage_errors(f"The model {name!r} cannot be deleted"):
            self._deleted.append((folder.name, HiddenFolder(folder.path)))

    def restore(self) -> str:
        """Restore the model that was deleted last; return its name, a new one if it is taken."""
        name, hidden = self._deleted.pop()
        try:
            free = _free_name(name)
            make_folder(paths.models_dir())
            with storage_errors(f"The model {name!r} cannot be restored"):
                hidden.rename(ModelDir.named(free).path)
        except CharloomError:
            if hidden.path.exists():
                self._deleted.append((name, hidden))
            raise
        return free

    def empty(self) -> None:
        """Remove the files of all deleted models."""
        while self._deleted:
            self._deleted.pop()[1].remove()


def _free_name(name: str) -> str:
    try:
        check_unused(name)
    except CharloomError:
        return unused_name(name)
    return name
