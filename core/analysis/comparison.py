"""Which of two models predicts a text better, and whether that can be said at all.

Bits per character of two models on one text can be compared when both predicted the same
characters of it, so what one of them does not know is left out for both, and when neither has seen
it in training.
"""

from dataclasses import replace
from typing import NamedTuple

from charloom.core.analysis.scoring import Score
from charloom.core.data.vocab import Vocab
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.runs.training_text import find_training_text
from charloom.core.sampling.config import MAX_TEMPERATURE, SamplingConfig
from charloom.core.store.read import find_checkpoint
from charloom.core.store.ref import CheckpointRef

SAME = "It is the same checkpoint twice, and the temperature does not change its score."
"""The verdict on one that is compared with itself."""

_HOTTER = 0.4  # the other side of a model alone
_MIN_CHARACTERS = 0.005  # bits per character: less would be told as 0.00


class EvalText(NamedTuple):
    """A text that models are scored on; ``warning`` says what to bear in mind with it."""

    title: str
    text: str
    warning: str = ""


def hotter(settings: SamplingConfig) -> SamplingConfig:
    """Return what a model is compared with itself at, where nothing else was asked for."""
    temperature = min(settings.temperature + _HOTTER, MAX_TEMPERATURE)
    return replace(settings, temperature=round(temperature, 6))


def held_out_text(ref: CheckpointRef, rival: CheckpointRef) -> EvalText:
    """Return what the model ``ref`` was never trained on of the text that it learned from.

    Raises :class:`CharloomError` where that text is not at hand, or all of it was trained on.
    """
    (name, card), (other, other_card) = _metadata(ref), _metadata(rival)
    origin = find_training_text(name, card)
    if not origin.held_out:
        raise CharloomError(f"{name!r} was trained on all of its text; name another text.")
    warning = ""
    if other_card.corpus.sha256 != card.corpus.sha256:
        warning = f"{other!r} learned another text."
    elif other_card.training.held_out < card.training.held_out:
        warning = f"{other!r} was trained on a part of it."
    return EvalText(f"held-out part of {origin.title}", origin.held_out, warning)


def shared_characters(text: str, *vocabs: Vocab) -> str:
    """Return ``text`` without the characters that one of ``vocabs`` does not know."""
    return "".join(c for c in text if all(c in vocab.c2ix for vocab in vocabs))


def verdict(left: str, one: Score, right: str, other: Score) -> str:
    """Return in a sentence which of the two is better: ``left`` and ``right`` are their names."""
    pair = (one.bits_per_char, left), (other.bits_per_char, right)
    (best, better), (worst, _) = sorted(pair)
    if worst - best < _MIN_CHARACTERS:
        return "They predict this text equally well."
    fewer = (worst - best) / worst
    return f"{better} is {worst - best:.2f} bits/char better: {fewer:.0%} fewer bits."


def _metadata(ref: CheckpointRef) -> tuple[str, CheckpointMetadata]:
    info, found = find_checkpoint(ref)
    if found.card is None:
        raise CharloomError(found.fault)
    return info.name, found.card
