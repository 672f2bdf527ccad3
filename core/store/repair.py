"""Clean up after crashes, when the app opens and when a run begins."""

import contextlib

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import sweep
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import load_from, model_dirs, read_model
from charloom.core.store.write import sweep_model


def repair_model(folder: ModelDir) -> list[str]:
    """Delete unfinished files of killed writers and set damaged checkpoints aside.

    The newest and the best checkpoint are read in full. Returns a warning for each damaged one
    that another one can replace.
    """
    sweep_model(folder)
    warnings = []
    for which in ("last", "best"):
        with contextlib.suppress(CharloomError):  # no checkpoint, or only damaged ones
            warnings.append(load_from(read_model(folder), which).warning)
    return [warning for warning in warnings if warning]


def repair_all() -> list[str]:
    """Repair every model, see :func:`repair_model`, and sweep the folders around them."""
    for folder in (paths.home(), paths.models_dir()):
        sweep(folder)
    by_name = sorted(model_dirs(), key=lambda folder: folder.name)
    return [warning for folder in by_name for warning in repair_model(folder)]
