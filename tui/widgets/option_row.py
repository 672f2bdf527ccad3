"""One line of options, of which one is chosen; all are visible if there is room.

Textual's RadioSet needs Enter after the arrow keys, and its ``pressed_index`` changes only after a
message; here the arrow keys choose at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

_META_KEY = "index"  # of an option, in the style of its text


class OptionRow(Widget, can_focus=True):
    """A label and the options; the arrow keys and the mouse choose."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "previous", show=False),
        Binding("right,space", "move(1)", "next", show=False),
    ]

    chosen: reactive[int] = reactive(0, init=False)

    @dataclass
    class Changed(Message):
        """The user chose another option."""

        option_row: "OptionRow"
        chosen: int

        @property
        def control(self) -> "OptionRow":
            """The row, for selectors of ``on``."""
            return self.option_row

    def __init__(
        self,
        label: str,
        options: Sequence[str],
        *,
        id: str | None = None,  # noqa: A002 - Textual's name for it
    ) -> None:
        super().__init__(id=id)
        self._label, self._options = label, tuple(options)

    def set_options(self, options: Sequence[str], chosen: int = 0) -> None:
        """Replace the options, without posting ``Changed``."""
        self._options = tuple(options)
        self.set_reactive(OptionRow.chosen, chosen)
        self.refresh(layout=True)

    def render(self) -> Content:
        label = Content.styled(f"{self._label:<8}", "$text-muted")
        options = (
            _piece(f"[{option}]", index, "bold $accent")
            if index == self.chosen
            else _piece(f" {option} ", index)
            for index, option in enumerate(self._options)
        )
        line = Content(" ").join([label, *options])
        if line.cell_length <= self.content_size.width:
            return line
        before, after = ((self.chosen + by) % len(self._options) for by in (-1, 1))
        chosen = _piece(self._options[self.chosen], after, "bold $accent")
        return Content(" ").join([label, _piece("◂", before), chosen, _piece("▸", after)])

    def watch_chosen(self, chosen: int) -> None:
        self.post_message(self.Changed(self, chosen))

    def action_move(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(self._options)

    def on_click(self, event: events.Click) -> None:
        self.chosen = event.style.meta.get(_META_KEY, self.chosen)


def _piece(text: str, index: int, style: str = "$text-muted") -> Content:
    """Return a part of the row; a click on it chooses the option at ``index``."""
    return Content.styled(text, style).stylize(Style.from_meta({_META_KEY: index}))
