"""What a run starts from: scratch, or the weights of a trained model."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any

from charloom.core.config import ModelConfig
from charloom.core.data.corpus import Corpus
from charloom.core.data.dialogue import find_dialogue
from charloom.core.data.vocab import Vocab
from charloom.core.errors import SettingError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.graft import graft
from charloom.core.model.metadata import BaseInfo, CorpusInfo, Losses
from charloom.core.runs.presets import BASE_SIZES, fine_tuning
from charloom.core.sanitize import quoted
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef

AUTO, SCRATCH = "auto", "none"
"""What a run may start from besides a model: whatever suits the text, or random weights."""

_OPENING_CHARACTERS = 60  # of the text, stored with the model
_DIALOGUE_CHARACTERS = 2_000_000  # of the text, searched for speakers in some tenths of a second
_OPTIONS = {setting.name: setting.metadata["option"] for setting in fields(ModelConfig)}


@dataclass(frozen=True, slots=True)
class Base:
    """A checkpoint to start from."""

    info: BaseInfo
    checkpoint: Checkpoint

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
        model, training = fine_tuning(self.checkpoint.model).configs(len(vocab), overrides)
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
        )


def find_base(name: str, preset: str) -> Base | None:
    """Return what ``name`` refers to: :data:`SCRATCH` or a model, as a :class:`CheckpointRef`.

    None means random weights.
    """
    if name in (AUTO, SCRATCH):
        return None
    if preset != "auto":
        raise SettingError(
            "preset", f"{quoted(preset)} is a start from scratch; leave it out, or the model."
        )
    ref = CheckpointRef.parse(name)
    loaded = load_checkpoint(ref)
    model = unicodedata.normalize("NFC", ref.name)
    return Base(BaseInfo(model, loaded.checkpoint.step, loaded.sha256), loaded.checkpoint)


def describe_corpus(title: str, sha256: str, text: str) -> CorpusInfo:
    """Return what checkpoints store of a training text."""
    dialogue = find_dialogue(text[:_DIALOGUE_CHARACTERS])
    return CorpusInfo(title, sha256, len(text), text[:_OPENING_CHARACTERS], dialogue)
