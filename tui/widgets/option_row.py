"""A choice among a few words that are all in sight."""

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

_INDEX = "index"  # where a style keeps which word it is


class OptionRow(Widget, can_focus=True):
    """One line: a label and the words; the arrow keys and the mouse choose."""

    DEFAULT_CSS = """
    OptionRow {
        height: 1;
        padding: 0 1;
        &:focus { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "turn(-1)", "the one before", show=False),
        Binding("right,space", "turn(1)", "the next one", show=False),
    ]

    chosen: reactive[int] = reactive(0, init=False)

    @dataclass
    class Changed(Message):
        """The person has chosen another word."""

        one_of: "OptionRow"
        chosen: int

    def __init__(self, label: str, words: Sequence[str]) -> None:
        super().__init__()
        self._label, self._words = label, tuple(words)

    def render(self) -> Content:
        """Draw the label and the words, the chosen one in brackets."""
        pieces = [Content.styled(f"{self._label:<8}", "$text-muted")]
        for index, word in enumerate(self._words):
            here = index == self.chosen
            style = "bold $accent" if here else "$text-muted"
            piece = Content.styled(f"[{word}]" if here else f" {word} ", style)
            pieces.append(piece.stylize(Style.from_meta({_INDEX: index})))
        return Content(" ").join(pieces)

    def watch_chosen(self, chosen: int) -> None:
        """Tell of the choice."""
        self.post_message(self.Changed(self, chosen))

    def action_turn(self, by: int) -> None:
        """Choose the word before, or the next; after the last comes the first."""
        self.chosen = (self.chosen + by) % len(self._words)

    def on_click(self, event: events.Click) -> None:
        """Choose a word that was clicked."""
        self.chosen = event.style.meta.get(_INDEX, self.chosen)
