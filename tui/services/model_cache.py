"""Loads models from the store for generation and caches the last ones."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Self, TypeVar

from charloom.core.data.dialogue import Dialogue
from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import LoadedCheckpoint
from charloom.core.model.metadata import CheckpointMetadata, HeldOutLoss
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.store.read import BUNDLED, find_model, load_from
from charloom.core.store.ref import CheckpointRef

_T = TypeVar("_T")
_MAX_CACHED_MODELS = 2  # the current and the previous one: a model may take gigabytes
_DEFAULT_PROMPTS = {BUNDLED: "You will rejoice to hear"}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A checkpoint of a model, loaded for generation."""

    ref: CheckpointRef  # as it was chosen
    step: int
    sha256: str
    held_out: HeldOutLoss | None
    default_prompt: str  # in characters of this model
    dialogue: Dialogue  # how its training text marks speakers
    network: NumpyLSTM
    warning: str = ""  # that a damaged checkpoint was skipped

    @classmethod
    def from_checkpoint(cls, ref: CheckpointRef, loaded: LoadedCheckpoint) -> Self:
        """Return the model of the checkpoint that was loaded from ``ref``."""
        card = loaded.checkpoint
        return cls(
            ref=ref,
            step=card.step,
            sha256=loaded.sha256,
            held_out=card.losses.held_out,
            default_prompt=default_prompt(ref.name, card),
            dialogue=card.corpus.dialogue,
            network=NumpyLSTM(card),
            warning=loaded.warning,
        )

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.ref.name

    @property
    def checkpoint_ref(self) -> CheckpointRef:
        """The checkpoint by its step: ``NAME@STEP``."""
        return CheckpointRef.at(self.name, self.step)


def default_prompt(name: str, metadata: CheckpointMetadata) -> str:
    """Return a prompt in characters of the model: its own, or the opening of its training text."""
    return _DEFAULT_PROMPTS.get(name) or metadata.corpus.opening_words


def load_model(ref: CheckpointRef) -> LoadedModel:
    """Return the model ``ref``. Raises :class:`CharloomError`."""
    ref = replace(ref, which=ref.which or "best")
    info = find_model(ref.name)
    chosen = info.candidates(ref.which)[0]
    try:
        status = chosen.path.stat()
    except OSError as error:
        raise CharloomError(
            f"The checkpoint {CheckpointRef.at(ref.name, chosen.step)} was deleted."
        ) from error
    try:
        model = _load(ref.name, chosen.path, status.st_ino, status.st_mtime_ns)
    except CharloomError:  # it is damaged; another checkpoint may be usable
        model = LoadedModel.from_checkpoint(ref, load_from(info, ref.which))
    return replace(model, ref=ref)


def first_usable(ref: CheckpointRef, load: Callable[[CheckpointRef], _T]) -> tuple[_T, str]:
    """Return ``load(ref)``, for a ``ref`` that was remembered: it may be gone or unreadable.

    Then the best checkpoint of the same model, or the bundled model, is loaded, and the second
    value says so. Raises the :class:`CharloomError` for ``ref`` if nothing can be loaded.
    """
    try:
        return load(ref), ""
    except CharloomError as error:
        others = {CheckpointRef(ref.name): "Its best checkpoint"}
        others[CheckpointRef(BUNDLED)] = f"The model {BUNDLED!r}"
        for other, description in others.items():
            with suppress(CharloomError):
                return load(other), f"{error} {description} is used instead."
        raise


@lru_cache(maxsize=_MAX_CACHED_MODELS)
def _load(name: str, path: Path, *_file_identity: int) -> LoadedModel:
    """Load a checkpoint of the model ``name``; a replaced file has another identity."""
    return LoadedModel.from_checkpoint(CheckpointRef(name), checkpoint.load(path))
