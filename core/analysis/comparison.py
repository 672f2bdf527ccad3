"""Comparison of two models by their scores on one text.

Bits per character can only be compared if both models predict the same characters, so those that
one of them does not know are left out for both. The text should be new to both.
"""

from collections.abc import Callable, Iterator, MutableMapping
from contextlib import closing
from dataclasses import replace
from itertools import compress
from typing import NamedTuple, Protocol

import numpy as np

from charloom.core.analysis import scoring
from charloom.core.analysis.lanes import MIN_CHARACTERS
from charloom.core.analysis.scoring import Score
from charloom.core.data.text_file import Characters, TextFile, pieces_of
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.training_text import find_training_text
from charloom.core.sampling.config import MAX_TEMPERATURE, SamplingConfig
from charloom.core.store.read import find_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.core.wording import plural

SAME = "Both sides are the same checkpoint. The temperature does not change the score."
"""The verdict on a checkpoint compared with itself."""

_TEMPERATURE_STEP = 0.4  # between the two sides of one model
_MIN_DIFFERENCE = 0.005  # bits per character: a smaller one would be shown as 0.00


class EvalText(NamedTuple):
    """A text that models are scored on; ``warning`` says why the scores may mislead."""

    title: str
    text: Characters
    warning: str = ""


class ComparedModel(Protocol):
    """A model in a comparison; ``sha256`` is the digest of its checkpoint."""

    @property
    def checkpoint_ref(self) -> CheckpointRef: ...  # noqa: D102
    @property
    def sha256(self) -> str: ...  # noqa: D102
    @property
    def network(self) -> NumpyLSTM: ...  # noqa: D102


class Comparison(NamedTuple):
    """The scores of two models on the same characters of a text."""

    left: Score
    right: Score
    left_out: int  # characters that one of the models does not know
    verdict: str  # a sentence
    summary: str  # the scored part of the text


def compare(
    left: ComparedModel,
    right: ComparedModel,
    text: EvalText,
    max_characters: int = MIN_CHARACTERS,
    cache: MutableMapping[tuple[str, str], Score] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Comparison:
    """Return the carried scores of two models on ``text``.

    If it is longer than ``max_characters``, they are of about as many, spread over the text.
    ``cache`` keeps scores by the digests of checkpoint and scored text. Raises :class:`Cancelled`
    as soon as ``cancelled`` returns true.
    """
    cache = {} if cache is None else cache
    with closing(shared_characters(text.text, left.network.vocab, right.network.vocab)) as scored:
        limit = max_characters if len(scored) > max_characters else None
        sha256 = scored.count().sha256
        for side in (left, right):
            if (side.sha256, sha256) not in cache:
                cache[side.sha256, sha256] = scoring.carried(side.network, scored, cancelled, limit)
    scores = cache[left.sha256, sha256], cache[right.sha256, sha256]
    left_out = len(text.text) - len(scored)
    part = f"{scores[0].characters:,} of " if scores[0].left_out else ""
    summary = f"{text.title}, {part}{plural(len(text.text), 'character')}"
    if left_out:
        summary += f", {left_out:,} skipped (unknown to one of the models)"
    conclusion = verdict(left.checkpoint_ref, scores[0], right.checkpoint_ref, scores[1])
    if left.sha256 == right.sha256:
        conclusion = SAME
    return Comparison(*scores, left_out, conclusion, summary)


def hotter(config: SamplingConfig) -> SamplingConfig:
    """Return the sampling settings that a model is compared with itself at by default."""
    temperature = min(config.temperature + _TEMPERATURE_STEP, MAX_TEMPERATURE)
    return replace(config, temperature=round(temperature, 6))


def held_out_text(ref: CheckpointRef, other_ref: CheckpointRef) -> EvalText:
    """Return the held-out part of the training text of ``ref``, to score both models on.

    Raises :class:`CharloomError` if that text is not available, or has no held-out part.
    """
    (name, metadata), (other_name, other) = _metadata(ref), _metadata(other_ref)
    training_text = find_training_text(name, metadata)
    if not len(training_text.held_out):
        raise CharloomError(f"{name!r} was trained on its whole text. Choose another text.")
    warning = ""
    if other.corpus.sha256 != metadata.corpus.sha256:
        warning = f"{other_name!r} was trained on another text."
    elif other.training.held_out < metadata.training.held_out:
        warning = f"{other_name!r} was trained on a part of this text."
    return EvalText(
        f"held-out part of {training_text.corpus.title}", training_text.held_out, warning
    )


def shared_characters(text: Characters, *vocabs: Vocab) -> TextFile:
    """Return ``text`` without the characters that one of ``vocabs`` lacks."""

    def shared_parts() -> Iterator[str]:
        for piece in pieces_of(text):
            known = np.logical_and.reduce([vocab.knows(piece) for vocab in vocabs])
            yield piece if known.all() else "".join(compress(piece, known.tolist()))

    return TextFile.of(shared_parts())


def verdict(left_ref: CheckpointRef, left: Score, right_ref: CheckpointRef, right: Score) -> str:
    """Return a sentence that names the better model."""
    (best, better), (worst, _) = sorted(
        [(left.bits_per_char, str(left_ref)), (right.bits_per_char, str(right_ref))]
    )
    if worst - best < _MIN_DIFFERENCE:
        return "They predict this text equally well."
    share = (worst - best) / worst
    return f"{better} is {worst - best:.2f} bits/char better: {share:.0%} fewer bits."


def _metadata(ref: CheckpointRef) -> tuple[str, CheckpointMetadata]:
    info, checkpoint = find_checkpoint(ref)
    if checkpoint.metadata is None:
        raise CharloomError(checkpoint.error)
    return info.name, checkpoint.metadata
