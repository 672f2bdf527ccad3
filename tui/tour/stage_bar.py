"""All ten stations in a line, and which of them one is at; a click goes there."""

from dataclasses import dataclass

from textual import events
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from charloom.tui.tour.stages import STAGES

_NUMBER = "number"  # where a style keeps which station it is


class StageBar(Widget):
    """``1 text 2 chars … 10 sample``, as wide as the smallest terminal that is thought of."""

    DEFAULT_CSS = """
    StageBar { height: 1; padding: 0 1; }
    """

    number: reactive[int] = reactive(1)

    @dataclass
    class Chosen(Message):
        """The person has clicked a station."""

        number: int

    def render(self) -> Content:
        """Draw the names, that of the present one marked."""
        gap = " " * (2 if self.content_size.width >= 90 else 1)
        return Content(gap).join([self._station(each.number, each.name) for each in STAGES])

    def _station(self, number: int, name: str) -> Content:
        style = "bold reverse $accent" if number == self.number else "$text-muted"
        shown = Content.styled(f"{number} {name}", style)
        return shown.stylize(Style.from_meta({_NUMBER: number}))

    def on_click(self, event: events.Click) -> None:
        """Go to a station that was clicked."""
        if number := event.style.meta.get(_NUMBER):
            self.post_message(self.Chosen(number))
