"""References to checkpoints, as users write them."""

from dataclasses import dataclass
from typing import Self


@dataclass(frozen=True, slots=True)
class CheckpointRef:
    """A checkpoint of a model: ``NAME``, ``NAME@best``, ``NAME@last`` or ``NAME@STEP``.

    The best one has the lowest validation loss; it is the newest if no loss was measured. The last
    one has the highest step.
    """

    name: str
    which: str = ""  # "best" (or nothing), "last" or a step

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse ``text``; only the store checks whether the checkpoint exists."""
        name, _, which = text.partition("@")
        return cls(name, which)

    @classmethod
    def at(cls, name: str, step: int) -> Self:
        """Return the reference ``NAME@STEP``."""
        return cls(name, str(step))

    def __str__(self) -> str:
        return f"{self.name}@{self.which}" if self.which else self.name
