"""Making a generation again, with the very checkpoint that wrote it."""

from core import checkpoint, sampling, store
from core.checkpoint import Checkpoint
from core.errors import CharloomError
from core.generation import Generation, Replay
from core.lstm import LSTM
from core.sampling import Settings


def replay(old: Generation) -> Replay:
    """Generate ``old`` once more and compare; :class:`CharloomError` if its checkpoint is gone."""
    settings = Settings(old.temperature, old.top_k, old.top_p)
    model = LSTM(_writer(old))
    drawn = sampling.generate(model, old.prompt, settings, old.seed, old.length, old.stop)
    return Replay.compare(old.text, "".join(each.character for each in drawn))


def _writer(generation: Generation) -> Checkpoint:
    """Return the checkpoint that wrote ``generation``, whatever its model is called by now."""
    fate = "is no longer there"
    for info in store.models():
        for each in info.checkpoints:
            if each.step == generation.step and each.card:
                loaded = checkpoint.load(each.path)
                if loaded.sha256 == generation.checkpoint_sha256:
                    return loaded.checkpoint
                if info.name == generation.model:
                    fate = "has been replaced by another"
    raise CharloomError(
        f"The checkpoint {generation.model}@{generation.step} that wrote this {fate}, "
        "so it cannot be written again."
    )
