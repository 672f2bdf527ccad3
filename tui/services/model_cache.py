"""Models that are ready to write, read from the store: the ones in use are kept at hand."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import LoadedCheckpoint
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import bits
from charloom.core.store.read import BUNDLED, find_checkpoint, load_checkpoint

_AT_HAND = 2  # the one in use and the one before: a model may take gigabytes
_READY = {BUNDLED: "You will rejoice to hear"}


@dataclass(frozen=True, slots=True, eq=False)
class LoadedModel:
    """One checkpoint of a model, and what is told of it."""

    address: str  # NAME@best, NAME@last or NAME@STEP, as it was chosen
    step: int
    sha256: str
    bits_per_char: float | None  # on held-out text, carried
    ready: str  # a prompt that this model knows how to go on with
    model: NumpyLSTM
    warning: str = ""  # that a damaged checkpoint was passed over

    @classmethod
    def of(cls, address: str, loaded: LoadedCheckpoint) -> Self:
        """Return the voice of a checkpoint that was found at ``address``."""
        card = loaded.checkpoint
        loss = card.losses.held_out
        name = address.partition("@")[0]
        return cls(
            address=address,
            step=card.step,
            sha256=loaded.sha256,
            bits_per_char=None if loss is None else bits(loss),
            ready=default_prompt(name, card),
            model=NumpyLSTM(card),
            warning=loaded.warning,
        )

    @property
    def name(self) -> str:
        """The name of the model."""
        return self.address.partition("@")[0]

    @property
    def exact(self) -> str:
        """The address of this very checkpoint."""
        return f"{self.name}@{self.step}"


def default_prompt(name: str, card: CheckpointMetadata) -> str:
    """Return a prompt that the model ``name``, with this card, knows how to go on with."""
    return _READY.get(name) or _whole_words(card.corpus.opening)


def load(address: str) -> LoadedModel:
    """Return the voice at ``address``; :class:`CharloomError` when there is none."""
    info, found = find_checkpoint(address)
    try:
        status = found.path.stat()
    except OSError as error:
        raise CharloomError(f"The checkpoint {info.name}@{found.step} has just gone.") from error
    address = address if "@" in address else f"{address}@best"
    try:
        voice = _load(f"{info.name}@{found.step}", status.st_ino, status.st_mtime_ns)
    except CharloomError:  # a damaged one; another may do
        return LoadedModel.of(address, load_checkpoint(address))
    return replace(voice, address=address)


@lru_cache(maxsize=_AT_HAND)
def _load(address: str, *_: int) -> LoadedModel:
    """Load what is at an exact address; the other numbers tell one file there from the next."""
    try:
        return LoadedModel.of(address, load_checkpoint(address))
    except MemoryError as error:
        raise CharloomError(f"There is not enough memory for {address!r}.") from error


def _whole_words(opening: str) -> str:
    """Return a text's first characters without a word that was cut short."""
    words = opening.rstrip()
    if len(words.split()) > 1:
        words = words[: -len(words.split()[-1])]
    return words.strip()
