"""Find the training text of a model, if it is on this computer.

A checkpoint holds only the digest of its text. The text of a model trained here is in the model's
folder; that of another may be the text of another run or in the catalog.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

from charloom.core.config import train_characters
from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.data.text_file import TextPart
from charloom.core.errors import CharloomError, MissingTextError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.runs.run import read_training_corpus, runs_on
from charloom.core.sanitize import quoted


@dataclass(frozen=True, slots=True)
class TrainingText:
    """A training text; a ``share`` at its end is held out: never trained on."""

    corpus: Corpus
    share: float
    min_count: int  # of its characters, in the run that it comes from

    @property
    def train(self) -> TextPart:
        """The part that the model was trained on."""
        return TextPart(self.corpus.stored, 0, self._cut)

    @property
    def held_out(self) -> TextPart:
        """The part that the model has never seen."""
        return TextPart(self.corpus.stored, self._cut, len(self.corpus.stored))

    @property
    def _cut(self) -> int:
        return train_characters(len(self.corpus.stored), self.share)


def find_training_text(name: str, metadata: CheckpointMetadata) -> TrainingText:
    """Return the text that a checkpoint of the model ``name`` was trained on.

    Raises :class:`MissingTextError` if it is not on this computer.
    """
    for corpus, min_count in _matching_texts(name, metadata):
        return TrainingText(corpus, metadata.training.held_out, min_count)
    title = quoted(metadata.corpus.title)
    raise MissingTextError(
        f"The text that {name!r} learned from ({title}) is not on this computer."
    )


def _matching_texts(name: str, metadata: CheckpointMetadata) -> Iterator[tuple[Corpus, int]]:
    """Yield texts with the right digest and their minimum counts, the model's own first."""
    sha256 = metadata.corpus.sha256
    for folder, config in runs_on(sha256, first=name):
        with contextlib.suppress(CharloomError):  # it is damaged; another run may have it
            yield read_training_corpus(folder, config), config.min_count
    title = metadata.corpus.title.casefold()
    for entry in catalog.ENTRIES:
        if title in (entry.name, entry.title.casefold()) and catalog.cached(entry.name):
            with contextlib.suppress(CharloomError):
                corpus = catalog.fetch(entry.name)
                if corpus.sha256 == sha256:
                    yield corpus, 0
