"""The text that a model learned from, where it is still at hand on this computer.

A checkpoint does not hold its text, only that text's digest. A model that was trained here has it
beside it; one from elsewhere may have learned what another run, or the catalog, has.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from charloom.core.config import train_characters
from charloom.core.data import catalog
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.runs.run import read_run_config, read_training_text
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import BUNDLED, model_names


@dataclass(frozen=True, slots=True)
class TrainingText:
    """A text that was learned, as it was cut: the end of it, a ``share``, is never trained on."""

    title: str
    text: str = field(repr=False)
    share: float

    @property
    def train(self) -> str:
        """What the model was trained on."""
        return self.text[: self._cut]

    @property
    def held_out(self) -> str:
        """What it has never seen."""
        return self.text[self._cut :]

    @property
    def _cut(self) -> int:
        return train_characters(len(self.text), self.share)


def find_training_text(name: str, card: CheckpointMetadata) -> TrainingText:
    """Return the text that the model ``name``, with the card ``card``, learned from.

    Raises :class:`CharloomError` where it is not at hand.
    """
    for text in _texts(name, card):
        return TrainingText(card.corpus.title, text, card.training.held_out)
    raise CharloomError(
        f"The text that {name!r} learned from ({card.corpus.title[:100]!r}) is not on this "
        "computer; fetch it with `charloom corpus get`, or name another text."
    )


def _texts(name: str, card: CheckpointMetadata) -> Iterator[str]:
    """Yield texts with the right digest: the model's own first."""
    wanted = card.corpus.sha256
    for each in (name, *sorted(set(model_names()) - {name})):
        place = ModelDir.named(each)
        if each == BUNDLED or not place.run_config.is_file():
            continue
        with contextlib.suppress(CharloomError):  # damaged: another may have it
            plan = read_run_config(place)
            if plan.sha256 == wanted:
                yield read_training_text(place, plan)
    title = card.corpus.title.casefold()
    for entry in catalog.ENTRIES:
        if title in (entry.name, entry.title.casefold()) and catalog.cached(entry.name):
            with contextlib.suppress(CharloomError):
                corpus = catalog.fetch(entry.name)
                if corpus.sha256 == wanted:
                    yield corpus.text
