"""What of a text stands verbatim in what its model learned, found while nothing is written.

The index that it takes is made once for each text that was learned, and kept for some.
"""

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from charloom.core.errors import CharloomError
from charloom.core.store.read import find_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.tui.services.background import run_in_background

if TYPE_CHECKING:
    from charloom.core.analysis.memorization import SuffixArray, VerbatimMatch

_AT_HAND = 2  # each takes five bytes or more for every character that was learned
_PAUSE_SECONDS = 0.05

_indexes: "dict[tuple[str, float], SuffixArray]" = {}  # by the text's digest and what was held out


class CopyCheck:
    """Looks for one run after the other, and waits for as long as it is ``busy`` elsewhere."""

    def __init__(self, busy: Callable[[], bool]) -> None:
        self._busy = busy
        self._closed = False
        self._one_by_one = asyncio.Lock()

    async def longest(self, name: str, text: str) -> "VerbatimMatch | None":
        """Return the longest run of ``text`` that stands in what the model ``name`` learned.

        None where that is not at hand, or too long to be searched.
        """
        async with self._one_by_one:
            try:
                return await run_in_background(
                    lambda: _index(name, self._rest).longest(text, self._rest)
                )
            except (CharloomError, MemoryError):
                return None

    def close(self) -> None:
        """Give up what is being looked for: nobody asks any more."""
        self._closed = True

    def _rest(self) -> None:
        while self._busy() and not self._closed:
            time.sleep(_PAUSE_SECONDS)
        if self._closed:
            raise CharloomError("Nobody asks any more.")


def _index(name: str, rest: Callable[[], None]) -> "SuffixArray":
    """Return the index of what the model ``name`` was trained on; ``rest`` as it has it."""
    rest()
    # Deferred: the first text can be written before these rooms are needed.
    from charloom.core.analysis.memorization import SuffixArray
    from charloom.core.runs.training_text import find_training_text

    card = find_checkpoint(CheckpointRef(name))[1].card  # all have the same training text
    if card is None:
        raise CharloomError(f"Nobody knows what {name!r} learned.")
    key = (card.corpus.sha256, card.training.held_out)
    index = _indexes.pop(key, None) or SuffixArray(find_training_text(name, card).train, rest)
    _indexes[key] = index
    while len(_indexes) > _AT_HAND:
        del _indexes[next(iter(_indexes))]
    return index
