"""What can be done with a turn, each with its key: a letter there, another key elsewhere."""

from textual import events
from textual.app import ComposeResult
from textual.containers import Horizontal

from charloom.tui.prompt.candidate import Candidate
from charloom.tui.widgets.action_bar import ActionBar

_WIDE = 80  # columns, in which all of it is one line
# The action: its letter on the turn, its key elsewhere, and what it is called.
OFFERED = {
    "star": ("s", "^s", "star"),
    "again": ("r", "^r", "again"),
    "go_on": ("g", "^g", "go on"),
    "retry": ("t", "^t", "retry"),
    "edit": ("e", "alt+e", "edit"),
    "copy": ("c", "alt+c", "copy"),
    "delete": ("d", "alt+d", "delete"),
    "pin": ("p", "alt+p", "pin"),
    "surprise": ("v", "alt+v", "bits"),
    "inside": ("i", "alt+i", "inside"),
    "keep": ("k", "alt+k", "keep"),
    "undo": ("z", "alt+z", "bring it back"),
}
_SURPRISING = (
    ("←→", "read", ""),
    ("1-5", "branch", ""),
    ("m", "marks", ""),
    ("v", "back", "screen.surprise"),
)


class TurnFooter(Horizontal):
    """One line, or two where it is too short."""

    DEFAULT_CSS = """
    TurnFooter {
        height: auto;
        padding-left: 3;
        layout: vertical;
        &.-wide { layout: horizontal; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._halves = ActionBar(), ActionBar()

    def compose(self) -> ComposeResult:
        """Lay out the two halves."""
        yield from self._halves

    def offer_surprise(self) -> None:
        """Show what can be done while it is shown what each character cost."""
        first, second = self._halves
        first.update_hints(_SURPRISING)
        second.display = False

    def offer(self, passage: Candidate, *, writing: bool, deleted: bool, letters: bool) -> None:
        """Show what can be done with ``passage``."""
        first: tuple[str, ...] = ("star", "again", "go_on", "retry", "inside")
        second: tuple[str, ...] = ("edit", "surprise", "copy", "delete", "pin")
        if deleted:
            first, second = ("undo",), ()
        elif writing:
            first, second = ("star", "go_on", "delete"), ()
        elif passage.fault:
            second = ("keep", "edit", "copy", "delete")
        stop = [("esc", "stop", "screen.stop")] if writing and not deleted else []
        for half, actions in zip(self._halves, (first, second), strict=True):
            offered = [_offered(action, passage, letters=letters) for action in actions]
            half.update_hints([*stop, *offered])
            half.display = bool(offered)
            stop = []

    def on_resize(self, event: events.Resize) -> None:
        """Be one line where there is room for it."""
        self.set_class(event.size.width >= _WIDE, "-wide")


def _offered(action: str, passage: Candidate, *, letters: bool) -> tuple[str, str, str]:
    letter, key, label = OFFERED[action]
    if action == "star" and passage.starred:
        label = "unstar"
    return letter if letters else key, label, f"screen.{action}"
