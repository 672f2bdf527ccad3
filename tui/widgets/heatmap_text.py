"""A text whose characters are coloured or marked by a number each, with a cursor to read it."""

from dataclasses import dataclass
from itertools import groupby
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.binding import BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widgets import Static

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.graphemes import Span, graphemes
from charloom.tui.formatting.themes import HEAT_COLORS
from charloom.tui.widgets.action_bar import hidden_binding
from charloom.tui.widgets.color_scale import UNKNOWN, ColorScale
from charloom.tui.widgets.keys import moving_keys
from charloom.tui.widgets.wrapped_text import WrappedText

_NEWLINE_SIGN = "↵"
_UNKNOWN_MARK = "·"
_PLAIN, _FEW_COLORS_CURSOR = Style(), Style(reverse=True, bold=True)


def needs_marks(app: App[object]) -> bool:
    """Return whether the terminal has too few colours (none, or 16) to tell levels apart."""
    return app.no_color or app.native_ansi_color or app.console.color_system == "standard"


class HeatmapText(WrappedText, can_focus=True):
    """Shows ``text``, from :meth:`set_levels` on as a heatmap.

    With ``marks``, a row of marks under each row of text shows the levels instead of colours.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "heatmap--newline",
        "heatmap--unknown",
        "heatmap--mark",
        *(f"heatmap--{color}" for color in HEAT_COLORS),
    }
    DEFAULT_CSS = (
        """
    HeatmapText {
        height: auto;
        .heatmap--newline { color: $text-muted; }
        .heatmap--unknown { color: $text-muted; text-style: italic; }
        .heatmap--mark { color: $accent; }
    """
        + "".join(
            f".heatmap--{color} {{ background: ${color}; color: ${color}-ink; }}\n"
            for color in HEAT_COLORS
        )
        + "}"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden_binding("left", "move(-1)", "previous character"),
        hidden_binding("right", "move(1)", "next character"),
        hidden_binding("ctrl+left", "word(-1)", "previous word"),
        hidden_binding("ctrl+right", "word(1)", "next word"),
        hidden_binding("up", "row(-1)", "row above"),
        hidden_binding("down", "row(1)", "row below"),
        hidden_binding("pageup", "row(-10)", "ten rows up"),
        hidden_binding("pagedown", "row(10)", "ten rows down"),
        hidden_binding("home", "go(0)", "beginning of the text"),
        hidden_binding("end", "go(-1)", "end of the text"),
        *moving_keys("row(1)", "row(-1)", "go(0)", "go(-1)"),
    ]

    position: reactive[int] = reactive(0, init=False, repaint=False)
    """Index of the character under the cursor, from 0."""
    marks: reactive[bool] = reactive(False, init=False, layout=True)

    ALLOW_SELECT = False  # a drag would select it all
    _reserved_columns = 2  # at the end of a row, for a space and the newline sign

    @dataclass
    class Moved(Message):
        """The cursor is on another character, at index ``position``."""

        position: int

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(text, id=id)
        self._scale: ColorScale | None = None
        self._levels: NDArray[np.intp] = np.zeros(len(text), np.intp)

    def on_mount(self) -> None:
        self.marks = needs_marks(self.app)

    def set_levels(self, levels: NDArray[np.intp], scale: ColorScale) -> None:
        """Show each character in the colour, or with the mark, of its level ``[N]``."""
        self._levels, self._scale = levels, scale
        self._clear_cache()
        self.refresh()

    def set_text(self, text: str) -> None:
        """Replace the text and drop the levels."""
        self._original, self._text, self._scale = text, sanitize(text), None
        self._levels = np.zeros(len(text), np.intp)
        self._wrap_width = 0
        self.set_reactive(HeatmapText.position, 0)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        self._wrap(width)
        return len(self._rows) * self._lines_per_row

    def render_line(self, y: int) -> Strip:
        number, is_mark_line = divmod(y, self._lines_per_row)
        if number >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)

        def render() -> Strip:
            segments = (self._mark_segments if is_mark_line else self._text_segments)(number)
            return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)

        start, end = self._row_span(number)
        has_cursor = self.has_focus and start <= self.position < end
        return render() if has_cursor else self._cached(y, render)

    def validate_position(self, position: int) -> int:
        return max(0, min(position, len(self._text) - 1))

    def watch_position(self, before: int, position: int) -> None:
        for row in {self._rows.at(before), self._rows.at(position)}:
            self._refresh_lines(row * self._lines_per_row, self._lines_per_row)
        self.call_after_refresh(self._scroll_into_view)  # after earlier scrolling is laid out
        self.post_message(self.Moved(position))

    def watch_marks(self) -> None:
        self._clear_cache()
        self.call_after_refresh(self._scroll_into_view)

    def on_resize(self) -> None:
        self.call_after_refresh(self._scroll_into_view)

    def watch_has_focus(self, _focus: bool) -> None:
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        row = min(event.y // self._lines_per_row, len(self._rows) - 1)
        self.position = self._position_at(row, event.x)

    def action_move(self, by: int) -> None:
        self.position += by

    def action_word(self, by: int) -> None:
        positions = range(self.position + 1, len(self._text))
        if by < 0:
            positions = range(self.position - 1, -1, -1)
        self.position = next(filter(self._is_word_start, positions), self.position)

    def action_row(self, by: int) -> None:
        row = self._rows.at(self.position)
        column = sum(size for _, end, size in self._spans(row) if end <= self.position)
        self.position = self._position_at(max(0, min(row + by, len(self._rows) - 1)), column)

    def action_go(self, position: int) -> None:
        self.position = position if position >= 0 else len(self._text) - 1

    @property
    def _lines_per_row(self) -> int:
        return 1 + self.marks

    def _spans(self, number: int) -> list[Span]:
        """Return the graphemes of a row, by their positions in the text."""
        first, end = self._row_span(number)
        row = self._text[first:end]
        return [
            (first + start, first + end, 1 if row[start] == "\n" else size)
            for start, end, size in graphemes(row)
        ]

    def _text_segments(self, number: int) -> list[Segment]:
        """Return the graphemes of a row, one segment for each stretch of the same style.

        A grapheme has the level of its first character.
        """
        base = self.rich_style  # computed at each access
        segments, pieces = [], groupby(self._spans(number), self._appearance)
        for (level, is_newline, has_cursor), spans in pieces:
            start, *_, end = [edge for start, end, _ in spans for edge in (start, end)]
            piece, style = self._text[start:end], self._level_style(level)
            if is_newline:
                piece, style = _NEWLINE_SIGN, self._part_style("newline") + style
            style = base + style
            segments.append(Segment(piece, style + self._cursor_style if has_cursor else style))
        return segments

    def _appearance(self, span: Span) -> tuple[int, bool, bool]:
        """Return the level of a grapheme, whether it is a newline and whether it has the cursor."""
        start, end, _ = span
        has_cursor = self.has_focus and start <= self.position < end
        return int(self._levels[start]), self._text[start] == "\n", has_cursor

    def _mark_segments(self, number: int) -> list[Segment]:
        """Return the marks under the graphemes of a row."""
        marks = self._scale.marks if self._scale else " "
        levels = self._levels if self._scale else np.zeros_like(self._levels)
        line = "".join(
            (_UNKNOWN_MARK if levels[start] == UNKNOWN else marks[levels[start]]).ljust(size)[:size]
            for start, _, size in self._spans(number)
        )
        return [Segment(line, self.rich_style + self._part_style("mark"))]

    def _level_style(self, level: int) -> Style:
        if self._scale is None or self.marks:
            return _PLAIN
        name = "unknown" if level == UNKNOWN else self._scale.colors[level]
        return self._part_style(name) if name else _PLAIN

    @property
    def _cursor_style(self) -> Style:
        return _FEW_COLORS_CURSOR if needs_marks(self.app) else self._part_style("cursor-1")

    def _part_style(self, name: str) -> Style:
        return self.get_component_rich_style(f"heatmap--{name}", partial=True)

    def _position_at(self, number: int, column: int) -> int:
        """Return the position of the character at ``column`` of a row, at most its last."""
        position = self._rows[number].start
        for start, _, size in self._spans(number):
            position, column = start, column - size
            if column < 0:
                break
        return position

    def _is_word_start(self, position: int) -> bool:
        before, here = self._text[max(0, position - 1)], self._text[position]
        return not here.isspace() and (position == 0 or before.isspace())

    def _scroll_into_view(self) -> None:
        """Scroll the container to the cursor."""
        if isinstance(box := self.parent, ScrollableContainer):
            lines = self._lines_per_row
            y = self.virtual_region.y + self._rows.at(self.position) * lines
            box.scroll_to_region(Region(0, y, 1, lines), animate=False, immediate=True)


class HeatmapLegend(Static):
    """One line: ``bits  <1  1  2  4  6  9+``, each in its colour, or after its mark."""

    def __init__(self) -> None:
        super().__init__(markup=False)

    def set_scale(self, scale: ColorScale, *, marks: bool, note: str = "") -> None:
        """Show the levels of ``scale``, followed by ``note``."""
        pieces = [Content.styled(f"{scale.unit} ", "$text-muted")]
        for color, mark, label in zip(scale.colors, scale.marks, scale.labels, strict=True):
            style = f"${color}-ink on ${color}" if color and not marks else ""
            pieces.append(Content.styled(f"{mark} {label} " if marks else f" {label} ", style))
        self.update(Content("").join([*pieces, Content.styled(f"  {note}", "$text-muted")]))
