"""Replay a generation with the checkpoint that wrote it."""

from collections.abc import Callable

from charloom.core.errors import Cancelled, CharloomError
from charloom.core.library.generation import Generation, ReplayResult
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import LoadedCheckpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.sampler import Sampler
from charloom.core.store.read import list_models
from charloom.core.store.ref import CheckpointRef


def find_writer(generation: Generation) -> tuple[CheckpointRef, LoadedCheckpoint]:
    """Return the checkpoint that wrote ``generation``.

    It may be found in any model; the recorded one is searched first. Raises :class:`CharloomError`
    if it is gone.
    """
    problem = "is no longer there"
    for model in sorted(list_models(), key=lambda model: model.name != generation.model):
        for info in model.checkpoints:
            if info.step != generation.step:
                continue
            try:
                loaded = checkpoint.load(info.path)
            except CharloomError:
                mismatch = "is damaged"
            else:
                if loaded.sha256 == generation.checkpoint_sha256:
                    return CheckpointRef.at(model.name, info.step), loaded
                mismatch = "has been replaced by another"
            if model.name == generation.model:
                problem = mismatch
    raise CharloomError(
        f"The checkpoint {generation.checkpoint_ref} that wrote this {problem}, "
        "so it cannot be written again."
    )


def completion_for(generation: Generation, network: NumpyLSTM) -> Completion:
    """Return a completion that replays ``generation`` and can continue it."""
    read = generation.context + generation.prompt
    sampler = Sampler(network, read, generation.sampling, generation.seed)
    g = generation
    return Completion(sampler, g.length, g.ending, g.changes, g.choices)


def replay(generation: Generation, cancelled: Callable[[], bool] = lambda: False) -> ReplayResult:
    """Generate the text again and compare.

    Raises :class:`CharloomError` if the checkpoint is gone, and
    :class:`Cancelled` as soon as ``cancelled`` returns true.
    """
    _, loaded = find_writer(generation)
    text: list[str] = []
    for character, _ in completion_for(generation, NumpyLSTM(loaded.checkpoint)):
        if cancelled():
            raise Cancelled("The replay was cancelled.")
        text.append(character)
    return ReplayResult.compare(generation.text, "".join(text))
