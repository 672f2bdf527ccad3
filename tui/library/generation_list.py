"""The list of generations: as long as the library, though only what is looked at is read."""

from dataclasses import dataclass
from typing import ClassVar

from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from charloom.core.library.generation import Generation
from charloom.tui.library.generation_rows import lines_at, rows
from charloom.tui.services.library_worker import LibraryPage

PAGE = 100  # rows that are read at a time
_MARGIN = 2  # columns at the left: where the cursor is


class GenerationList(ScrollView, can_focus=True):
    """Rows that are drawn as they come into view and asked for as they are needed."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"generation-list--cursor"}
    DEFAULT_CSS = """
    GenerationList {
        background: $background;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        .generation-list--cursor { background: $panel; }
        &:focus .generation-list--cursor { background: $accent 20%; }
        &:ansi:focus .generation-list--cursor { background: ansi_default; text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up", show=False),
        Binding("down,j", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1_000_000_000)", "Newest", show=False),
        Binding("end", "move(1_000_000_000)", "Oldest", show=False),
    ]

    HELP = (
        "↑ ↓, Page up, Page down, Home and End go through the list; Tab goes to the text beside it."
    )

    cursor: reactive[int] = reactive(0, init=False)

    @dataclass
    class Highlighted(Message):
        """Another generation is under the cursor, or it has changed; None where there is none."""

        generation: Generation | None

    @dataclass
    class Opened(Message):
        """A row was clicked twice."""

    @dataclass
    class Wanted(Message):
        """Rows have come into view that are to be read: :data:`PAGE` of them from ``start`` on."""

        start: int

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[int, Generation] = {}
        self._total, self._counted = 0, True
        self._query = ""
        self._asked: set[int] = set()
        self._told: Generation | None = None

    @property
    def generation(self) -> Generation | None:
        """What is under the cursor."""
        return self._rows.get(self.cursor)

    @property
    def total(self) -> int:
        """How many rows there are."""
        return self._total

    @property
    def figure(self) -> str:
        """How many there are, for a person; of what is not counted, how many are known."""
        return f"{self._total:,}" if self._counted else f"{self._total - 1:,}+"

    def show(self, page: LibraryPage, query: str = "", keep: int | None = None) -> None:
        """Show another list, of which ``page`` is known, from its beginning.

        The generation of the number ``keep``, where it is in the page, stays under the cursor and
        where it is on the screen; where it is not, what took its place is under the cursor.
        """
        before, above = self.cursor, self.cursor * self._height - self.scroll_y
        self._rows = dict(enumerate(page.rows, page.start))
        self._total, self._counted, self._query = page.total, page.counted, query
        self._asked.clear()
        places = (index for index, each in self._rows.items() if each.id == keep)
        index = 0 if keep is None else next(places, before)
        self._resize()
        self.set_reactive(GenerationList.cursor, max(0, min(index, self._total - 1)))
        self.scroll_to(y=0 if keep is None else index * self._height - above, animate=False)
        self.call_after_refresh(self._reveal)
        self._changed()

    def put(self, page: LibraryPage) -> None:
        """Add rows that were asked for."""
        self._rows |= dict(enumerate(page.rows, page.start))
        if page.counted or page.total > self._total:
            self._total, self._counted = page.total, page.counted
        self._asked.discard(page.start)
        self._resize()
        self.cursor = max(0, min(self.cursor, self._total - 1))
        self._changed()

    def replace(self, generation: Generation) -> None:
        """Show a generation that has changed as it is now."""
        for index, each in self._rows.items():
            if each.id == generation.id:
                self._rows[index] = generation
        self._changed()

    def render_line(self, y: int) -> Strip:
        """Draw one line of what is in view."""
        width = self.scrollable_content_region.width
        index, part = divmod(self.scroll_offset.y + y, self._height)
        at_cursor = index == self.cursor and index < self._total
        style = self.get_visual_style(*["generation-list--cursor"] * at_cursor)
        mark = "  " if not at_cursor else "▌ " if self.has_focus else "▏ "
        line = Content.assemble((mark, "$accent"), self._line(index, part, width - _MARGIN))
        parse = self.app.stylesheet.parse_style
        drawn = (Segment(text, each.rich_style) for text, each in line.render(style, "", parse))
        return Strip(drawn).adjust_cell_length(width, style.rich_style)

    def watch_cursor(self, before: int, now: int) -> None:
        """Bring the cursor into view and tell what is under it."""
        self.refresh_lines(before * self._height, self._height)
        self.refresh_lines(now * self._height, self._height)
        self._reveal()
        self._tell()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for the rows that come into view."""
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def action_move(self, by: int) -> None:
        """Go so many rows down, or up."""
        self.cursor = max(0, min(self.cursor + by, self._total - 1))

    def action_page(self, by: int) -> None:
        """Go as many rows as are in view."""
        self.action_move(by * max(1, self._in_view - 1))

    def on_resize(self) -> None:
        """Keep the cursor in view."""
        self._resize()
        self.call_after_refresh(self._reveal)

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on a row; a second click opens it."""
        offset = event.get_content_offset(self)
        if offset is not None:
            index = (self.scroll_offset.y + offset.y) // self._height
            if index < self._total:
                self.cursor = index
                if event.chain == 2:
                    self.post_message(self.Opened())

    @property
    def _height(self) -> int:
        return lines_at(self.scrollable_content_region.width - _MARGIN)

    @property
    def _in_view(self) -> int:
        return self.size.height // self._height

    def _line(self, index: int, part: int, width: int) -> Content:
        if index >= self._total or width < 1:
            return Content("")
        generation = self._rows.get(index)
        if generation is None:
            return Content("…" if part == 0 else "")
        return rows(generation, self._query, width)[part]

    def _changed(self) -> None:
        """Show what is there now, and tell what is under the cursor."""
        self._tell()
        self.refresh()

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, self._total * self._height)

    def _reveal(self) -> None:
        """Scroll as little as it takes to have the cursor in view."""
        top, bottom = self.cursor * self._height, (self.cursor + 1) * self._height
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif bottom > self.scroll_y + self.size.height:
            self.scroll_to(y=bottom - self.size.height, animate=False)
        self._want()

    def _want(self) -> None:
        """Ask for the pages in view that were not read, each once."""
        first = self.scroll_offset.y // self._height
        last = min(first + self._in_view, self._total - 1)
        for start in range(first - first % PAGE, last + 1, PAGE):
            seen = range(max(start, first), min(start + PAGE, last + 1))
            if start not in self._asked and not all(index in self._rows for index in seen):
                self._asked.add(start)
                self.post_message(self.Wanted(start))

    def _tell(self) -> None:
        if self.generation is not self._told:
            self._told = self.generation
            self.post_message(self.Highlighted(self._told))
