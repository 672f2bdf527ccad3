"""Jump mode: a letter over each place to go to, such as a control that can have the focus."""

from collections.abc import Iterable, Iterator
from functools import partial
from string import ascii_uppercase
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.errors import NoWidget
from textual.geometry import Offset
from textual.screen import Screen
from textual.widgets import Static

from charloom.tui.dialogs.basic import DismissibleScreen
from charloom.tui.widgets.base_screen import JumpTarget

_LETTERS = "asdfghjklqwertyuiopzxcvbnm" + ascii_uppercase


class JumpScreen(DismissibleScreen[JumpTarget]):
    """Return the one of the targets whose letter was pressed; any other key cancels."""

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
    HELP: ClassVar[str] = "The letter over a place goes there. Any other key cancels."

    def __init__(self, targets: Iterable[JumpTarget]) -> None:
        super().__init__()
        self._targets = dict(zip(_LETTERS, targets, strict=False))

    def compose(self) -> ComposeResult:
        taken = set[Offset]()
        for letter, target in self._targets.items():
            place = target.place
            while place in taken:  # a control that fills another one
                place += (3, 0)
            taken.add(place)
            label = Static(f" {letter} ", markup=False)
            label.styles.offset = place
            yield label

    def on_key(self, event: events.Key) -> None:
        event.stop()
        self.dismiss(self._targets.get(event.character or ""))

    def on_click(self) -> None:
        self.dismiss(None)

    def on_resize(self, event: events.Resize) -> None:
        if event.size != self.app.size:  # the controls are elsewhere now
            self.dismiss(None)


def controls(screen: Screen[Any]) -> Iterator[JumpTarget]:
    """Yield the controls in view, in the order of Tab."""
    for widget in screen.focus_chain:
        try:
            geometry = screen.find_widget(widget)
        except NoWidget:  # not in the layout now
            continue
        if visible := geometry.region.intersection(geometry.clip):
            yield JumpTarget(visible.offset, partial(screen.set_focus, widget))
