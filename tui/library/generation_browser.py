"""Looking through the library: a search that follows the typing, the list, and the one to read."""

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
from charloom.tui.library.generation_list import PAGE, GenerationList
from charloom.tui.library.generation_view import GenerationView
from charloom.tui.services.library_worker import (
    LibraryPage,
    LibraryQuery,
    LibraryWorker,
    fetch_page,
)
from charloom.tui.widgets.inputs import SafeInput

_PAUSE_SECONDS = 0.1  # in the typing, after which the search is made
_T = TypeVar("_T")

_NEVER = (
    "Nothing is kept yet.\n\nWhat a model writes in Prompt (F2) is kept here, with all it takes "
    "to have it written again; a text with a star (ctrl+s there) is easily found."
)
_NO_FAVORITE = (
    "There is no favorite yet.\n\nStar a text in Prompt (F2, then ctrl+s) and it is kept here. "
    "Or press f: everything that was written is shown, and s stars it."
)
_NOT_FOUND = "Nothing has all of these words. Esc clears the search"


class GenerationBrowser(Vertical):
    """Generations by their words or by their age; reads them beside the app."""

    DEFAULT_CSS = """
    GenerationBrowser {
        #line { height: 1; }
        #slash { width: 3; color: $accent; padding: 0 1; }
        #scope { width: auto; padding: 0 1; color: $text-muted; }
        #line SafeInput { width: 1fr; }
        #told { padding: 1 2; max-width: 92; color: $text-muted; }
        #told.-fault { color: $text-error; }
    }
    """

    @dataclass
    class Shown(Message):
        """Another generation is being read, or what is known of it has changed."""

        generation: Generation | None

    def __init__(self) -> None:
        super().__init__()
        self._librarian = LibraryWorker()
        self._wish = LibraryQuery()
        self._listed: LibraryQuery | None = None  # the wish that the list is an answer to
        self._pause: Timer | None = None
        self._fault = ""

    def compose(self) -> ComposeResult:
        """Lay out the search over list and text."""
        with Horizontal(id="line"):
            yield Static("/", id="slash", markup=False)
            yield SafeInput(placeholder="search prompts, texts, tags and notes", id="search")
            yield Static("", id="scope", markup=False)
        yield Static("", id="told", markup=False)
        with Container(id="pair"):
            yield GenerationList()
            yield GenerationView()

    def on_mount(self) -> None:
        """Show nothing until something was read."""
        self._explain()

    def on_unmount(self) -> None:
        """Let go of the library."""
        self._librarian.close()

    @property
    def wish(self) -> LibraryQuery:
        """Which generations are listed."""
        return self._wish

    @property
    def generation(self) -> Generation | None:
        """What is being read."""
        return self.listing.generation

    @property
    def listing(self) -> GenerationList:
        """The list."""
        return self.query_one(GenerationList)

    @property
    def view(self) -> GenerationView:
        """The text."""
        return self.query_one(GenerationView)

    async def do(self, job: Callable[[Library], _T]) -> _T:
        """Return what ``job`` makes of the library, beside the app."""
        return await self._librarian.run(job)

    @work
    async def look(self) -> None:
        """Read anew what others have changed."""
        try:
            changed = await self._librarian.changed()
        except CharloomError as error:
            self._explain(str(error))
            return
        if changed or self._fault:
            self.reload()

    @work(exclusive=True, group="read")
    async def reload(self, keep: int | None = None) -> None:
        """List what is wanted now.

        Where that was listed before, what is under the cursor, or ``keep``, stays there.
        """
        wish, total, cursor = self._wish, self.listing.total, self.listing.cursor
        known = self.generation
        again = wish == self._listed
        if again and keep is None and known:
            keep = known.id

        def around(library: Library) -> LibraryPage:
            if not again:
                return fetch_page(library, wish, 0, PAGE)
            # What came meanwhile stands at the top, where a list has its newest.
            came = 0 if wish.words else library.count(starred_only=wish.starred_only) - total
            start = max(0, cursor + came - PAGE)
            return fetch_page(library, wish, start - start % PAGE, 3 * PAGE)

        try:
            page = await self._librarian.run(around)
        except CharloomError as error:
            self._explain(str(error))
            return
        self._listed = wish
        self.listing.show(page, wish.words, keep if again else None)
        self.view.show(self.generation, wish.words)
        self._explain()

    def toggle_starred_only(self) -> None:
        """List the favorites only, or everything."""
        self._ask(LibraryQuery(self._wish.words, not self._wish.starred_only))

    def clear(self) -> None:
        """List what there is, whatever its words."""
        self.query_one("#search", SafeInput).value = ""
        self._search()
        self.screen.set_focus(self.listing)

    def replace(self, generation: Generation) -> None:
        """Show a generation that has changed as it is now."""
        self.listing.replace(generation)

    @on(SafeInput.Changed, "#search")
    def follow_typing(self) -> None:
        """Search as soon as the typing pauses."""
        if self._pause:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_SECONDS, self._search)

    @on(SafeInput.Submitted, "#search")
    def accept(self) -> None:
        """Go to what was found."""
        self._search()
        self.screen.set_focus(self.listing)

    @on(GenerationList.Highlighted)
    def read_this(self, event: GenerationList.Highlighted) -> None:
        """Show what is under the cursor."""
        self.view.show(event.generation, (self._listed or self._wish).words)
        self.post_message(self.Shown(event.generation))

    @on(GenerationList.Wanted)
    def want(self, event: GenerationList.Wanted) -> None:
        """Read the rows that have come into view."""
        if self._listed:
            self._read_more(event.start, self._listed)

    @work(group="more")
    async def _read_more(self, start: int, wish: LibraryQuery) -> None:
        try:
            page = await self._librarian.run(lambda library: fetch_page(library, wish, start, PAGE))
        except CharloomError as error:
            self._explain(str(error))
            return
        if wish == self._listed:
            self.listing.put(page)
            self._explain()

    def _search(self) -> None:
        query = self.query_one("#search", SafeInput).value.strip()
        if query != self._wish.words:
            self._ask(LibraryQuery(query, self._wish.starred_only))

    def _ask(self, wish: LibraryQuery) -> None:
        self._wish = wish
        self.reload()

    def _explain(self, fault: str = "") -> None:
        """Say what is listed, and where there is nothing, what to do."""
        self._fault = fault
        told = self.query_one("#told", Static)
        told.update(safe_content(fault or self._advice()))
        told.set_class(bool(fault), "-fault")
        empty = not self.listing.total
        told.display = bool(fault) or (empty and self._listed is not None)
        self.query_one("#pair").set_class(empty, "-empty")
        what = "★ favorites" if self._wish.starred_only else "everything"
        self.query_one("#scope", Static).update(
            Content.assemble(("f", "$accent"), f" {what}  {self.listing.figure:>7}")
        )

    def _advice(self) -> str:
        if self._wish.words:
            return _NOT_FOUND + (", f searches everything." if self._wish.starred_only else ".")
        return _NO_FAVORITE if self._wish.starred_only else _NEVER
