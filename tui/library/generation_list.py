"""A virtual list of generations: only the visible part of the library is read."""

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
from charloom.tui.library.generation_rows import lines_per_row, render_row
from charloom.tui.services.library_worker import LibraryPage
from charloom.tui.widgets.keys import key_binding, moving_keys

PAGE = 100  # rows read at a time
_MARGIN = 2  # columns of the cursor at the left


class GenerationList(ScrollView, can_focus=True):
    """Draws the rows in view and requests those that have not been read yet."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {"generation-list--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "Up", show=False),
        Binding("down", "move(1)", "Down", show=False),
        Binding("pageup", "page(-1)", "Page up", show=False),
        Binding("pagedown", "page(1)", "Page down", show=False),
        Binding("home", "move(-1_000_000_000)", "Newest", show=False),
        Binding("end", "move(1_000_000_000)", "Oldest", show=False),
        *moving_keys("move(1)", "move(-1)", "move(-1_000_000_000)", "move(1_000_000_000)"),
        key_binding("list.next_match", "Next match", action="move(1)"),
        key_binding("list.previous_match", "Previous match", action="move(-1)"),
    ]

    HELP = "↑ ↓, Page up, Page down, Home and End move in the list; Tab goes to the text."

    cursor: reactive[int] = reactive(0, init=False)

    @dataclass
    class Highlighted(Message):
        """Another generation is under the cursor, or it has changed; None if there is none."""

        generation: Generation | None

    @dataclass
    class Opened(Message):
        """A row was double-clicked."""

    @dataclass
    class RowsNeeded(Message):
        """Rows in view have not been read: :data:`PAGE` of them from index ``start`` on."""

        start: int

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[int, Generation] = {}
        self._total, self._counted = 0, True
        self._query = ""
        self._requested: set[int] = set()  # the starts of pages
        self._reported: Generation | None = None  # in the last Highlighted

    @property
    def generation(self) -> Generation | None:
        """The generation under the cursor, if it has been read."""
        return self._rows.get(self.cursor)

    @property
    def total(self) -> int:
        """The number of rows; of a search, at least as many as are known."""
        return self._total

    @property
    def total_label(self) -> str:
        """The number of generations; followed by + if there may be more."""
        return f"{self._total:,}" if self._counted else f"{self._total - 1:,}+"

    def set_page(self, page: LibraryPage, query: str = "", index: int = 0) -> None:
        """Show the list that ``page`` is from, with the cursor on ``index``.

        The cursor stays in its line on the screen, as far as the list allows.
        """
        line = self.cursor * self._row_lines - self.scroll_y  # of the cursor on the screen
        self._rows = dict(enumerate(page.rows, page.start))
        self._total, self._counted, self._query = page.total, page.counted, query
        self._requested.clear()
        index = max(0, min(index, self._total - 1))
        self._resize()
        self.set_reactive(GenerationList.cursor, index)
        self.scroll_to(y=index * self._row_lines - line, animate=False)
        self.call_after_refresh(self._reveal)
        self._update()

    def add_page(self, page: LibraryPage) -> None:
        """Add rows that were requested."""
        self._rows |= dict(enumerate(page.rows, page.start))
        if page.counted or page.total > self._total:
            self._total, self._counted = page.total, page.counted
        self._requested.discard(page.start)
        self._resize()
        self.cursor = max(0, min(self.cursor, self._total - 1))
        self._update()

    def replace(self, generation: Generation) -> None:
        """Show the new state of a generation."""
        for index, row in self._rows.items():
            if row.id == generation.id:
                self._rows[index] = generation
        self._update()

    def render_line(self, y: int) -> Strip:
        width = self.scrollable_content_region.width
        index, row_line = divmod(self.scroll_offset.y + y, self._row_lines)
        at_cursor = index == self.cursor and index < self._total
        style = self.get_visual_style(*["generation-list--cursor"] * at_cursor)
        mark = "  " if not at_cursor else "▌ " if self.has_focus else "▏ "
        line = Content.assemble((mark, "$accent"), self._line(index, row_line, width - _MARGIN))
        parse = self.app.stylesheet.parse_style
        segments = (Segment(text, part.rich_style) for text, part in line.render(style, "", parse))
        return Strip(segments).adjust_cell_length(width, style.rich_style)

    def watch_cursor(self, before: int, now: int) -> None:
        self.refresh_lines(before * self._row_lines, self._row_lines)
        self.refresh_lines(now * self._row_lines, self._row_lines)
        self._reveal()
        self._report()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._request_rows()

    def action_move(self, by: int) -> None:
        self.cursor = max(0, min(self.cursor + by, self._total - 1))

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self._rows_in_view - 1))

    def on_resize(self) -> None:
        self._resize()
        self.call_after_refresh(self._reveal)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None:
            index = (self.scroll_offset.y + offset.y) // self._row_lines
            if index < self._total:
                self.cursor = index
                if event.chain == 2:
                    self.post_message(self.Opened())

    @property
    def _row_lines(self) -> int:
        return lines_per_row(self.scrollable_content_region.width - _MARGIN)

    @property
    def _rows_in_view(self) -> int:
        return self.size.height // self._row_lines

    def _line(self, index: int, row_line: int, width: int) -> Content:
        if index >= self._total or width < 1:
            return Content("")
        generation = self._rows.get(index)
        if generation is None:
            return Content("…" if row_line == 0 else "")
        return render_row(generation, self._query, width)[row_line]

    def _update(self) -> None:
        self._report()
        self.refresh()

    def _resize(self) -> None:
        self.virtual_size = Size(self.size.width, self._total * self._row_lines)

    def _reveal(self) -> None:
        """Scroll as little as necessary to show the cursor."""
        top, bottom = self.cursor * self._row_lines, (self.cursor + 1) * self._row_lines
        if top < self.scroll_y:
            self.scroll_to(y=top, animate=False)
        elif bottom > self.scroll_y + self.size.height:
            self.scroll_to(y=bottom - self.size.height, animate=False)
        self._request_rows()

    def _request_rows(self) -> None:
        """Request the pages in view that have not been read, each once."""
        first = self.scroll_offset.y // self._row_lines
        last = min(first + self._rows_in_view, self._total - 1)
        for start in range(first - first % PAGE, last + 1, PAGE):
            visible = range(max(start, first), min(start + PAGE, last + 1))
            if start not in self._requested and not all(index in self._rows for index in visible):
                self._requested.add(start)
                self.post_message(self.RowsNeeded(start))

    def _report(self) -> None:
        if self.generation is not self._reported:
            self._reported = self.generation
            self.post_message(self.Highlighted(self._reported))
