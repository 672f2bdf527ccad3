"""A table with a cursor on one of its rows; cells are sanitized."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import ClassVar

from rich.console import JustifyMethod
from rich.text import Text
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from charloom.tui.formatting.columns import fit_columns
from charloom.tui.formatting.content import fit_line
from charloom.tui.formatting.graphemes import cell_len
from charloom.tui.widgets.finding import FINDING_KEYS, FindableList
from charloom.tui.widgets.keys import moving_keys

_MAX_CELL_COLUMNS = 200
_MIN_CELL_COLUMNS = 20  # where there is not enough room for all columns


class RowTable(FindableList, DataTable[Text]):
    """Textual's table with a row for each key, of which the cursor keeps track.

    A click moves the cursor. Enter is left to the ancestors.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", "First", show=False),
        Binding("end", "scroll_bottom", "Last", show=False),
        *moving_keys("cursor_down", "cursor_up", "scroll_top", "scroll_bottom"),
        *FINDING_KEYS,
    ]

    def __init__(self, columns: str, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        """Create a table with headings separated by ``|``; > before one aligns it to the right.

        Long texts are cut, and the last columns left out, only where there is no room for them.
        """
        super().__init__(cursor_type="row", show_row_labels=False, id=id)
        self._headings = columns.split("|")
        self._filled: dict[str, tuple[str, ...]] = {}

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        keys = list(self._filled)
        return keys[self.cursor_row] if self.cursor_row < len(keys) else None

    @property
    def current(self) -> int:
        return self.cursor_row

    def lines(self) -> list[str]:
        return ["  ".join(row) for row in self._filled.values()]

    def go_to(self, index: int) -> None:
        self.move_cursor(row=index)

    def fill(self, rows: Mapping[str, Sequence[str]], key: str | None = None) -> None:
        """Show ``rows`` by key, with the cursor on ``key`` or, without one, where it was."""
        new = {
            name: tuple(fit_line(cell, _MAX_CELL_COLUMNS) for cell in row)
            for name, row in rows.items()
        }
        key, row = self.key if key is None else key, self.cursor_row
        if new != self._filled:
            self._filled = new
            self._draw()
        row = list(new).index(key) if key in new else min(row, len(new) - 1)
        self.move_cursor(row=max(0, row))

    def on_resize(self) -> None:
        if [column.width for column in self.columns.values()] != self._widths():
            row = self.cursor_row
            self._draw()
            self.move_cursor(row=row)

    def action_select_cursor(self) -> None:
        raise SkipAction

    def _draw(self) -> None:
        top, widths = self.scroll_y, self._widths()
        columns = list(zip(self._headings, widths, strict=False))
        with self.prevent(DataTable.RowHighlighted):
            self.clear(columns=True)
            # Widths that Textual finds by itself apply later than the first drawing of a row.
            for heading, width in columns:
                self.add_column(_cell(heading.strip(">"), heading, width), width=width)
            for cells in self._filled.values():
                self.add_row(
                    *(_cell(cell, *column) for cell, column in zip(cells, columns, strict=False))
                )
        self.scroll_to(y=top, animate=False)

    def _widths(self) -> list[int]:
        """Return the width of each column that fits, without its padding."""
        headings = [heading.strip(">") for heading in self._headings]
        columns = zip(headings, *self._filled.values(), strict=True)
        widths = [max(map(cell_len, cells)) for cells in columns]
        room, padding = self.size.width, 2 * self.cell_padding
        widths = fit_columns(widths, room - padding * len(widths), _MIN_CELL_COLUMNS)
        ends = accumulate(width + padding for width in widths)
        return widths[: sum(end <= room for end in ends) or len(widths)]


def _cell(text: str, heading: str, width: int) -> Text:
    justify: JustifyMethod = "right" if heading.startswith(">") else "left"
    return Text(fit_line(text, max(1, width)), justify=justify, no_wrap=True, end="")
