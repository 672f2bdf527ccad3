"""A table to choose a row from: nothing in a cell can act, and a row keeps its place."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import ClassVar

from rich.cells import cell_len
from rich.console import JustifyMethod
from rich.text import Text
from textual.actions import SkipAction
from textual.binding import Binding, BindingType
from textual.widgets import DataTable

from charloom.core.sanitize import single_line

_WIDEST = 28  # characters of a cell


class RowTable(DataTable[Text]):
    """Textual's table with a row for each key; figures stand to the right.

    A click puts the cursor on a row; what Enter does is left to what is around.
    """

    DEFAULT_CSS = """
    RowTable {
        background: $background;
        overflow-x: hidden;
        scrollbar-size-vertical: 1;
        & > .datatable--header { background: $background; color: $text-muted; text-style: none; }
        & > .datatable--cursor { background: $panel; color: $foreground; text-style: bold; }
        &:focus {
            background-tint: $background 0%;
            & > .datatable--header { background-tint: $background 0%; color: $accent; }
            & > .datatable--cursor { background: $accent 20%; color: $foreground; }
        }
        &:ansi > .datatable--header { background: ansi_default; color: ansi_default; }
        &:ansi:focus > .datatable--header { text-style: bold; }
        &:ansi:focus > .datatable--cursor { background: ansi_default; text-style: reverse; }
    }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("home", "scroll_top", "First", show=False),
        Binding("end", "scroll_bottom", "Last", show=False),
    ]

    def __init__(self, columns: str, *, id: str) -> None:  # noqa: A002 - Textual's name for it
        """Make a table of ``columns``, their headings in a line; one with a > holds figures.

        The last ones are left out where there is no room for them.
        """
        super().__init__(cursor_type="row", show_row_labels=False, id=id)
        self._headings = columns.split("|")
        self._filled: dict[str, tuple[str, ...]] = {}

    @property
    def key(self) -> str | None:
        """The key of the row under the cursor."""
        keys = list(self._filled)
        return keys[self.cursor_row] if self.cursor_row < len(keys) else None

    def fill(self, rows: Mapping[str, Sequence[str]], key: str | None = None) -> None:
        """Show ``rows``, with the cursor on that of ``key``, else where it was."""
        new = {
            name: tuple(single_line(cell, _WIDEST) for cell in row) for name, row in rows.items()
        }
        key, row = self.key if key is None else key, self.cursor_row
        if new != self._filled:
            self._filled = new
            self._draw()
        row = list(new).index(key) if key in new else min(row, len(new) - 1)
        self.move_cursor(row=max(0, row))

    def on_resize(self) -> None:
        """Leave out, or bring back, columns."""
        if len(self.columns) != self._fitting():
            row = self.cursor_row
            self._draw()
            self.move_cursor(row=row)

    def action_select_cursor(self) -> None:
        """Leave the key to what is around."""
        raise SkipAction

    def _draw(self) -> None:
        top, columns = self.scroll_y, self._headings[: self._fitting()]
        with self.prevent(DataTable.RowHighlighted):
            self.clear(columns=True)
            for heading in columns:
                self.add_column(_cell(heading.strip(">"), heading))
            for cells in self._filled.values():
                self.add_row(*map(_cell, cells, columns))
        self.scroll_to(y=top, animate=False)

    def _fitting(self) -> int:
        """Return how many columns there is room for."""
        headings = [heading.strip(">") for heading in self._headings]
        columns = zip(headings, *self._filled.values(), strict=True)
        widths = (max(map(cell_len, cells)) + 2 * self.cell_padding for cells in columns)
        return sum(end <= self.size.width for end in accumulate(widths)) or len(headings)


def _cell(words: str, heading: str) -> Text:
    side: JustifyMethod = "right" if heading.startswith(">") else "left"
    return Text(words, justify=side, no_wrap=True, end="")
