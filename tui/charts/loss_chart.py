"""The loss chart of the Train screen and, with a cursor, of the chart screen."""

from dataclasses import replace
from typing import ClassVar

import numpy as np
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from charloom.tui.charts.axes import Ink
from charloom.tui.charts.canvas import Axis, nearest_index
from charloom.tui.charts.curves import SMOOTHING, UNITS, ChartData, View
from charloom.tui.charts.loss_plot import DrawnChart
from charloom.tui.charts.overlay_plot import draw_runs

_CLASSES = [f"loss-chart--{ink.name.lower()}" for ink in Ink]
_ZOOM = 2 / 3  # of the visible part, by one key or turn of the wheel
_PAN = 1 / 4
_MAX_ZOOM = 1_000


class LossChart(Widget):
    """The chart of one run or several. With ``cursor`` it takes the focus and reads the losses."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(_CLASSES)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "earlier", show=False),
        Binding("right", "move(1)", "later", show=False),
        Binding("shift+left,ctrl+left", "move(-10)", "much earlier", show=False),
        Binding("shift+right,ctrl+right", "move(10)", "much later", show=False),
        Binding("home", "first", "first step", show=False),
        Binding("end", "newest", "newest step", show=False),
        Binding("up,plus,equals_sign", "zoom(-1)", "zoom in", show=False),
        Binding("down,minus", "zoom(1)", "zoom out", show=False),
        Binding("pageup", "pan(-1)", "earlier part", show=False),
        Binding("pagedown", "pan(1)", "later part", show=False),
        Binding("0", "show_all", "show all", show=False),
    ]
    HELP = (
        "← → move the cursor, with Shift by ten columns. Home, End and the mouse move it, too. The "
        "losses at the cursor are the recorded ones, whether or not the lines are smoothed. ↑ ↓ "
        "and the wheel zoom, PgUp PgDn and the wheel with Shift move the visible part, 0 shows all."
    )

    class ViewChanged(Message):
        """The chart is looked at in another way."""

    def __init__(
        self,
        *runs: ChartData,
        cursor: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.can_focus = self._has_cursor = cursor
        self._runs = runs or (ChartData(),)
        self._cursor: float | None = None  # a position on the x-axis; None follows the newest
        self._chart: DrawnChart | None = None
        self._stale = True
        self.view = View()

    def set_data(self, *runs: ChartData) -> None:
        """Draw ``runs``, if they have changed."""
        if runs != self._runs:
            self._runs = runs
            self._redraw()

    def describe_view(self) -> str:
        """Return the losses and the zoom of the view, in words."""
        chart, window = self._drawn(), self.view.window
        zoom = _length(chart.whole) / _length(window) if chart.whole and window else 1
        losses = "training loss" if self.view.train else "validation loss"
        return self.view.describe(losses if len(self._runs) > 1 else "losses", zoom)

    def render_line(self, y: int) -> Strip:
        canvas = self._drawn().canvas
        style = self.get_component_rich_style
        segments = [Segment(text, style(_CLASSES[ink])) for text, ink in canvas.spans(y)]
        return Strip(segments, canvas.width)

    def _drawn(self) -> DrawnChart:
        width, height = max(1, self.content_size.width), max(1, self.content_size.height)
        chart = self._chart
        resized = chart is None or chart.canvas.size != (width, height)
        if chart is None or self._stale or resized:
            chart = self._chart = draw_runs(
                self._runs,
                width,
                height,
                None if resized or chart is None else chart.area,
                view=self.view,
                readout=self._has_cursor,
                cursor=self._cursor,
            )
            self._stale = False
        return chart

    def _redraw(self) -> None:
        self._stale = True
        self.refresh()

    def _show(self, view: View, cursor: float | None) -> None:
        self.view, self._cursor, self._chart = view, cursor, None
        self._redraw()
        self.post_message(self.ViewChanged())

    def action_unit(self) -> None:
        """Change the unit of the x-axis."""
        unit = UNITS[(UNITS.index(self.view.unit) + 1) % len(UNITS)]
        self._show(replace(self.view, unit=unit, window=None), None)

    def action_log(self) -> None:
        self._show(replace(self.view, log=not self.view.log, window=None), None)

    def action_smooth(self) -> None:
        smoothing = (self.view.smoothing + 1) % len(SMOOTHING)
        self._show(replace(self.view, smoothing=smoothing), self._cursor)

    def action_curve(self) -> None:
        """Change between the validation and the training losses of several runs."""
        self._show(replace(self.view, train=not self.view.train), self._cursor)

    def action_move(self, columns: int) -> None:
        """Move the cursor to the last step of another column."""
        _, x, area, _ = self._drawn()
        if area:
            columns_of_x = np.rint(area.x.positions(x, 2 * area.width)) // 2
            index = -1 if self._cursor is None else nearest_index(x, self._cursor)
            target = columns_of_x[index] + columns
            if columns > 0:
                following = int(np.searchsorted(columns_of_x, target))
                target = columns_of_x[min(following, len(x) - 1)]
            self._move_to(int(np.searchsorted(columns_of_x, target, "right")) - 1)

    def action_first(self) -> None:
        self._move_to(0)

    def action_newest(self) -> None:
        """Move the cursor to the newest step and follow it."""
        self._move_to(len(self._drawn().x))

    def action_zoom(self, direction: int) -> None:
        """Show less (-1) or more (1) of the x-axis around the cursor."""
        _, x, area, _ = self._drawn()
        if area:
            self._zoom(direction, float(x[-1]) if self._cursor is None else self._cursor)

    def action_pan(self, direction: int) -> None:
        """Show an earlier (-1) or later (1) part of the x-axis."""
        if window := self.view.window:
            shift = direction * _PAN * _length(window)
            self._set_window(Axis(window.low + shift, window.high + shift))

    def action_show_all(self) -> None:
        self._set_window(None)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        position = self._position(event)
        if position is not None:
            self._move_to(nearest_index(self._drawn().x, position))

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._scroll(event, -1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._scroll(event, 1)

    def _scroll(self, event: events.MouseEvent, direction: int) -> None:
        position = self._position(event)
        if position is not None:
            event.stop()
            if event.shift:
                self.action_pan(direction)
            else:
                self._zoom(direction, position)

    def _position(self, event: events.MouseEvent) -> float | None:
        """Return the position on the x-axis below the mouse, if it is to be used."""
        offset, area = event.get_content_offset(self), self._drawn().area
        return area.x_at(offset.x) if self._has_cursor and area and offset is not None else None

    def _zoom(self, direction: int, anchor: float) -> None:
        """Shorten or lengthen the visible part; ``anchor`` stays where it is."""
        *_, area, whole = self._drawn()
        if area and whole:
            factor = _ZOOM**-direction
            low, high = (anchor + factor * (end - anchor) for end in area.x)
            if high - low >= _length(whole) / _MAX_ZOOM:
                self._set_window(Axis(low, high))

    def _set_window(self, window: Axis | None) -> None:
        """Show a part of the x-axis, or all; move the cursor into it."""
        _, x, _, whole = self._drawn()
        if window and whole:
            low = max(whole.low, min(window.low, whole.high - _length(window)))
            high = min(whole.high, low + _length(window))
            window = Axis(low, high) if high - low < 0.999 * _length(whole) else None
        if window and len(x):
            at = float(x[-1]) if self._cursor is None else self._cursor
            if not window.contains(at):
                at = float(x[nearest_index(x, min(max(at, window.low), window.high))])
                self._cursor = at
        if window != self.view.window:
            self._show(replace(self.view, window=window), self._cursor)

    def _move_to(self, index: int) -> None:
        x, window = self._drawn().x, self.view.window
        cursor = None if index >= len(x) - 1 else float(x[max(0, index)])
        if cursor != self._cursor:
            self._cursor = cursor
            self._redraw()
            at = float(x[-1]) if cursor is None else cursor
            if window and not window.contains(at):
                shift = at - (window.low if at < window.low else window.high)
                self._set_window(Axis(window.low + shift, window.high + shift))


def _length(axis: Axis) -> float:
    return axis.high - axis.low
