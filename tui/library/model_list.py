"""The list of models, read again only if a folder has changed."""

import contextlib

from charloom.core.store.read import ModelInfo, list_models, model_dirs


class ModelList:
    """The models as last read, in any thread, one read at a time."""

    def __init__(self) -> None:
        self.models: tuple[ModelInfo, ...] = ()
        self._times: object = None

    def refresh(self) -> bool:
        """Read the models again if any folder has changed, and return whether that is so.

        Listing reads the header of every checkpoint, so the folders' modification times are
        compared first. Raises :class:`CharloomError` if the models cannot be listed.
        """
        times = _modification_times()
        if times == self._times:
            return False
        self.models = list_models()
        self._times = times
        return True

    def get(self, name: str | None) -> ModelInfo | None:
        return next((model for model in self.models if model.name == name), None)


def _modification_times() -> dict[str, tuple[int, ...]]:
    """Return for each model when its folder and that of its checkpoints were changed, in ns."""
    result = {}
    for folder in model_dirs():
        times = []
        for path in (folder.path, folder.checkpoints):
            with contextlib.suppress(OSError):
                times.append(path.stat().st_mtime_ns)
        result[folder.name] = tuple(times)
    return result
