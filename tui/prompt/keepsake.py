"""The place of one text in the library, whatever others do there meanwhile."""

from dataclasses import replace

from charloom.core.library.database import Library
from charloom.core.library.generation import Generation


class Keepsake:
    """Its methods are jobs for one librarian, who does them one after the other.

    A text that somebody else has removed is put back under its number by whatever is done here.
    """

    def __init__(self, stored: Generation | None = None) -> None:
        self.stored = stored
        """The generation as it was last seen in the library, or removed from it."""

    def keep(self, library: Library, generation: Generation) -> None:
        """Have ``generation`` in the library, with its star or without."""
        if self.stored is None:
            self.stored = library.add(generation)
        else:
            library.restore(self.stored)
            library.update(replace(generation, id=self.stored.id))
            self.stored = library.star(self.stored.id, generation.starred)

    def remove(self, library: Library) -> bool:
        """Take it out of the library, unless it is a favorite there; return whether it is out."""
        if self.stored is None:
            return True
        self.stored = library.restore(self.stored)
        if not self.stored.starred:
            library.remove(self.stored.id)
        return not self.stored.starred
