"""A slider for a number: set it with the arrow keys, digits or the mouse."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from charloom.tui.formatting.units import bar_parts

_MIN_WIDTH_WITH_BAR = 20  # columns; a narrower slider shows its value only
_VALUE_WIDTH = 6  # columns
_MAX_DIGITS = 12


class NumberSlider(Widget, can_focus=True):
    """One line: a label, the value, and a bar.

    The arrow keys move from notch to notch. Typed digits set any value from ``low`` to ``high``,
    on Enter or when the focus leaves. The value ``off``, which turns the setting off, is shown as
    that word and no bar. ``explanation`` is shown under the mouse and in the help of the screen.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,minus", "move(-1)", "less", show=False),
        Binding("right,plus", "move(1)", "more", show=False),
        Binding("home", "move(-1000)", "minimum", show=False),
        Binding("end", "move(1000)", "maximum", show=False),
        Binding("backspace", "delete_digit", "delete the last digit", show=False),
    ]
    HELP = "← → move the slider, Home and End go to its ends; digits and Enter or a click set it."

    value: reactive[float] = reactive(0.0, init=False)
    typed = reactive("", init=False)

    @dataclass
    class Changed(Message):
        """The user changed the value."""

        slider: "NumberSlider"
        value: float

        @property
        def control(self) -> "NumberSlider":
            """The slider, for ``@on(NumberSlider.Changed, "#temperature")``."""
            return self.slider

    def __init__(
        self,
        label: str,
        value: float,
        notches: Sequence[float],
        *,
        low: float | None = None,
        high: float | None = None,
        off: float | None = None,
        explanation: str = "",
        label_width: int = 8,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self.label = label
        self._notches = tuple(notches)
        self._low = self._notches[0] if low is None else low
        self._high = self._notches[-1] if high is None else high
        self._whole = all(isinstance(notch, int) for notch in notches)
        self._off = off
        self._label_width = label_width
        if explanation:
            self.tooltip = Content(explanation)
            self.HELP = f"{explanation}\n{self.HELP}"  # type: ignore[misc]
        self.set_reactive(NumberSlider.value, value)

    def set_silently(self, value: float) -> None:
        """Set ``value`` without posting ``Changed``."""
        with self.prevent(NumberSlider.Changed):
            self.typed = ""
            self.value = value

    def watch_value(self, value: float) -> None:
        self.post_message(self.Changed(self, value))

    def render(self) -> Content:
        is_off = self.value == self._off
        value = f"{self.typed}▏" if self.typed else "off" if is_off else f"{self.value:g}"
        label = self.label[: self._label_width].ljust(self._label_width)
        done, rest = bar_parts(0.0 if is_off else self._fraction(), max(0, self._bar_width))
        return Content.assemble(
            (label, "$text-muted"),
            value[:_VALUE_WIDTH].rjust(_VALUE_WIDTH),
            " ",
            (done, "$accent"),
            (rest, "$text-disabled"),
        )

    @property
    def _bar_width(self) -> int:
        width = self.content_size.width
        return width - self._bar_start if width >= _MIN_WIDTH_WITH_BAR else 0

    @property
    def _bar_start(self) -> int:
        return self._label_width + _VALUE_WIDTH + 1

    def action_move(self, notches: int) -> None:
        self.typed = ""
        last = len(self._notches) - 1
        if notches > 0:
            at = bisect_right(self._notches, self.value) + notches - 1
            self.value = max(self.value, self._notches[min(at, last)])
        else:
            at = bisect_left(self._notches, self.value) + notches
            self.value = min(self.value, self._notches[max(at, 0)])

    def action_delete_digit(self) -> None:
        self.typed = self.typed[:-1]

    def on_key(self, event: events.Key) -> None:
        if event.character and event.character in "0123456789.,":
            self.typed = (self.typed + event.character.replace(",", "."))[:_MAX_DIGITS]
        elif event.key == "enter" and self.typed:
            self.accept()
        elif event.key == "escape" and self.typed:
            self.typed = ""
        else:
            return
        event.stop()
        event.prevent_default()

    def on_blur(self) -> None:
        self.accept()

    def accept(self) -> bool:
        """Apply the typed value, if any; notify the user and return False if it is invalid."""
        typed, self.typed = self.typed, ""
        if not typed:
            return True
        try:
            number = int(typed) if self._whole else float(typed)
        except ValueError:
            number = math.nan
        in_range = self._low <= number <= self._high
        if in_range:
            self.value = number
        else:
            kind = "a whole number" if self._whole else "a number"
            self.app.notify(
                f"{self.label} is {kind} from {self._low:g} to {self._high:g}, not {typed}.",
                severity="warning",
            )
        return in_range

    def _fraction(self) -> float:
        """Return the position of the value among the notches, from 0 to 1."""
        notches = self._notches
        right = min(bisect_left(notches, self.value), len(notches) - 1)
        position: float = right
        if right and notches[right] > self.value:
            gap = notches[right] - notches[right - 1]
            position -= (notches[right] - self.value) / gap
        return position / max(1, len(notches) - 1)

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is not None and offset.x >= self._bar_start and self._bar_width > 0:
            fraction = (offset.x - self._bar_start) / max(1, self._bar_width - 1)
            self.typed = ""
            self.value = self._notches[round(fraction * (len(self._notches) - 1))]

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        if self.has_focus:  # otherwise the container scrolls
            event.stop()
            self.action_move(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        if self.has_focus:
            event.stop()
            self.action_move(-1)
