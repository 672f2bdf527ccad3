"""A list of options in Charloom's style."""

from typing import ClassVar

from textual.binding import BindingType
from textual.widgets import OptionList

from charloom.tui.widgets.finding import FINDING_KEYS, FindableList
from charloom.tui.widgets.keys import moving_keys


class PlainOptionList(FindableList, OptionList):
    """Textual's list with one line per option, no border, and legible muted text (app.tcss)."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *moving_keys("cursor_down", "cursor_up", "first", "last"),
        *FINDING_KEYS,
    ]

    @property
    def current(self) -> int:
        return -1 if self.highlighted is None else self.highlighted

    def lines(self) -> list[str]:
        return [str(option.prompt) for option in self.options]

    def go_to(self, index: int) -> None:
        self.highlighted = index
