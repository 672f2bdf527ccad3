"""Making a generation again, with the very checkpoint that wrote it."""

from collections.abc import Callable

from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation, ReplayResult
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import LoadedCheckpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.core.store.read import list_models
from charloom.core.store.ref import CheckpointRef


def find_writer(generation: Generation) -> tuple[CheckpointRef, LoadedCheckpoint]:
    """Return the checkpoint that wrote ``generation``, and where it is.

    It may be found in a model of any name, but is looked for in that of the recorded one first.
    :class:`CharloomError` when it is gone.
    """
    fate = "is no longer there"
    for info in sorted(list_models(), key=lambda info: info.name != generation.model):
        for each in info.checkpoints:
            if each.step != generation.step:
                continue
            try:
                loaded = checkpoint.load(each.path)
            except CharloomError:
                found = "is damaged"
            else:
                if loaded.sha256 == generation.checkpoint_sha256:
                    return CheckpointRef.at(info.name, each.step), loaded
                found = "has been replaced by another"
            if info.name == generation.model:
                fate = found
    raise CharloomError(
        f"The checkpoint {generation.model}@{generation.step} that wrote this {fate}, "
        "so it cannot be written again."
    )


def completion_for(old: Generation, model: NumpyLSTM) -> Completion:
    """Return a draft that writes ``old`` again, and may then go on."""
    settings = SamplingConfig(old.temperature, old.top_k, old.top_p)
    stream = Sampler(model, old.prompt, settings, old.seed)
    return Completion(stream, old.length, old.stop, old.changes)


def replay(old: Generation, cancelled: Callable[[], bool] = lambda: False) -> ReplayResult:
    """Generate ``old`` once more and compare.

    Raises :class:`CharloomError` when its checkpoint is gone, and as soon as it is ``cancelled``.
    """
    _, loaded = find_writer(old)
    written: list[str] = []
    for character, _ in completion_for(old, NumpyLSTM(loaded.checkpoint)):
        if cancelled():
            raise CharloomError("The replay was cancelled.")
        written.append(character)
    return ReplayResult.compare(old.text, "".join(written))
