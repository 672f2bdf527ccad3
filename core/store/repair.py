"""Mending what a crash has left of the store, when the app is opened and when a run begins."""

import contextlib

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.files import sweep
from charloom.core.store.read import BUNDLED, load_checkpoint, model_names
from charloom.core.store.write import sweep_model


def repair_model(name: str) -> list[str]:
    """Clear away what killed writers have left of a model, and set aside what is damaged.

    Its newest and its best checkpoint are read in full. Returns a sentence on each that was
    damaged while there is another to use in its place.
    """
    sweep_model(name)
    told = []
    for which in ("last", "best"):
        with contextlib.suppress(CharloomError):  # it has none that is sound; its use tells of that
            told.append(load_checkpoint(f"{name}@{which}").warning)
    return [sentence for sentence in told if sentence]


def repair_all() -> list[str]:
    """Do for every model what :func:`repair_model` does, and sweep the folders around them."""
    for each in (paths.home(), paths.models()):
        sweep(each)
    return [said for each in model_names() if each != BUNDLED for said in repair_model(each)]
