"""One line of options, all visible, of which one is chosen.

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

    def __init__(self, label: str, options: Sequence[str]) -> None:
        super().__init__()
        self._label, self._options = label, tuple(options)

    def render(self) -> Content:
        pieces = [Content.styled(f"{self._label:<8}", "$text-muted")]
        for index, option in enumerate(self._options):
            chosen = index == self.chosen
            style = "bold $accent" if chosen else "$text-muted"
            piece = Content.styled(f"[{option}]" if chosen else f" {option} ", style)
            pieces.append(piece.stylize(Style.from_meta({_META_KEY: index})))
        return Content(" ").join(pieces)

    def watch_chosen(self, chosen: int) -> None:
        self.post_message(self.Changed(self, chosen))

    def action_move(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(self._options)

    def on_click(self, event: events.Click) -> None:
        self.chosen = event.style.meta.get(_META_KEY, self.chosen)
