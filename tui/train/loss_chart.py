"""The loss chart: the largest thing on Train, and with a cursor a screen of its own."""

from typing import ClassVar

import numpy as np
from rich.segment import Segment
from textual import events
from textual.binding import Binding, BindingType
from textual.strip import Strip
from textual.widget import Widget

from charloom.tui.train.canvas import nearest
from charloom.tui.train.loss_plot import ChartData, DrawnChart, Ink, draw

_CLASSES = [f"loss-chart--{ink.name.lower()}" for ink in Ink]


class LossChart(Widget):
    """The chart. With ``cursor`` it takes the focus and reads out the loss at any step."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = set(_CLASSES)
    DEFAULT_CSS = """
    LossChart {
        height: 1fr;
        .loss-chart--label, .loss-chart--baseline { color: $text-muted; }
        .loss-chart--axis { color: $text-disabled; }
        .loss-chart--train { color: $secondary; }
        .loss-chart--validation { color: $accent; text-style: bold; }
        .loss-chart--best { color: $success; text-style: bold; }
        .loss-chart--cursor { color: $text-disabled; }
        &:focus > .loss-chart--cursor { color: $accent; }
        &:focus > .loss-chart--readout { text-style: bold; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "earlier", show=False),
        Binding("right", "move(1)", "later", show=False),
        Binding("shift+left,ctrl+left", "move(-10)", "much earlier", show=False),
        Binding("shift+right,ctrl+right", "move(10)", "much later", show=False),
        Binding("home", "first", "first step", show=False),
        Binding("end", "newest", "newest step", show=False),
    ]
    HELP = "← → move the cursor, with Shift by ten columns; Home, End and the mouse do, too."

    def __init__(
        self,
        curves: ChartData | None = None,
        *,
        cursor: bool = False,
        id: str | None = None,  # noqa: A002 - Textual's name for it
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.can_focus = self._reads = cursor
        self._curves = curves or ChartData()
        self._cursor: float | None = None  # the step it stands at; None follows the newest
        self._picture: DrawnChart | None = None
        self._stale = True

    def show(self, curves: ChartData) -> None:
        """Draw other curves, if they are others."""
        if curves != self._curves:
            self._curves = curves
            self._redraw()

    def render_line(self, y: int) -> Strip:
        """Return one row of the picture in this theme's colours."""
        canvas = self._drawn().canvas
        style = self.get_component_rich_style
        pieces = [Segment(text, style(_CLASSES[ink])) for text, ink in canvas.runs(y)]
        return Strip(pieces, canvas.width)

    def _drawn(self) -> DrawnChart:
        width, height = max(1, self.content_size.width), max(1, self.content_size.height)
        picture = self._picture
        if self._stale or not picture or picture.canvas.size != (width, height):
            before = picture and picture.frame
            picture = self._picture = draw(
                self._curves, width, height, before, reads=self._reads, cursor=self._cursor
            )
            self._stale = False
        return picture

    def _redraw(self) -> None:
        self._stale = True
        self.refresh()

    def action_move(self, columns: int) -> None:
        """Put the cursor on the last step that is drawn so many columns further on, or back."""
        _, steps, frame = self._drawn()
        if frame:
            places = np.rint(frame.x.along(steps, 2 * frame.across)) // 2
            here = -1 if self._cursor is None else nearest(steps, self._cursor)
            wanted = places[here] + columns
            if columns > 0:
                wanted = places[min(int(np.searchsorted(places, wanted)), len(places) - 1)]
            self._put(int(np.searchsorted(places, wanted, "right")) - 1)

    def action_first(self) -> None:
        """Put the cursor on the first step."""
        self._put(0)

    def action_newest(self) -> None:
        """Put the cursor on the newest step, where it stays as newer ones come."""
        self._put(len(self._drawn().steps))

    def _on_mouse_move(self, event: events.MouseMove) -> None:
        _, steps, frame = self._drawn()
        offset = event.get_content_offset(self)
        if self._reads and frame and offset is not None:
            self._put(nearest(steps, frame.x_at(offset.x)))

    def _put(self, place: int) -> None:
        steps = self._drawn().steps
        cursor = None if place >= len(steps) - 1 else float(steps[max(0, place)])
        if cursor != self._cursor:
            self._cursor = cursor
            self._redraw()
