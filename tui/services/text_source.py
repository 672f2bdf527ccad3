"""A text that the user selects in the app: from the catalog, from a file, or pasted."""

import os
import shlex
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Self, Unpack
from urllib.parse import urlsplit
from urllib.request import url2pathname

from charloom.core.data import catalog, corpus
from charloom.core.data.corpus import Corpus, ReadOptions
from charloom.core.data.joining import Progress
from charloom.core.paths import expand_user

_PASTED = "pasted text"
_MAX_DROPPED_CHARACTERS = 10_000
MIN_OFFERED_CHARACTERS = 2_000
"""A shorter text teaches a model next to nothing: it is not offered for training."""


def dropped_paths(text: str) -> list[Path]:
    """Return the existing files and folders of a text that a terminal pastes for dropped files.

    Terminals quote names, escape spaces by backslashes, or write ``file://`` URIs; several names
    are separated by spaces or newlines. A text that names anything else gives an empty list.
    """
    text = text.strip()
    if not text or len(text) > _MAX_DROPPED_CHARACTERS:
        return []
    names = [[text], text.splitlines()]
    with suppress(ValueError):  # an odd quote
        words = shlex.split(text, posix=os.name == "posix")
        names.append([word.strip("\"'") for word in words])
    for candidates in names:
        paths = [_existing_path(name.strip()) for name in candidates if name.strip()]
        if paths and all(paths):
            return list(dict.fromkeys(path for path in paths if path))
    return []


def quote_paths(paths: list[Path]) -> str:
    """Return a line from which :func:`dropped_paths` reads ``paths``."""
    if len(paths) == 1:
        return str(paths[0])
    quote = shlex.quote if os.name == "posix" else '"{}"'.format
    return " ".join(quote(str(path)) for path in paths)


def _existing_path(name: str) -> Path | None:
    uri = urlsplit(name) if name.startswith("file://") else None
    path = Path(url2pathname(uri.path) if uri else name)
    with suppress(OSError, ValueError, RuntimeError):  # too long, or ~name of an unknown user
        path = path.expanduser()
        return path if path.exists() else None
    return None


class TextKind(Enum):
    """Where a text comes from."""

    KNOWN = "known"  # by its name in the catalog
    FILE = "file"  # by its path; several files or folders are joined
    PASTED = "pasted"  # the text itself


@dataclass(frozen=True, slots=True)
class TextSource:
    """A text to be opened; the meaning of ``value`` depends on ``kind``."""

    kind: TextKind
    value: str

    @classmethod
    def from_paths(cls, paths: Iterable[Path | str]) -> Self:
        """Return the text in files and folders."""
        return cls(TextKind.FILE, "\n".join(map(str, paths)))

    @classmethod
    def from_paste(cls, text: str) -> Self | None:
        """Return the files that ``text`` names by absolute paths, or a long text; else None."""
        paths = dropped_paths(text)
        if paths and all(path.is_absolute() and path.name for path in paths):  # not just a slash
            return cls.from_paths(paths)
        return cls(TextKind.PASTED, text) if len(text) >= MIN_OFFERED_CHARACTERS else None

    @classmethod
    def from_recent(cls, entry: str) -> Self:
        """Return the source of an entry of the recent texts: a path or a catalog name."""
        return cls(TextKind.FILE if Path(entry).is_absolute() else TextKind.KNOWN, entry)

    @property
    def recent_entry(self) -> str:
        """The entry for the recent texts; empty for a pasted text."""
        if self.kind is TextKind.FILE:
            return "\n".join(str(path.absolute()) for path in self.paths)
        return self.value if self.kind is TextKind.KNOWN else ""

    @property
    def label(self) -> str:
        """The title to show before the text is open."""
        if self.kind is TextKind.PASTED:
            return _PASTED
        if self.kind is TextKind.KNOWN and self.value in {entry.name for entry in catalog.ENTRIES}:
            return catalog.find(self.value).title
        first, *others = self.value.split("\n")
        return f"{first} and {len(others)} more" if others else first

    def open(
        self,
        on_progress: Progress | None = None,
        on_read: Progress | None = None,
        **options: Unpack[ReadOptions],
    ) -> Corpus:
        """Read the text, downloading it if needed. Raises :class:`CharloomError`.

        ``on_progress`` is called during a download, ``on_read`` while files are read.
        """
        if self.kind is TextKind.KNOWN:
            return catalog.fetch(self.value, on_progress=on_progress, **options)
        if self.kind is TextKind.PASTED:
            data = self.value.encode("utf-8", "replace")
            options["encoding"] = "utf-8"
            return corpus.from_bytes(data, title=_PASTED, source=_PASTED, **options)
        return corpus.load(*self.paths, on_read=on_read, **options)

    @property
    def paths(self) -> list[Path]:
        """The files and folders, for :attr:`TextKind.FILE`."""
        return [expand_user(path) for path in self.value.split("\n")]
