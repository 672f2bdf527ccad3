"""The keys of a turn, and the footer that shows them."""

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal

from charloom.tui.prompt.candidate import Candidate
from charloom.tui.widgets.action_bar import ActionBar, hidden_binding

_WIDE_COLUMNS = 80  # from which all hints are on one line


TURN_BINDINGS = [
    hidden_binding("s,ctrl+s", "star", "Star", "Make the text a favorite, or no longer one"),
    hidden_binding(
        "r,ctrl+r", "screen.again", "Again", "The same prompt and settings, another seed"
    ),
    hidden_binding("g,ctrl+g", "screen.continue", "Continue", "Make the text longer"),
    hidden_binding(
        "t,ctrl+t", "screen.retry", "Retry", "The same prompt and seed, with the current settings"
    ),
    hidden_binding("e,alt+e", "screen.edit", "Edit", "Put the prompt into the composer"),
    hidden_binding("c,alt+c", "copy", "Copy", "Copy prompt and text"),
    hidden_binding("d,f8", "delete", "Delete", "Delete from page and library"),
    hidden_binding("z,alt+z,ctrl+z", "restore", "Restore", "Restore what was deleted last"),
    hidden_binding("p,alt+p", "screen.pin", "Pin", "Use this seed for new texts"),
    hidden_binding("k,alt+k", "save", "Save", "Retry saving the text in the library"),
    hidden_binding("v,alt+v", "screen.surprise", "Bits", "Show the bits that each character cost"),
    hidden_binding("i,alt+i", "screen.inspect", "Inspect", "Show what every unit did in this text"),
]
"""Letters act on the focused turn, the other keys on the whole screen.

Nothing is deleted by alt and a letter: some terminals send that for Esc and a quick letter.
"""

_BINDINGS = {binding.action.removeprefix("screen."): binding for binding in TURN_BINDINGS}
STOP_HINT = ("esc", "stop", "screen.stop")
_SURPRISE_HINTS = (
    ("←→", "read", ""),
    ("1-5", "branch", ""),
    ("m", "marks", ""),
    ("v", "back", "screen.surprise"),
)


class TurnFooter(Horizontal):
    """Two groups of key hints, on one line or two."""

    def __init__(self) -> None:
        super().__init__()
        self._bars = ActionBar(), ActionBar()

    def compose(self) -> ComposeResult:
        yield from self._bars

    def show_surprise_hints(self) -> None:
        """Show the keys of the surprise view."""
        first, second = self._bars
        first.update_hints(_SURPRISE_HINTS)
        second.display = False

    def update(
        self, candidate: Candidate, *, generating: bool, deleted: bool, focused: bool
    ) -> None:
        """Show what can be done with ``candidate``, with letters if the turn is focused."""
        first: tuple[str, ...] = ("star", "again", "continue", "retry", "inspect")
        second: tuple[str, ...] = ("edit", "surprise", "copy", "delete", "pin")
        if deleted:
            first, second = ("restore",), ()
        elif generating:
            first, second = ("star", "continue", "delete"), ()
        elif candidate.error:
            second = ("save", "edit", "copy", "delete")
        stop = [STOP_HINT] if generating and not deleted else []
        for bar, actions in zip(self._bars, (first, second), strict=True):
            hints = [self._hint(action, candidate, focused) for action in actions]
            bar.update_hints([*stop, *hints])
            bar.display = bool(hints)
            stop = []

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _WIDE_COLUMNS, "-wide")

    def _hint(self, name: str, candidate: Candidate, focused: bool) -> tuple[str, str, str]:
        letter, other, *_ = Binding.make_bindings([_BINDINGS[name]])
        key = self.app.get_key_display(letter if focused else other).replace("f8", "F8")
        label = "unstar" if name == "star" and candidate.starred else letter.description.lower()
        return key, label, letter.action
