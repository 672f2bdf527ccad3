"""What a tour is about: a model, and a text that it learned from or that a person has chosen."""

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from charloom.core.config import TrainConfig, train_characters
from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.data.vocab import PLACEHOLDER, Vocab
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.runs.presets import shrink_to_fit
from charloom.core.runs.run import read_run_config
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_model, load_from
from charloom.core.store.ref import CheckpointRef

MOST = 2_000_000
"""Characters of a text that are looked at."""

_MOST_ADAPTED = 200_000  # which takes longer
_LEAST = 64  # characters that the model knows: a few windows of 8

Opener = Callable[[], Corpus]
TourRequest = tuple[CheckpointRef, Opener | None]
"""A model and what opens a text; None: the text that the model learned from."""


@dataclass(frozen=True, slots=True)
class TourSubject:
    """A model and a text. ``text`` is the part of it that is, or would be, trained on."""

    name: str
    path: Path  # of the checkpoint
    checkpoint: Checkpoint = field(repr=False)
    warning: str  # on the checkpoint
    title: str
    source: str
    encoding: str
    notes: tuple[str, ...]  # what was adjusted when the text was read, and what else to know of it
    own: bool  # whether the model learned from it
    characters: int  # of the whole text
    learned: int  # of these, those that are trained on
    text: str = field(repr=False)
    known: str = field(repr=False)
    """``text`` in characters that the model knows."""
    unknown: tuple[tuple[str, int], ...]  # others in it, how often
    training: TrainConfig  # as the model's, fitted to the text
    shrunk: bool  # whether they had to be

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
        """How many characters of the text are never trained on."""
        return self.characters - self.learned


def load_subject(ref: CheckpointRef, opened: Opener | None = None) -> TourSubject:
    """Return the model ``ref`` with the text that is ``opened``.

    Without one, it is the text that the model learned from, or else the tale that comes along.
    Raises :class:`CharloomError`, as where the model knows too little of the text.
    """
    info = find_model(ref.name)
    loaded = load_from(info, ref.which)
    found = loaded.checkpoint
    path = info.candidates(str(found.step))[0].path
    corpus, own = _text(info.name, found, opened)
    characters = len(corpus.text)
    learned = train_characters(characters, found.training.held_out)
    text = corpus.text[: min(learned, MOST)]
    if PLACEHOLDER not in found.vocab.c2ix and not found.vocab.c2ix.keys() >= set(text):
        text = text[:_MOST_ADAPTED]
    notes = list(corpus.notes)
    if len(text) < learned:
        notes.append(f"Of these, the tour looks at the first {len(text):,}.")
    known, unknown = _known(found.vocab, text)
    met = len(known)
    if PLACEHOLDER in found.vocab.c2ix:
        met -= sum(times for _, times in unknown)
    if met < max(_LEAST, len(text) // 2):
        raise CharloomError(
            f"{info.name!r} knows only {met:,} of the {len(text):,} characters to learn from in "
            f"{corpus.title[:100]!r}; choose a longer text, or one in its language."
        )
    training, told = shrink_to_fit(found.training, len(known))
    return TourSubject(
        name=info.name,
        path=path,
        checkpoint=found,
        warning=loaded.warning,
        title=corpus.title,
        source=corpus.source,
        encoding=corpus.encoding,
        notes=tuple(notes),
        own=own,
        characters=characters,
        learned=learned,
        text=text,
        known=known,
        unknown=unknown,
        training=training,
        shrunk=bool(told),
    )


def _text(name: str, found: Checkpoint, opened: Opener | None) -> tuple[Corpus, bool]:
    """Return the text, and whether the model learned from it."""
    if opened is not None:
        corpus = opened()
        return corpus, corpus.sha256 == found.corpus.sha256
    try:
        origin = find_training_text(name, found)
    except CharloomError as error:
        corpus = catalog.fetch("loom")
        told = f"{error} Meanwhile this is about a tale that comes along."
        return replace(corpus, notes=(told, *corpus.notes)), False
    source, encoding = "kept on this computer", "utf-8"
    notes: tuple[str, ...] = ()
    with suppress(CharloomError):  # it has no run of its own: the text is another's
        plan = read_run_config(ModelDir.named(name))
        if plan.sha256 == found.corpus.sha256:
            source, encoding, notes = plan.source, plan.encoding, tuple(plan.notes)
    return Corpus(origin.text, origin.title, source, encoding, found.corpus.sha256, notes), True


def _known(vocab: Vocab, text: str) -> tuple[str, tuple[tuple[str, int], ...]]:
    """Return ``text`` as the model reads it, and the characters in it that it does not know."""
    strange = set(text).difference(vocab.c2ix)
    unknown = Counter({character: text.count(character) for character in strange}).most_common()
    if not strange or PLACEHOLDER in vocab.c2ix:
        return text, tuple(unknown)
    return vocab.adapt(text)[0], tuple(unknown)
