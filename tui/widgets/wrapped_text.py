"""The base of widgets that show a long text and render only the rows that change."""

from collections.abc import Callable

from textual.geometry import Region
from textual.selection import Selection
from textual.strip import Strip
from textual.widget import Widget

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.wrapping import WrappedRows
from charloom.tui.widgets.untrusted_text import selected_part

_MAX_WIDTH = 88  # columns: longer lines are hard to read
_MAX_CACHED_LINES = 200


class WrappedText(Widget):
    """A sanitized text, wrapped to the width of the widget, with a cache of rendered lines.

    Subclasses call :meth:`_wrap` in ``get_content_height`` and render rows through
    :meth:`_cached`.
    """

    _reserved_columns = 0  # of each line, not for text

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._original = text
        self._text = sanitize(text)  # of the same length
        self._wrap_width = 0  # columns; 0: not wrapped yet
        self._rows = WrappedRows("", 1)
        self._strips: dict[int, Strip] = {}

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._clear_cache()

    def selection_updated(self, selection: Selection | None) -> None:
        self._clear_cache()
        super().selection_updated(selection)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        return selected_part(selection, self._original, self._text), "\n"

    def _wrap(self, width: int) -> None:
        """Wrap the text for a widget of ``width`` columns, unless it is already."""
        width = max(1, min(width - self._reserved_columns, _MAX_WIDTH))
        if width != self._wrap_width:
            self._wrap_width = width
            self._flow()
            self._rows = WrappedRows(self._text, width)
            self._clear_cache()

    def _flow(self) -> int | None:
        """Prepare the text for the present width; return the first position that has changed."""
        return None

    def _row_span(self, number: int) -> tuple[int, int]:
        """Return the start and the end of a row in the text."""
        last = number + 1 == len(self._rows)
        return self._rows[number].start, len(self._text) if last else self._rows[number + 1].start

    def _refresh_lines(self, first: int, count: int) -> None:
        self.refresh(Region(0, first, self.size.width, max(1, count)))

    def _cached(self, line: int, render: Callable[[], Strip]) -> Strip:
        """Return the cached strip of ``line``; render it if there is none."""
        if line not in self._strips:
            if len(self._strips) >= _MAX_CACHED_LINES:
                self._strips.clear()
            self._strips[line] = render()
        return self._strips[line]

    def _clear_cache(self) -> None:
        self._strips.clear()
