"""The library in a thread of its own: whoever types waits for no disk and no other process."""

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
    """Which generations are wanted: those with every word of ``query``, or the newest."""

    query: str = ""
    starred_only: bool = False


@dataclass(frozen=True, slots=True)
class LibraryPage:
    """The generations from ``start`` on. There are ``total``; unless ``counted``, at least that."""

    start: int
    rows: Sequence[Generation]
    total: int
    counted: bool = True


def fetch_page(library: Library, wish: LibraryQuery, start: int, limit: int) -> LibraryPage:
    """Return up to ``limit`` of the generations that are wanted."""
    starred_only = wish.starred_only
    if not wish.query:
        rows = library.recent(limit, starred_only=starred_only, offset=start)
        return LibraryPage(start, rows, library.count(starred_only=starred_only))
    rows = library.search(wish.query, starred_only=starred_only, limit=limit, offset=start)
    full = len(rows) == limit
    return LibraryPage(start, rows, start + len(rows) + full, counted=not full)


def fetch_all(library: Library, wish: LibraryQuery) -> Sequence[Generation]:
    """Return all generations that are wanted."""
    return fetch_page(library, wish, 0, -1).rows


class LibraryWorker:
    """Does one thing after the other, on one connection: only that can tell of others' changes."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, "library")
        self._library: Library | None = None
        self._seen: tuple[Library, int] | None = None

    async def do(self, job: Callable[[Library], _T]) -> _T:
        """Return what ``job`` makes of the library; :class:`CharloomError` as it raises it.

        A job whose caller is cancelled before its turn is never done.
        """
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._opened, job)

    async def changed(self) -> bool:
        """Whether somebody else has changed the library since this was last asked, if ever."""
        return await self.do(self._compare)

    def close(self) -> None:
        """Close the file after what is being done; nothing can be asked any more."""
        self._thread.submit(self._close)
        self._thread.shutdown(wait=False)

    def _opened(self, job: Callable[[Library], _T]) -> _T:
        if self._library is None:
            self._library = Library()
        try:
            return job(self._library)
        except CharloomError:
            self._close()  # the file may be another by the next time
            raise

    def _compare(self, library: Library) -> bool:
        before, self._seen = self._seen, (library, library.data_version())
        return before != self._seen

    def _close(self) -> None:
        if self._library:
            self._library.close()
            self._library = None
