"""A line with all ten stages, the current one highlighted."""

from collections.abc import Iterator
from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.geometry import Offset
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from charloom.tui.tour.stages import STAGES

_NUMBER = "number"  # the key of a stage's number in the style of its text
_MIN_WIDTH_WITH_NAMES = 78


class StageBar(Widget):
    """``1 text 2 chars … 10 sample``; a click chooses a stage.

    Below 80 columns, only the current stage has its name.
    """

    DEFAULT_CSS = """
    StageBar { height: 1; padding: 0 1; }
    """

    number: reactive[int] = reactive(1)

    @dataclass
    class Chosen(Message):
        """The user has clicked a stage."""

        number: int

    def render(self) -> Content:
        return Content(self._gap).join(self._labels())

    def places(self) -> Iterator[tuple[int, Offset]]:
        """Yield the number of each stage and where it is on the screen."""
        place = self.content_region.offset
        for number, label in enumerate(self._labels(), 1):
            yield number, place
            place += (label.cell_length + len(self._gap), 0)

    @property
    def _gap(self) -> str:
        return " " * (2 if self.content_size.width >= 90 else 1)

    def _labels(self) -> Iterator[Content]:
        named = self.content_size.width >= _MIN_WIDTH_WITH_NAMES
        for stage in STAGES:
            shown = named or stage.number == self.number
            yield self._label(stage.number, stage.name if shown else "")

    def _label(self, number: int, name: str) -> Content:
        style = "bold reverse $accent" if number == self.number else "$text-muted"
        label = Content.styled(f"{number} {name}".rstrip(), style)
        return label.stylize(Style.from_meta({_NUMBER: number}))

    def on_click(self, event: events.Click) -> None:
        if number := event.style.meta.get(_NUMBER):
            self.post_message(self.Chosen(number))
