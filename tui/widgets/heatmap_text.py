"""A text in which every character has a ground, or a mark under it, and a cursor reads it."""

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from rich.cells import get_character_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import App
from textual.binding import Binding, BindingType
from textual.containers import ScrollableContainer
from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Static

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.themes import HEAT_COLORS
from charloom.tui.formatting.wrapping import WrappedRows
from charloom.tui.widgets.color_scale import UNKNOWN, ColorScale
from charloom.tui.widgets.streaming_text import MEASURE

_NEWLINE = "↵"
_HANGING = 2  # columns at a row's end, for a space and the sign of a newline
_NONE = "·"  # the mark of what has no level
_PLAIN, _CURSOR = Style(), Style(reverse=True, bold=True)


def colourless(app: App[object]) -> bool:
    """Whether grounds would not be told apart: no colours, or the sixteen of an old terminal."""
    return app.no_color or app.native_ansi_color or app.console.color_system == "standard"


class HeatmapText(Widget, can_focus=True):
    """Shows ``text``; its levels come when they are known. ``marks`` stand under the characters."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "tinted--sign",
        "tinted--unknown",
        "tinted--mark",
        *(f"tinted--{ground}" for ground in HEAT_COLORS),
    }
    DEFAULT_CSS = (
        """
    HeatmapText {
        height: auto;
        .tinted--sign { color: $text-muted; }
        .tinted--unknown { color: $text-muted; text-style: italic; }
        .tinted--mark { color: $accent; }
    """
        + "".join(
            f".tinted--{ground} {{ background: ${ground}; color: ${ground}-ink; }}\n"
            for ground in HEAT_COLORS
        )
        + "}"
    )
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "the character before", show=False),
        Binding("right", "move(1)", "the next character", show=False),
        Binding("ctrl+left", "word(-1)", "the word before", show=False),
        Binding("ctrl+right", "word(1)", "the next word", show=False),
        Binding("up", "row(-1)", "the row above", show=False),
        Binding("down", "row(1)", "the row below", show=False),
        Binding("pageup", "row(-10)", "ten rows up", show=False),
        Binding("pagedown", "row(10)", "ten rows down", show=False),
        Binding("home", "go(0)", "the beginning", show=False),
        Binding("end", "go(-1)", "the end", show=False),
    ]

    position: reactive[int] = reactive(0, init=False, repaint=False)
    """The character, from 0, that the cursor is on."""
    marks: reactive[bool] = reactive(False, init=False, layout=True)

    @dataclass
    class Moved(Message):
        """The cursor is on another character."""

        position: int

    def __init__(self, text: str, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._text = sanitize(text)
        self._scale: ColorScale | None = None
        self._levels: NDArray[np.intp] = np.zeros(len(text), np.intp)
        self._width = 0
        self._rows = WrappedRows(self._text, 1)
        self._drawn: dict[int, Strip] = {}  # lines as they are without the cursor

    def on_mount(self) -> None:
        """Have marks where grounds would not be seen."""
        self.marks = colourless(self.app)

    def show(self, levels: NDArray[np.intp], scale: ColorScale) -> None:
        """Show these levels ``[N]`` of ``scale``."""
        self._levels, self._scale = levels, scale
        self._drawn.clear()
        self.refresh()

    def put(self, text: str) -> None:
        """Show another text, which has no levels yet."""
        self._text, self._scale = sanitize(text), None
        self._levels = np.zeros(len(text), np.intp)
        self._width = 0
        self.set_reactive(HeatmapText.position, 0)
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Return how many lines there are: two for each row where there are marks."""
        width = max(1, min(width - _HANGING, MEASURE))
        if width != self._width:
            self._width, self._rows = width, WrappedRows(self._text, width)
            self._drawn.clear()
        return len(self._rows) * self._lines

    def render_line(self, y: int) -> Strip:
        """Draw a row, or the marks under one; those that were drawn before are at hand."""
        number, under = divmod(y, self._lines)
        if number >= len(self._rows):
            return Strip.blank(self.size.width, self.rich_style)
        start, end = self._span(number)
        has_cursor = self.has_focus and start <= self.position < end
        if y not in self._drawn or has_cursor:
            segments = self._marked(start, end) if under else self._written(start, end)
            line = Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
            if has_cursor:
                return line
            self._drawn[y] = line
        return self._drawn[y]

    def validate_position(self, position: int) -> int:
        """Keep the cursor in the text."""
        return max(0, min(position, len(self._text) - 1))

    def watch_position(self, before: int, position: int) -> None:
        """Draw the rows anew that the cursor has left and come to, and have it in sight."""
        for each in {self._rows.at(before), self._rows.at(position)}:
            self.refresh(Region(0, each * self._lines, self.size.width, self._lines))
        self._bring_into_sight(self._rows.at(position) * self._lines)
        self.post_message(self.Moved(position))

    def watch_marks(self) -> None:
        """Draw everything anew."""
        self._drawn.clear()

    def notify_style_update(self) -> None:
        """Draw everything anew: the colours may be others."""
        super().notify_style_update()
        self._drawn.clear()

    def watch_has_focus(self, _focus: bool) -> None:
        """Show the cursor, or hide it."""
        self.refresh()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor there."""
        row = min(event.y // self._lines, len(self._rows) - 1)
        self.position = self._in_row(row, event.x)

    def action_move(self, by: int) -> None:
        """Go on by characters."""
        self.position += by

    def action_word(self, by: int) -> None:
        """Go to the beginning of the next word, or of one before."""
        starts = [n for n in range(len(self._text)) if self._begins_word(n)]
        later = [n for n in starts if (n > self.position if by > 0 else n < self.position)]
        if later:
            self.position = later[0] if by > 0 else later[-1]

    def action_row(self, by: int) -> None:
        """Go up or down, in the same column."""
        here = self._rows.at(self.position)
        column = sum(map(_cells, self._text[self._rows[here].start : self.position]))
        self.position = self._in_row(max(0, min(here + by, len(self._rows) - 1)), column)

    def action_go(self, position: int) -> None:
        """Go to a character; -1 is the last one."""
        self.position = position if position >= 0 else len(self._text) - 1

    @property
    def _lines(self) -> int:
        return 1 + self.marks

    def _span(self, number: int) -> tuple[int, int]:
        last = number + 1 == len(self._rows)
        return self._rows[number].start, len(self._text) if last else self._rows[number + 1].start

    def _written(self, start: int, end: int) -> list[Segment]:
        """Return the characters of a row, in pieces of one ground each."""
        levels = self._levels[start:end]
        cuts = {0, end - start, *(np.flatnonzero(levels[1:] != levels[:-1]) + 1).tolist()}
        cuts |= {n - start for n, c in enumerate(self._text[start:end], start) if c == "\n"}
        at = self.position - start if self.has_focus else -1
        if 0 <= at < end - start:
            cuts |= {at, at + 1}
        base = self.rich_style  # which is worked out anew at each look
        segments = []
        for one, other in pairwise(sorted(cuts)):
            piece = self._text[start + one : start + other]
            style = self._ground(int(levels[one]))
            if piece == "\n":
                piece, style = _NEWLINE, self._part("sign") + style
            style = base + style
            segments.append(Segment(piece, style + _CURSOR if one == at else style))
        return segments

    def _marked(self, start: int, end: int) -> list[Segment]:
        """Return the marks under a row."""
        marks = self._scale.marks if self._scale else " "
        levels = self._levels[start:end] if self._scale else np.zeros(end - start, np.intp)
        line = "".join(
            (_NONE if level == UNKNOWN else marks[level]).ljust(_cells(character))
            for character, level in zip(self._text[start:end], levels, strict=True)
        )
        return [Segment(line, self.rich_style + self._part("mark"))]

    def _ground(self, level: int) -> Style:
        if self._scale is None or self.marks:
            return _PLAIN
        if level == UNKNOWN:
            return self._part("unknown")
        name = self._scale.grounds[level]
        return self._part(name) if name else _PLAIN

    def _part(self, name: str) -> Style:
        return self.get_component_rich_style(f"tinted--{name}", partial=True)

    def _in_row(self, number: int, column: int) -> int:
        """Return the character of a row at a column of cells, or its last."""
        start, end = self._span(number)
        for position in range(start, end):
            column -= _cells(self._text[position])
            if column < 0:
                return position
        return max(start, end - 1)

    def _begins_word(self, position: int) -> bool:
        before, here = self._text[max(0, position - 1)], self._text[position]
        return not here.isspace() and (position == 0 or before.isspace())

    def _bring_into_sight(self, line: int) -> None:
        """Have a line in sight, wherever this is in what scrolls."""
        for around in self.ancestors:
            if isinstance(around, ScrollableContainer):
                y = self.region.y - around.content_region.y + round(around.scroll_y) + line
                around.scroll_to_region(Region(0, y, 1, self._lines), animate=False)
                return


def _cells(character: str) -> int:
    return 1 if character == "\n" else get_character_cell_size(character)


class HeatmapLegend(Static):
    """One line: ``bits  <1  1  2  4  6  9+``, each on its ground, or after its mark."""

    DEFAULT_CSS = """
    HeatmapLegend { height: 1; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def show(self, scale: ColorScale, *, marks: bool, more: str = "") -> None:
        """Show the levels of ``scale``, and after them what ``more`` there is to say."""
        pieces = [Content.styled(f"{scale.unit} ", "$text-muted")]
        for ground, mark, label in zip(scale.grounds, scale.marks, scale.labels, strict=True):
            style = f"${ground}-ink on ${ground}" if ground and not marks else ""
            pieces.append(Content.styled(f"{mark} {label} " if marks else f" {label} ", style))
        self.update(Content("").join([*pieces, Content.styled(f"  {more}", "$text-muted")]))
