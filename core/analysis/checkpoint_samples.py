"""A text from every checkpoint of a model, for one prompt and one seed."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from charloom.core.errors import CharloomError
from charloom.core.model import checkpoint
from charloom.core.model.metadata import CheckpointMetadata
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.events import bits
from charloom.core.sampling.completion import generate
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.read import CheckpointInfo


@dataclass(frozen=True, slots=True)
class CheckpointSample:
    """The text of the checkpoint at ``step``, and the most reliable of its losses."""

    step: int
    measure: str  # "carried", "validation" or "train"; "" if no loss is known
    loss: float | None  # nats per character
    loss_characters: int | None  # that the loss is the mean over, if known
    text: str  # without the prompt
    error: str = ""  # why there is no text

    @property
    def bits_per_char(self) -> float | None:
        """The loss in bits per character."""
        return None if self.loss is None else bits(self.loss)


def newest_metadata(checkpoints: Sequence[CheckpointInfo]) -> CheckpointMetadata | None:
    """Return the metadata of the last undamaged checkpoint."""
    return next((info.metadata for info in reversed(checkpoints) if info.metadata), None)


def sample_checkpoints(
    checkpoints: Iterable[CheckpointInfo],
    prompt: str,
    config: SamplingConfig,
    seed: int,
    length: int,
) -> Iterator[CheckpointSample]:
    """Yield a text from each of ``checkpoints``, as soon as it is complete.

    ``prompt`` is in characters of the model. The sample of a checkpoint that is damaged, or that a
    training run has removed in the meantime, has an ``error``.
    """
    for info in checkpoints:
        text, error = "", info.error
        try:
            if info.metadata:
                network = NumpyLSTM(checkpoint.load(info.path).checkpoint)
                text = generate(network, prompt, length, config, seed)
        except CharloomError as failure:
            error = str(failure)
            if not info.path.exists():
                error = f"Checkpoint @{info.step} no longer exists: training keeps only some."
        except MemoryError:
            error = f"Not enough memory to load checkpoint @{info.step}."
        yield CheckpointSample(info.step, *_best_measured_loss(info.metadata), text, error)


def _best_measured_loss(
    metadata: CheckpointMetadata | None,
) -> tuple[str, float | None, int | None]:
    """Return the name of the most reliable loss, the loss, and the characters it is measured on."""
    if metadata and (loss := metadata.losses.held_out):
        return loss.measure, loss.nats, loss.characters
    if metadata and metadata.losses.train is not None:
        return "train", metadata.losses.train, None
    return "", None, None
