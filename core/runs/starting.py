"""The start of a run: from scratch, or from the weights of a trained model."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from typing import Any

from charloom.core.config import ModelConfig
from charloom.core.data.corpus import Corpus
from charloom.core.data.dialogue import find_dialogue
from charloom.core.data.text_file import Characters
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError, SettingError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.graft import graft
from charloom.core.model.metadata import BaseInfo, CorpusInfo, Losses
from charloom.core.runs.presets import BASE_SIZES, fine_tuning
from charloom.core.sanitize import quoted
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef

AUTO, SCRATCH = "auto", "none"
"""The starts of a run other than a model: the better one for the text, or random weights."""

AUTO_BASE = "english"
"""The bundled model that :data:`AUTO` considers."""

_MIN_COVERAGE = 0.95  # of a text, in characters that the model knows
_MAX_COVERAGE_CHARACTERS = 1_000_000  # are looked up
_OPENING_CHARACTERS = 60  # of the text, stored with the model
_DIALOGUE_CHARACTERS = 2_000_000  # of the text, searched for speakers in some tenths of a second
_OPTIONS = {setting.name: setting.metadata["option"] for setting in fields(ModelConfig)}


@dataclass(frozen=True, slots=True)
class Base:
    """A checkpoint to start from."""

    info: BaseInfo
    checkpoint: Checkpoint
    on_trial: bool = False  # compare it with a start from scratch, before training

    def overrides(self, overrides: Mapping[str, Any], corpus: Corpus) -> dict[str, Any]:
        """Return ``overrides`` for a run from here; :class:`SettingError` if one cannot be met.

        The sizes are those of the checkpoint. If it was trained on the same text, the same part is
        held out: the network has seen all the rest.
        """
        for name in BASE_SIZES:
            given, size = overrides.get(name), getattr(self.checkpoint.model, name)
            if given is not None and given != size:
                shown = ("off", "on")[size] if isinstance(size, bool) else size
                raise SettingError(
                    name,
                    f"is {shown} in {self.info}, from which the run starts; leave it out.",
                    _OPTIONS[name],
                )
        if corpus.sha256 != self.checkpoint.corpus.sha256:
            return dict(overrides)
        share = self.checkpoint.training.held_out
        if overrides.get("held_out", share) != share:
            raise SettingError(
                "held_out",
                f"must stay {share:g}: {self.info} was trained on the rest of this text.",
            )
        return {**overrides, "held_out": share}

    def first_checkpoint(
        self, vocab: Vocab, corpus: CorpusInfo, overrides: Mapping[str, Any]
    ) -> Checkpoint:
        """Return the checkpoint of step 0 of a run from here, with all settings of the run."""
        same_text = corpus.sha256 == self.checkpoint.corpus.sha256
        preset = fine_tuning(self.checkpoint.model, same_text=same_text)
        model, training = preset.configs(len(vocab), overrides)
        return Checkpoint(
            model=model,
            vocab=vocab,
            tensors=graft(self.checkpoint, vocab),
            step=0,
            losses=Losses(),
            corpus=corpus,
            training=training,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            base=self.info,
            words=self.checkpoint.words,
        )


def find_base(
    name: str, preset: str, overrides: Mapping[str, Any], text: Characters
) -> Base | None:
    """Return the base that ``name`` refers to; None means random weights.

    ``name`` is a :class:`CheckpointRef`, :data:`SCRATCH` or :data:`AUTO`: the model
    :data:`AUTO_BASE`, on trial, if it suits preset, ``overrides`` and ``text``.
    """
    if name == AUTO:
        return _auto_base(overrides, text) if preset == "auto" else None
    if name == SCRATCH:
        return None
    if preset != "auto":
        raise SettingError(
            "preset", f"{quoted(preset)} is a start from scratch; leave it out, or the model."
        )
    return _load(CheckpointRef.parse(name))


def _auto_base(overrides: Mapping[str, Any], text: Characters) -> Base | None:
    try:
        base = _load(CheckpointRef(AUTO_BASE))
    except CharloomError:  # it is damaged
        return None
    model, vocab = base.checkpoint.model, base.checkpoint.vocab
    fits = all(overrides.get(name) in (None, getattr(model, name)) for name in BASE_SIZES)
    if not fits or vocab.coverage(text[:_MAX_COVERAGE_CHARACTERS]) < _MIN_COVERAGE:
        return None
    return replace(base, on_trial=True)


def _load(ref: CheckpointRef) -> Base:
    loaded = load_checkpoint(ref)
    name = unicodedata.normalize("NFC", ref.name)
    return Base(BaseInfo(name, loaded.checkpoint.step, loaded.sha256), loaded.checkpoint)


def describe_corpus(corpus: Corpus) -> CorpusInfo:
    """Return the information on a training text that checkpoints store."""
    text = corpus.stored
    dialogue = find_dialogue(text[:_DIALOGUE_CHARACTERS])
    opening = text[:_OPENING_CHARACTERS]
    return CorpusInfo(corpus.title, corpus.sha256, len(text), opening, dialogue)
