"""The loss chart of the Train screen and, with a cursor, of the chart screen."""

from typing import ClassVar

import numpy as np
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from charloom.tui.charts.canvas import nearest_index
from charloom.tui.charts.loss_plot import ChartData, DrawnChart, Ink, draw

_CLASSES = [f"loss-chart--{ink.name.lower()}" for ink in Ink]


class LossChart(Widget):
    """The chart. With ``cursor`` it takes the focus and shows the losses at any step."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "earlier", show=False),
        Binding("right", "move(1)", "later", show=False),
        Binding("shift+left,ctrl+left", "move(-10)", "much earlier", show=False),
        Binding("shift+right,ctrl+right", "move(10)", "much later", show=False),
        Binding("home", "first", "first step", show=False),
        Binding("end", "newest", "newest step", show=False),
    ]
    HELP = "← → move the cursor, with Shift by ten columns. Home, End and the mouse move it, too."

    def __init__(
        self,
        data: ChartData | None = None,
        *,
        cursor: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.can_focus = self._has_cursor = cursor
        self._data = data or ChartData()
        self._cursor: float | None = None  # a step; None follows the newest
        self._chart: DrawnChart | None = None
        self._stale = True

    def set_data(self, data: ChartData) -> None:
        """Draw ``data``, if it has changed."""
        if data != self._data:
            self._data = data
            self._redraw()

    def render_line(self, y: int) -> Strip:
        canvas = self._drawn().canvas
        style = self.get_component_rich_style
        segments = [Segment(text, style(_CLASSES[ink])) for text, ink in canvas.spans(y)]
        return Strip(segments, canvas.width)

    def _drawn(self) -> DrawnChart:
        width, height = max(1, self.content_size.width), max(1, self.content_size.height)
        chart = self._chart
        if self._stale or not chart or chart.canvas.size != (width, height):
            before = chart and chart.area
            chart = self._chart = draw(
                self._data, width, height, before, readout=self._has_cursor, cursor=self._cursor
            )
            self._stale = False
        return chart

    def _redraw(self) -> None:
        self._stale = True
        self.refresh()

    def action_move(self, columns: int) -> None:
        """Move the cursor to the last step of another column."""
        _, steps, area = self._drawn()
        if area:
            columns_of_steps = np.rint(area.x.positions(steps, 2 * area.width)) // 2
            index = -1 if self._cursor is None else nearest_index(steps, self._cursor)
            target = columns_of_steps[index] + columns
            if columns > 0:
                following = int(np.searchsorted(columns_of_steps, target))
                target = columns_of_steps[min(following, len(steps) - 1)]
            self._move_to(int(np.searchsorted(columns_of_steps, target, "right")) - 1)

    def action_first(self) -> None:
        self._move_to(0)

    def action_newest(self) -> None:
        """Move the cursor to the newest step and follow it."""
        self._move_to(len(self._drawn().steps))

    def on_mouse_move(self, event: events.MouseMove) -> None:
        _, steps, area = self._drawn()
        offset = event.get_content_offset(self)
        if self._has_cursor and area and offset is not None:
            self._move_to(nearest_index(steps, area.x_at(offset.x)))

    def _move_to(self, index: int) -> None:
        steps = self._drawn().steps
        cursor = None if index >= len(steps) - 1 else float(steps[max(0, index)])
        if cursor != self._cursor:
            self._cursor = cursor
            self._redraw()
