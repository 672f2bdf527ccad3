"""The model and the text that a tour is about."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from charloom.core.config import TrainConfig, train_characters
from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import PLACEHOLDER, Vocab
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.runs.presets import shrink_to_fit
from charloom.core.runs.training_text import find_training_text
from charloom.core.sanitize import quoted
from charloom.core.store.read import find_model, load_from
from charloom.core.store.ref import CheckpointRef

MAX_CHARACTERS = 2_000_000
"""Characters of a text that the tour uses."""

_MAX_ADAPTED_CHARACTERS = 200_000  # adapting to the vocabulary is slower
_MIN_KNOWN_CHARACTERS = 64  # a few windows of 8

TextOpener = Callable[[], Corpus]
TourRequest = tuple[CheckpointRef, TextOpener | None]
"""A model and a function that opens a text; None: the training text of the model."""


@dataclass(frozen=True, slots=True)
class TourSubject:
    """A model and a text. ``text`` is the part of the text that is, or would be, trained on."""

    name: str
    path: Path  # of the checkpoint
    checkpoint: Checkpoint = field(repr=False)
    warning: str  # that another checkpoint is damaged
    title: str
    source: str
    encoding: str
    notes: tuple[str, ...]  # on how the text was read and what is shown of it
    is_training_text: bool
    characters: int  # of the whole text
    train_characters: int
    text: str = field(repr=False)
    known_text: str = field(repr=False)
    """``text`` as the model reads it."""
    unknown: tuple[tuple[str, int], ...]  # characters of ``text`` that the model lacks; counts
    train_config: TrainConfig  # the model's, shrunk to fit the text
    is_shrunk: bool

    @property
    def vocab(self) -> Vocab:
        """The model's vocabulary."""
        return self.checkpoint.vocab

    @property
    def ref(self) -> CheckpointRef:
        """The checkpoint, by its step."""
        return CheckpointRef.at(self.name, self.checkpoint.step)

    @property
    def held_out(self) -> int:
        """The number of held-out characters."""
        return self.characters - self.train_characters


def load_subject(ref: CheckpointRef, open_text: TextOpener | None = None) -> TourSubject:
    """Return the model ``ref`` with a text.

    The text is that of ``open_text``, else the training text of the model, else the bundled tale.
    Raises :class:`CharloomError`, also if the model knows too few characters of the text.
    """
    info = find_model(ref.name)
    loaded = load_from(info, ref.which)
    checkpoint = loaded.checkpoint
    vocab = checkpoint.vocab
    corpus, is_training_text = _find_text(info.name, checkpoint, open_text)
    characters = len(corpus.stored)
    train_size = train_characters(characters, checkpoint.training.held_out)
    text = corpus.stored[: min(train_size, MAX_CHARACTERS)]
    has_placeholder = PLACEHOLDER in vocab.c2ix
    if not has_placeholder and not vocab.c2ix.keys() >= set(text):
        text = text[:_MAX_ADAPTED_CHARACTERS]
    notes = corpus.notes
    if len(text) < train_size:
        notes += (f"The tour uses the first {len(text):,} of these.",)
    unknown = Counter({c: text.count(c) for c in set(text).difference(vocab.c2ix)}).most_common()
    known_text = text if has_placeholder or not unknown else vocab.adapt(text)[0]
    known_count = len(known_text) - has_placeholder * sum(count for _, count in unknown)
    if known_count < max(_MIN_KNOWN_CHARACTERS, len(text) // 2):
        raise CharloomError(
            f"{info.name!r} knows only {known_count:,} of the {len(text):,} characters to learn "
            f"from in {quoted(corpus.title)}. Choose a longer text, or one in its language."
        )
    train_config, adjustments = shrink_to_fit(checkpoint.training, len(known_text))
    return TourSubject(
        name=info.name,
        path=info.candidates(str(checkpoint.step))[0].path,
        checkpoint=checkpoint,
        warning=loaded.warning,
        title=corpus.title,
        source=corpus.source,
        encoding=corpus.encoding,
        notes=notes,
        is_training_text=is_training_text,
        characters=characters,
        train_characters=train_size,
        text=text,
        known_text=known_text,
        unknown=tuple(unknown),
        train_config=train_config,
        is_shrunk=bool(adjustments),
    )


def _find_text(
    name: str, checkpoint: Checkpoint, open_text: TextOpener | None
) -> tuple[Corpus, bool]:
    """Return the text, and whether it is the training text of the model."""
    sha256 = checkpoint.corpus.sha256
    if open_text is not None:
        corpus = open_text()
        return corpus, corpus.sha256 == sha256
    try:
        return find_training_text(name, checkpoint).corpus, True
    except CharloomError as error:
        corpus = catalog.fetch("loom")
        note = f"{error} This tour is about a bundled tale instead."
        return replace(corpus, notes=(note, *corpus.notes)), False
