"""A number that is turned: with the arrow keys, by typing it, or with the mouse."""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget

from charloom.tui.formatting.units import bar_parts

_BAR_FROM = 20  # columns: a narrower dial shows its number alone


class NumberSlider(Widget, can_focus=True):
    """One line: a label, the value, and a bar that shows where it stands.

    The arrow keys go from notch to notch. Typed digits replace the value, on Enter or when the
    focus leaves, with anything from ``low`` to ``high``. A value in ``names`` is shown as a word.
    """

    DEFAULT_CSS = """
    NumberSlider {
        height: 1;
        padding: 0 1;
        &:focus { background: $panel; text-style: bold; }
        &:disabled { color: $text-disabled; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,minus", "turn(-1)", "less", show=False),
        Binding("right,plus", "turn(1)", "more", show=False),
        Binding("home", "turn(-1000)", "least", show=False),
        Binding("end", "turn(1000)", "most", show=False),
        Binding("backspace", "rub_out", "delete the last digit", show=False),
    ]
    HELP = "← → turn it, digits and Enter set it, Home and End are the ends, and so does a click."

    value: reactive[float] = reactive(0.0, init=False)
    typed = reactive("", init=False)

    @dataclass
    class Changed(Message):
        """The person has chosen another value."""

        dial: "NumberSlider"
        value: float

        @property
        def control(self) -> "NumberSlider":
            """The dial, for ``@on(Dial.Changed, "#temperature")``."""
            return self.dial

    def __init__(
        self,
        label: str,
        value: float,
        notches: Sequence[float],
        *,
        low: float | None = None,
        high: float | None = None,
        form: str = "{:g}",
        names: Mapping[float, str] | None = None,
        label_width: int = 8,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self.label = label
        self._notches = tuple(notches)
        self._low = self._notches[0] if low is None else low
        self._high = self._notches[-1] if high is None else high
        self._whole = all(isinstance(notch, int) for notch in notches)
        self._form, self._names = form, dict(names or {})
        self._label_width = label_width
        self._value_width = max(6, *map(len, self._names.values())) if self._names else 6
        self.set_reactive(NumberSlider.value, value)

    def set_silently(self, value: float) -> None:
        """Show ``value`` without telling that it changed."""
        with self.prevent(NumberSlider.Changed):
            self.typed = ""
            self.value = value

    def watch_value(self, value: float) -> None:
        """Tell of a new value."""
        self.post_message(self.Changed(self, value))

    def render(self) -> Content:
        """Draw label, value and bar."""
        width = self.content_size.width
        shown = f"{self.typed}▏" if self.typed else self.shown(self.value)
        label = self.label[: self._label_width].ljust(self._label_width)
        left = max(0, width - self._label_width - self._value_width - 1)
        bar = left if width >= _BAR_FROM and len(self._notches) > 1 else 0
        done, rest = bar_parts(self._place(), bar)
        return Content.assemble(
            (label, "$text-muted"),
            shown[: self._value_width].rjust(self._value_width),
            " ",
            (done, "$accent"),
            (rest, "$text-disabled"),
        )

    def shown(self, value: float) -> str:
        """Return ``value`` as it is written here."""
        return self._names.get(value) or self._form.format(value)

    def action_turn(self, notches: int) -> None:
        """Go so many notches up, or down."""
        self.typed = ""
        last = len(self._notches) - 1
        if notches > 0:
            at = bisect_right(self._notches, self.value) + notches - 1
            self.value = max(self.value, self._notches[min(at, last)])
        else:
            at = bisect_left(self._notches, self.value) + notches
            self.value = min(self.value, self._notches[max(at, 0)])

    def action_rub_out(self) -> None:
        """Delete the last digit typed."""
        self.typed = self.typed[:-1]

    def on_key(self, event: events.Key) -> None:
        """Take digits, and what ends them."""
        if event.character and event.character in "0123456789.,":
            self.typed = (self.typed + event.character.replace(",", "."))[:12]
        elif event.key == "enter" and self.typed:
            self.accept()
        elif event.key == "escape" and self.typed:
            self.typed = ""
        else:
            return
        event.stop()
        event.prevent_default()

    def on_blur(self) -> None:
        """Take what was typed."""
        self.accept()

    def accept(self) -> bool:
        """Take what was typed, if anything was; return False, telling why, if it will not do."""
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
                f"{self.label} is {kind} from {self._form.format(self._low)} to "
                f"{self._form.format(self._high)}, not {typed}.",
                severity="warning",
            )
        return in_range

    def _place(self) -> float:
        """Return where the value stands among the notches, from 0 to 1."""
        notches = self._notches
        right = min(bisect_left(notches, self.value), len(notches) - 1)
        place: float = right
        if right and notches[right] > self.value:
            gap = notches[right] - notches[right - 1]
            place -= (notches[right] - self.value) / gap
        return place / max(1, len(notches) - 1)

    def on_click(self, event: events.Click) -> None:
        """Turn to where the bar was clicked."""
        offset = event.get_content_offset(self)
        bar = self.content_size.width - self._label_width - self._value_width - 1
        if offset is not None and bar > 0 and self.content_size.width >= _BAR_FROM:
            along = (offset.x - self._label_width - self._value_width - 1) / max(1, bar - 1)
            if along >= 0:
                self.typed = ""
                self.value = self._notches[round(along * (len(self._notches) - 1))]

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        """Go one notch up; without the focus, what is around scrolls."""
        if self.has_focus:
            event.stop()
            self.action_turn(1)

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        """Go one notch down."""
        if self.has_focus:
            event.stop()
            self.action_turn(-1)
