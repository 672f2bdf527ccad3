"""What models there are, listed anew only when something has changed."""

import contextlib

from charloom.core.store.read import ModelInfo, list_models, model_dirs


class ModelList:
    """The models at the last look, which may be made in any thread, one at a time."""

    def __init__(self) -> None:
        self.models: tuple[ModelInfo, ...] = ()
        self._signs: object = None

    def look(self) -> bool:
        """Look again, and return whether anything is different.

        Listing reads the header of every checkpoint, so the times at which the folders were
        changed are compared first. :class:`CharloomError` when there is no looking.
        """
        signs = _signs()
        if signs == self._signs:
            return False
        self.models = list_models()
        self._signs = signs
        return True

    def get(self, name: str | None) -> ModelInfo | None:
        """Return the model ``name``, if it is there."""
        return next((each for each in self.models if each.name == name), None)


def _signs() -> dict[str, tuple[int, ...]]:
    """Return when each model's folder, and that of its checkpoints, was last changed."""
    found = {}
    for folder in model_dirs():
        times = []
        for each in (folder.path, folder.checkpoints):
            with contextlib.suppress(OSError):
                times.append(each.stat().st_mtime_ns)
        found[folder.name] = tuple(times)
    return found
