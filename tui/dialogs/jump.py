"""Jump mode: a letter over each control that can have the focus; pressing it moves the focus."""

from collections.abc import Iterator
from string import ascii_uppercase
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.errors import NoWidget
from textual.geometry import Offset, Region
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from charloom.tui.dialogs.basic import DismissibleScreen

_LETTERS = "asdfghjklqwertyuiopzxcvbnm" + ascii_uppercase


class JumpScreen(DismissibleScreen[Widget]):
    """Return the control of ``screen`` whose letter was pressed; any other key cancels."""

    CSS = """
    JumpScreen {
        background: $background 40%;
        Static {
            position: absolute;
            width: 3;
            height: 1;
            background: $accent;
            color: $background;
            text-style: bold;
        }
        &:ansi Static { background: ansi_default; color: ansi_default; text-style: bold reverse; }
    }
    """
    TITLE = "Jump"
    HELP: ClassVar[str] = "The letter over a control moves the focus to it. Any other key cancels."

    def __init__(self, screen: Screen[Any]) -> None:
        super().__init__()
        self._targets = dict(zip(_LETTERS, _controls(screen), strict=False))

    def compose(self) -> ComposeResult:
        taken = set[Offset]()
        for letter, (_, region) in self._targets.items():
            place = region.offset
            while place in taken:  # a control that fills another one
                place += (3, 0)
            taken.add(place)
            label = Static(f" {letter} ", markup=False)
            label.styles.offset = place
            yield label

    def on_key(self, event: events.Key) -> None:
        event.stop()
        target, _ = self._targets.get(event.character or "", (None, None))
        self.dismiss(target)

    def on_click(self) -> None:
        self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self.app.size:  # the controls are elsewhere now
            self.dismiss(None)


def _controls(screen: Screen[Any]) -> Iterator[tuple[Widget, Region]]:
    """Yield the controls in view, with the regions that can be seen, in the order of Tab."""
    for widget in screen.focus_chain:
        try:
            geometry = screen.find_widget(widget)
        except NoWidget:  # not in the layout now
            continue
        if visible := geometry.region.intersection(geometry.clip):
            yield widget, visible
