"""A text to look into a model with: one that it has not seen, where there is one."""

from contextlib import suppress

from charloom.core.data import catalog
from charloom.core.errors import CharloomError
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.read import find_checkpoint

_TALE = "loom"  # is always there
_FEWEST = 100  # characters: units are ranked on them


def specimen(address: str) -> tuple[str, str]:
    """Return a title and the held-out end of the text that the model at ``address`` learned.

    Where that is not at hand, or is next to nothing, it is a tale that comes with Charloom.
    """
    info, found = find_checkpoint(address)
    origin = None
    with suppress(CharloomError):
        origin = find_training_text(info.name, found.card) if found.card else None
    if origin and len(origin.held_out) >= _FEWEST:
        return f"the held-out end of {origin.title}", origin.held_out
    tale = catalog.fetch(_TALE)
    return f"{tale.title} (what the model learned is not here)", tale.text
