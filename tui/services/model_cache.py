"""Loads models from the store for generation and caches the last ones."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import LoadedCheckpoint
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import bits
from charloom.core.store.read import BUNDLED, find_checkpoint, load_checkpoint

_MAX_CACHED_MODELS = 2  # the current and the previous one: a model may take gigabytes
_DEFAULT_PROMPTS = {BUNDLED: "You will rejoice to hear"}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """A checkpoint of a model, loaded for generation."""

    address: str  # NAME@best, NAME@last or NAME@STEP, as it was chosen
    step: int
    sha256: str
    bits_per_char: float | None  # carried loss on held-out text
    default_prompt: str  # in characters of this model
    network: NumpyLSTM
    warning: str = ""  # that a damaged checkpoint was skipped

    @classmethod
    def from_checkpoint(cls, address: str, loaded: LoadedCheckpoint) -> Self:
        """Return the model of the checkpoint that was loaded from ``address``."""
        card = loaded.checkpoint
        loss = card.losses.held_out
        name = address.partition("@")[0]
        return cls(
            address=address,
            step=card.step,
            sha256=loaded.sha256,
            bits_per_char=None if loss is None else bits(loss),
            default_prompt=default_prompt(name, card),
            network=NumpyLSTM(card),
            warning=loaded.warning,
        )

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.address.partition("@")[0]

    @property
    def checkpoint_ref(self) -> str:
        """The checkpoint by its step: ``NAME@STEP``."""
        return f"{self.name}@{self.step}"


def default_prompt(name: str, metadata: CheckpointMetadata) -> str:
    """Return a prompt in characters of the model: its own, or the opening of its training text."""
    return _DEFAULT_PROMPTS.get(name) or _whole_words(metadata.corpus.opening)


def load_model(address: str) -> LoadedModel:
    """Return the model at ``address``. Raises :class:`CharloomError`."""
    info, checkpoint = find_checkpoint(address)
    try:
        status = checkpoint.path.stat()
    except OSError as error:
        raise CharloomError(f"The checkpoint {info.name}@{checkpoint.step} was deleted.") from error
    address = address if "@" in address else f"{address}@best"
    try:
        model = _load(f"{info.name}@{checkpoint.step}", status.st_ino, status.st_mtime_ns)
    except CharloomError:  # it is damaged; another checkpoint may be usable
        return LoadedModel.from_checkpoint(address, load_checkpoint(address))
    return replace(model, address=address)


@lru_cache(maxsize=_MAX_CACHED_MODELS)
def _load(checkpoint_ref: str, *_file_identity: int) -> LoadedModel:
    """Load a checkpoint by its step; a replaced file has another identity."""
    try:
        return LoadedModel.from_checkpoint(checkpoint_ref, load_checkpoint(checkpoint_ref))
    except MemoryError as error:
        raise CharloomError(f"Not enough memory to load {checkpoint_ref!r}.") from error


def _whole_words(opening: str) -> str:
    """Return the start of a text without a last word that was cut off."""
    words = opening.rstrip()
    if len(words.split()) > 1:
        words = words[: -len(words.split()[-1])]
    return words.strip()
