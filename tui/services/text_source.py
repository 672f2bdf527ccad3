"""A text that a person points to in the app: a known one, a file, or what was pasted."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self, Unpack

from charloom.core.data import catalog, corpus
from charloom.core.data.corpus import Corpus, ReadOptions

_PASTED = "pasted text"


class TextKind(Enum):
    """Where a text comes from."""

    KNOWN = "known"  # by its name in the catalog
    FILE = "file"  # by its path
    PASTED = "pasted"  # it is the text itself


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text to be opened."""

    kind: TextKind
    value: str

    @classmethod
    def recalled(cls, text: str) -> Self:
        """Return what was remembered as ``text``."""
        return cls(TextKind.FILE if Path(text).is_absolute() else TextKind.KNOWN, text)

    @property
    def remembered(self) -> str:
        """What to remember it by; nothing for what was pasted."""
        if self.kind is TextKind.FILE:
            return str(self.path.absolute())
        return self.value if self.kind is TextKind.KNOWN else ""

    @property
    def label(self) -> str:
        """What to call it before it is open."""
        if self.kind is TextKind.PASTED:
            return _PASTED
        if self.kind is TextKind.KNOWN and self.value in {entry.name for entry in catalog.ENTRIES}:
            return catalog.find(self.value).title
        return self.value

    def open(
        self, on_progress: Callable[[int, int], None] | None = None, **reading: Unpack[ReadOptions]
    ) -> Corpus:
        """Read it, downloading it if need be. Raises :class:`CharloomError`."""
        if self.kind is TextKind.KNOWN:
            return catalog.fetch(self.value, on_progress=on_progress, **reading)
        if self.kind is TextKind.PASTED:
            data = self.value.encode("utf-8", "replace")
            reading["encoding"] = "utf-8"
            return corpus.from_bytes(data, title=_PASTED, source=_PASTED, **reading)
        return corpus.load(self.path, **reading)

    @property
    def path(self) -> Path:
        """The file it is in, for :attr:`Kind.FILE`."""
        path = Path(self.value)
        with suppress(RuntimeError):  # ~somebody who is not known here
            path = path.expanduser()
        return path
