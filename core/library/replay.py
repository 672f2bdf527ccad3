"""Making a generation again, with the very checkpoint that wrote it."""

from collections.abc import Callable

from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation, Replay
from charloom.core.model import checkpoint
from charloom.core.model.checkpoint import Loaded
from charloom.core.model.numpy_lstm import LSTM
from charloom.core.sampling.completion import Draft
from charloom.core.sampling.sampler import Settings, Stream
from charloom.core.store import read as shelf


def writer(generation: Generation) -> tuple[str, Loaded]:
    """Return the address and the checkpoint that wrote ``generation``.

    It may be found in a model of any name, but is looked for in that of the recorded one first.
    :class:`CharloomError` when it is gone.
    """
    fate = "is no longer there"
    for info in sorted(shelf.models(), key=lambda info: info.name != generation.model):
        for each in info.checkpoints:
            if each.step != generation.step:
                continue
            try:
                loaded = checkpoint.load(each.path)
            except CharloomError:
                found = "is damaged"
            else:
                if loaded.sha256 == generation.checkpoint_sha256:
                    return f"{info.name}@{each.step}", loaded
                found = "has been replaced by another"
            if info.name == generation.model:
                fate = found
    raise CharloomError(
        f"The checkpoint {generation.model}@{generation.step} that wrote this {fate}, "
        "so it cannot be written again."
    )


def redraft(old: Generation, model: LSTM) -> Draft:
    """Return a draft that writes ``old`` again, and may then go on."""
    settings = Settings(old.temperature, old.top_k, old.top_p)
    stream = Stream(model, old.prompt, settings, old.seed)
    return Draft(stream, old.length, old.stop, old.changes)


def replay(old: Generation, cancelled: Callable[[], bool] = lambda: False) -> Replay:
    """Generate ``old`` once more and compare.

    Raises :class:`CharloomError` when its checkpoint is gone, and as soon as it is ``cancelled``.
    """
    _, loaded = writer(old)
    written: list[str] = []
    for character, _ in redraft(old, LSTM(loaded.checkpoint)):
        if cancelled():
            raise CharloomError("The replay was cancelled.")
        written.append(character)
    return Replay.compare(old.text, "".join(written))
