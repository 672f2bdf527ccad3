"""Search field, list of generations, and the highlighted one."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Container, Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import Generation
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.library.generation_list import PAGE, GenerationList
from charloom.tui.library.generation_view import GenerationView
from charloom.tui.services.library_worker import (
    LibraryPage,
    LibraryQuery,
    LibraryWorker,
    fetch_page,
)
from charloom.tui.widgets.inputs import SafeInput

_SEARCH_DELAY_SECONDS = 0.1  # after the last key
_T = TypeVar("_T")
_NOTHING_SAVED = (
    "Nothing saved yet.\n\nTexts generated in Prompt ({app.prompt|F2}) are saved here with "
    "everything needed to reproduce them. Star a text there ({prompt.star|ctrl+s}) to find it "
    "again easily."
)
_NO_FAVORITES = (
    "No favorites yet.\n\nStar a text in Prompt ({app.prompt|F2}, then {prompt.star|ctrl+s}) and "
    "it is listed here. Or press {texts.filter|f} to list all texts, and "
    "{texts.star|s} to star one."
)
_EVERYWHERE = ", {texts.filter|f} searches everything."
_NO_MATCH = "No text has all of these words. {texts.back|Esc} clears the search"


class GenerationBrowser(Vertical):
    """Searches generations while the user types; reads them in another thread."""

    @dataclass
    class Changed(Message):
        """Another generation is shown, or the shown one has changed."""

        generation: Generation | None

    def __init__(self) -> None:
        super().__init__()
        self._worker = LibraryWorker()
        self._query = LibraryQuery()
        self._listed_query: LibraryQuery | None = None  # that the list shows the results of
        self._highlighted: int | None = None  # the id of the last highlighted generation
        self._search_timer: Timer | None = None
        self._error = ""

    def compose(self) -> ComposeResult:
        with Horizontal(id="line"):
            yield Static(with_keys(self.app, "{texts.find|/}"), id="slash", markup=False)
            yield SafeInput(placeholder="search prompts, texts, tags and notes", id="search")
            yield Static("", id="scope", markup=False)
        yield Static("", id="message", markup=False)
        with Container(id="pair"):
            yield GenerationList()
            yield GenerationView()

    def on_mount(self) -> None:
        self._update_message()

    def on_unmount(self) -> None:
        self._worker.close()

    @property
    def library_query(self) -> LibraryQuery:
        """The query for the generations that are listed."""
        return self._query

    @property
    def searching(self) -> bool:
        """True if words are searched for, or can be typed."""
        return bool(self._query.words) or self.query_one("#search", SafeInput).has_focus

    @property
    def generation(self) -> Generation | None:
        """The highlighted generation."""
        return self.generation_list.generation

    @property
    def generation_list(self) -> GenerationList:
        return self.query_one(GenerationList)

    @property
    def view(self) -> GenerationView:
        return self.query_one(GenerationView)

    async def run(self, job: Callable[[Library], _T]) -> _T:
        """Return ``job(library)``, computed in the library's thread."""
        return await self._worker.run(job)

    @work
    async def poll(self) -> None:
        """List the generations again if another process has changed the library."""
        try:
            changed = await self._worker.changed()
        except CharloomError as error:
            self._update_message(str(error))
            return
        if changed or self._error:
            self.reload()

    @work(exclusive=True, group="read")
    async def reload(self, keep: int | None = None) -> None:
        """Run the query, and highlight ``keep``, an id, or else the same generation as before.

        If it is not listed, its neighbour is highlighted; of a new search, the best match.
        """
        query, listed, cursor = self._query, self._listed_query, self.generation_list.cursor
        is_new = query != listed
        new_words = bool(query.words) and (listed is None or listed.words != query.words)
        if keep is None and not new_words and (is_new or self.generation):
            keep = self._highlighted

        def fetch(library: Library) -> tuple[LibraryPage, int]:
            if is_new and (query.words or keep is None):
                index, page = 0, fetch_page(library, query, 0, PAGE)
            else:
                index = cursor
                if keep is not None and not query.words:  # also if it is not listed
                    index = library.count(starred_only=query.starred_only, newer_than=keep)
                start = max(0, index - PAGE)
                page = fetch_page(library, query, start - start % PAGE, 3 * PAGE)
            ids = [generation.id for generation in page.rows]
            return page, page.start + ids.index(keep) if keep in ids else index

        try:
            page, index = await self._worker.run(fetch)
        except CharloomError as error:
            self._update_message(str(error))
            return
        self._listed_query = query
        self.generation_list.set_page(page, query.words, index)
        self.view.set_generation(self.generation, query.words)
        self._update_message()

    def toggle_starred_only(self) -> None:
        self._set_query(LibraryQuery(self._query.words, not self._query.starred_only))

    def clear(self) -> None:
        """Clear the search."""
        self.query_one("#search", SafeInput).value = ""
        self.submit()

    def replace(self, generation: Generation) -> None:
        """Show the new state of a generation."""
        self.generation_list.replace(generation)

    @on(SafeInput.Changed, "#search")
    def search_soon(self) -> None:
        if self._search_timer:
            self._search_timer.stop()
        self._search_timer = self.set_timer(_SEARCH_DELAY_SECONDS, self._search)

    @on(SafeInput.Submitted, "#search")
    def submit(self) -> None:
        self._search()
        self.screen.set_focus(self.generation_list)

    @on(GenerationList.Highlighted)
    def show_generation(self, event: GenerationList.Highlighted) -> None:
        if event.generation:
            self._highlighted = event.generation.id
        self.view.set_generation(event.generation, (self._listed_query or self._query).words)
        self.post_message(self.Changed(event.generation))

    @on(GenerationList.RowsNeeded)
    def read_rows(self, event: GenerationList.RowsNeeded) -> None:
        if self._listed_query:
            self._read_page(event.start, self._listed_query)

    @work(group="more")
    async def _read_page(self, start: int, query: LibraryQuery) -> None:
        try:
            page = await self._worker.run(lambda library: fetch_page(library, query, start, PAGE))
        except CharloomError as error:
            self._update_message(str(error))
            return
        if query == self._listed_query:
            self.generation_list.add_page(page)
            self._update_message()

    def _search(self) -> None:
        words = self.query_one("#search", SafeInput).value.strip()
        if words != self._query.words:
            self._set_query(LibraryQuery(words, self._query.starred_only))

    def _set_query(self, query: LibraryQuery) -> None:
        self._query = query
        self.reload()

    def _update_message(self, error: str = "") -> None:
        """Show ``error``, or advice if the list is empty; and the number of generations."""
        self._error = error
        message = self.query_one("#message", Static)
        message.update(safe_content(error or with_keys(self.app, self._advice())))
        message.set_class(bool(error), "-error")
        empty = not self.generation_list.total
        message.display = bool(error) or (empty and self._listed_query is not None)
        self.query_one("#pair").set_class(empty, "-empty")
        scope = "★ favorites" if self._query.starred_only else "everything"
        self.query_one("#scope", Static).update(
            Content.assemble(
                (with_keys(self.app, "{texts.filter|f}"), "$accent"),
                f" {scope}  {self.generation_list.total_label:>7}",
            )
        )

    def _advice(self) -> str:
        if self._query.words:
            return _NO_MATCH + (_EVERYWHERE if self._query.starred_only else ".")
        return _NO_FAVORITES if self._query.starred_only else _NOTHING_SAVED
