"""Watching a model learn to spell: one prompt and one seed, at every checkpoint that was kept."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.store.read import CheckpointInfo

MEASURES = ("carried", "validation", "train")
"""The losses of a checkpoint that may be told, the best known one first."""


@dataclass(frozen=True, slots=True)
class CheckpointSample:
    """What a model wrote after ``step`` steps, and how well it predicted then."""

    step: int
    measure: str  # which of :data:`MEASURES` the loss is; "" where none is known
    loss: float | None  # nats per character
    text: str  # without the prompt
    fault: str = ""  # why there is no text, in a sentence


def sample_checkpoints(
    checkpoints: Iterable[CheckpointInfo],
    prompt: str,
    settings: SamplingConfig,
    seed: int,
    length: int,
) -> Iterator[CheckpointSample]:
    """Yield what each of ``checkpoints`` makes of ``prompt``, as it comes.

    ``prompt`` is in characters that the model knows. A checkpoint that is damaged, or that a
    training has thinned out meanwhile, is passed over with a word.
    """
    for each in checkpoints:
        text, fault = "", each.fault
        try:
            if each.card:
                text = _written(each.path, prompt, settings, seed, length)
        except CharloomError as error:
            gone = f"The checkpoint @{each.step} has just gone, as a training thins them out."
            fault = str(error) if each.path.exists() else gone
        except MemoryError:
            fault = f"There is not enough memory for the checkpoint @{each.step}."
        yield CheckpointSample(each.step, *_loss(each.card), text, fault)


def _written(path: Path, prompt: str, settings: SamplingConfig, seed: int, length: int) -> str:
    model = NumpyLSTM(checkpoint.load(path).checkpoint)
    draft = Completion(Sampler(model, prompt, settings, seed), length)
    return "".join(character for character, _ in draft)


def _loss(card: CheckpointMetadata | None) -> tuple[str, float | None]:
    for measure in MEASURES:
        loss = getattr(card.losses, measure) if card else None
        if loss is not None:
            return measure, loss
    return "", None
