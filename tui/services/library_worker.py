"""The library on a thread of its own: the UI waits for neither the disk nor other processes."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class LibraryQuery:
    """A search for generations that contain all ``words``; without words, for the newest."""

    words: str = ""
    starred_only: bool = False


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """The generations from index ``start``, of ``total``; of at least that unless ``counted``."""

    start: int
    rows: Sequence[Generation]
    total: int
    counted: bool = True


def fetch_page(library: Library, query: LibraryQuery, start: int, limit: int) -> LibraryPage:
    """Return up to ``limit`` results of ``query``; -1 is no limit."""
    starred_only = query.starred_only
    if not query.words:
        rows = library.recent(limit, starred_only=starred_only, offset=start)
        return LibraryPage(start, rows, library.count(starred_only=starred_only))
    rows = library.search(query.words, starred_only=starred_only, limit=limit, offset=start)
    full = len(rows) == limit
    return LibraryPage(start, rows, start + len(rows) + full, counted=not full)


def fetch_all(library: Library, query: LibraryQuery) -> Sequence[Generation]:
    """Return all results of ``query``."""
    return fetch_page(library, query, 0, -1).rows


class LibraryWorker:
    """Runs jobs one after the other on one connection, which can detect changes by others."""

    def __init__(self) -> None:
        self._executor = ThreadPoolExecutor(1, "library")
        self._library: Library | None = None
        self._seen_version: tuple[Library, int] | None = None

    async def run(self, job: Callable[[Library], _T]) -> _T:
        """Return the result of ``job``, or raise its :class:`CharloomError`.

        A job whose caller is cancelled before its turn does not run. After :meth:`close`, callers
        are cancelled: the app is being closed, too.
        """
        try:
            result = asyncio.get_running_loop().run_in_executor(self._executor, self._run, job)
        except RuntimeError as error:
            raise asyncio.CancelledError from error
        return await result

    async def changed(self) -> bool:
        """Return whether another connection changed the library since the last call."""
        return await self.run(self._version_changed)

    def close(self) -> None:
        """Close the database after the running job; no more jobs are accepted."""
        self._executor.submit(self._close)
        self._executor.shutdown(wait=False)

    def _run(self, job: Callable[[Library], _T]) -> _T:
        if self._library is None:
            self._library = Library()
        try:
            return job(self._library)
        except CharloomError:
            self._close()  # the file may be a different one next time
            raise

    def _version_changed(self, library: Library) -> bool:
        before, self._seen_version = self._seen_version, (library, library.data_version())
        return before != self._seen_version

    def _close(self) -> None:
        if self._library:
            self._library.close()
            self._library = None
