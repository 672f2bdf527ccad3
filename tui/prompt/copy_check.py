"""Find the longest verbatim match of a generated text with the training text of its model.

The search waits while a text is being generated. The indexes of the last training texts are kept.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from charloom.core.errors import Cancelled, CharloomError
from charloom.core.store.read import find_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.tui.services.background import run_in_background

if TYPE_CHECKING:
    from charloom.core.analysis.memorization import CorpusIndex, VerbatimMatch

_MAX_INDEXES = 2  # each takes five bytes or more per character of training text
_POLL_SECONDS = 0.05

_indexes: "dict[tuple[str, float], CorpusIndex]" = {}  # by digest and held-out share of the text


class CopyCheck:
    """Searches for one match after the other, and waits while ``is_busy`` returns true."""

    def __init__(self, is_busy: Callable[[], bool]) -> None:
        self._is_busy = is_busy
        self._closed = False
        self._lock = asyncio.Lock()

    async def longest_match(self, name: str, text: str) -> "VerbatimMatch | None":
        """Return the longest match of ``text`` with the training text of the model ``name``.

        None if the training text is not available, or too long to search.
        """
        async with self._lock:
            try:
                return await run_in_background(
                    lambda: _index(name, self._wait).longest_match(text, self._wait)
                )
            except (CharloomError, MemoryError):
                return None

    def close(self) -> None:
        """Cancel all searches."""
        self._closed = True

    def _wait(self) -> None:
        while self._is_busy() and not self._closed:
            time.sleep(_POLL_SECONDS)
        if self._closed:
            raise Cancelled("The search was cancelled.")


def _index(name: str, on_progress: Callable[[], None]) -> "CorpusIndex":
    """Return the index of the training text of the model ``name``, made if it is not kept."""
    on_progress()
    # Deferred: the first text can be written before these modules are needed.
    from charloom.core.analysis.memorization import CorpusIndex
    from charloom.core.runs.training_text import find_training_text

    metadata = find_checkpoint(CheckpointRef(name))[1].metadata  # all have the same text
    if metadata is None:
        raise CharloomError(f"The training text of {name!r} is not known.")
    key = (metadata.corpus.sha256, metadata.training.held_out)
    index = _indexes.pop(key, None)
    if index is None:
        index = CorpusIndex(find_training_text(name, metadata).train, on_progress)
    _indexes[key] = index
    while len(_indexes) > _MAX_INDEXES:
        del _indexes[next(iter(_indexes))]
    return index
