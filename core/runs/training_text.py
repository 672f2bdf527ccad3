"""The text that a model learned from, where it is still at hand on this computer.

A checkpoint does not hold its text, only that text's digest. A model that was trained here has it
beside it; one from elsewhere may have learned what another run, or the catalog, has.
"""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field

from charloom.core.data import catalog
from charloom.core.errors import CharloomError
from charloom.core.model.metadata import Card
from charloom.core.runs import run as runs
from charloom.core.store.write import BUNDLED, folder, names


@dataclass(frozen=True, slots=True)
class Origin:
    """A text that was learned, as it was cut: the end of it, a ``share``, is never trained on."""

    title: str
    text: str = field(repr=False)
    share: float

    @property
    def train(self) -> str:
        """What the model was trained on."""
        return self.text[: self._cut]

    @property
    def held_out(self) -> str:
        """What it has never seen."""
        return self.text[self._cut :]

    @property
    def _cut(self) -> int:
        return len(self.text) - int(
            len(self.text) * self.share
        )  # as charloom.core.data.dataset.split


def find(name: str, card: Card) -> Origin:
    """Return the text that the model ``name``, with the card ``card``, learned from.

    Raises :class:`CharloomError` where it is not at hand.
    """
    for text in _texts(name, card):
        return Origin(card.corpus.title, text, card.training.held_out)
    raise CharloomError(
        f"The text that {name!r} learned from ({card.corpus.title[:100]!r}) is not on this "
        "computer; fetch it with `charloom corpus get`, or name another text."
    )


def _texts(name: str, card: Card) -> Iterator[str]:
    """Yield texts with the right digest: the model's own first."""
    wanted = card.corpus.sha256
    for each in (name, *sorted(set(names()) - {name})):
        place = folder(each)
        if each == BUNDLED or not (place / "run.json").is_file():
            continue
        with contextlib.suppress(CharloomError):  # damaged: another may have it
            plan = runs.read_plan(place)
            if plan.sha256 == wanted:
                yield runs.read_text(place, plan)
    title = card.corpus.title.casefold()
    for entry in catalog.ENTRIES:
        if title in (entry.name, entry.title.casefold()) and catalog.cached(entry.name):
            with contextlib.suppress(CharloomError):
                corpus = catalog.fetch(entry.name)
                if corpus.sha256 == wanted:
                    yield corpus.text
