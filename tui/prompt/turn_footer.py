"""The keys of a turn, and the footer that shows them."""

from dataclasses import replace

from textual.actions import parse
from textual.binding import Binding

from charloom.tui.prompt.candidate import Candidate
from charloom.tui.widgets.action_bar import BROWSER_KEYS, ActionBar, KeyHint, hidden_binding

TURN_BINDINGS = [
    hidden_binding(
        "s,ctrl+s", "star", "Star", "Make the text a favorite, or no longer one", id="turn.star"
    ),
    hidden_binding(
        "r,ctrl+r",
        "screen.again",
        "Again",
        "The same prompt and settings, another seed",
        id="turn.again",
    ),
    hidden_binding(
        "g,ctrl+g", "screen.continue", "Continue", "Make the text longer", id="turn.continue"
    ),
    hidden_binding(
        "t,ctrl+t,alt+t",
        "screen.retry",
        "Retry",
        "The same prompt and seed, with the current settings",
        id="turn.repeat",
    ),
    hidden_binding(
        "e,alt+e", "screen.edit", "Edit", "Put the prompt into the composer", id="turn.prompt"
    ),
    hidden_binding("c,alt+c", "copy", "Copy", "Copy prompt and text", id="turn.copy"),
    hidden_binding(
        "y,alt+y",
        "copy_command",
        "Copy as command",
        "Copy the command that writes the text again",
        id="turn.command",
    ),
    hidden_binding(
        "a,alt+a",
        "copy_markdown",
        "Copy as Markdown",
        "Copy the text with its settings",
        id="turn.markdown",
    ),
    hidden_binding(
        "x,alt+x",
        "export",
        "Export",
        "Save it as a picture or text, with how to write it again",
        id="turn.export",
    ),
    hidden_binding("d,f8", "delete", "Delete", "Delete from page and library", id="turn.delete"),
    hidden_binding(
        "z,alt+z,ctrl+z", "restore", "Restore", "Restore what was deleted last", id="turn.undo"
    ),
    hidden_binding("p,alt+p", "screen.pin", "Pin", "Use this seed for new texts", id="turn.pin"),
    hidden_binding(
        "k,alt+k", "save", "Save", "Retry saving the text in the library", id="turn.save"
    ),
    hidden_binding(
        "v,alt+v",
        "screen.surprise",
        "Bits",
        "Show the bits that each character cost",
        id="turn.bits",
    ),
    hidden_binding(
        "w,alt+w", "screen.raw", "Raw lines", "Break lines as written, or flow them", id="turn.wrap"
    ),
    hidden_binding(
        "i,alt+i",
        "screen.inspect",
        "Inspect",
        "Show what every unit did in this text",
        id="turn.inspect",
    ),
]
"""Letters act on the focused turn, the other keys on the whole screen.

Nothing is deleted by alt and a letter: some terminals send that for Esc and a quick letter.
"""


def on_screen(binding: Binding) -> Binding:
    """Return a binding of a turn for the whole screen: without its letter."""
    keys = ",".join(key for key in binding.key.split(",") if len(key) > 1)
    target, name, _ = parse(binding.action)
    action = name if target else f"transcript({name!r})"
    return replace(binding, key=keys, action=action, id=f"prompt.{str(binding.id).split('.')[1]}")


_BINDINGS = {binding.action.removeprefix("screen."): binding for binding in TURN_BINDINGS}
STOP_HINT = KeyHint("esc", "stop", "screen.stop", id="prompt.stop")
_SURPRISE_HINTS = (
    ("←→", "read", ""),
    ("1-5", "branch", ""),
    KeyHint("m", "marks", "", id="surprise.marks"),
    KeyHint("v", "back", "screen.surprise", id="surprise.bits"),
)
_FOCUS_KEY = "shift+tab"
_PAUSE_HINTS = (
    [KeyHint("space", "pause", "pause", id="turn.pause")],
    [
        KeyHint("space", "resume", "pause", id="turn.pause"),
        KeyHint("→", "draw one", "forward", id="turn.next"),
        KeyHint("1-5", "choose one", ""),
    ],
)


class TurnFooter(ActionBar):
    """Shows the keys that act on a turn."""

    def show_surprise_hints(self) -> None:
        """Show the keys of the surprise view."""
        self.update_hints(_SURPRISE_HINTS)

    def show(
        self,
        candidate: Candidate,
        *,
        generating: bool,
        deleted: bool,
        paused: bool,
        focused: bool,
    ) -> None:
        """Show what can be done with ``candidate``, with letters if the turn is focused."""
        actions = ["star", "again", "continue", "retry", "inspect"]
        actions += ["edit", "surprise", "copy", "delete", "pin"]
        if deleted:
            actions = ["restore"]
        elif generating:
            actions = ["star", "continue", "delete"]
        elif candidate.error:
            actions[5:] = ["save", "edit", "copy", "delete"]
        first = [] if focused else [KeyHint(_FOCUS_KEY, "select", "go(0)")]
        if generating and not deleted:
            unfocused = [KeyHint(_FOCUS_KEY, "pause, choose", "go(0)")]
            first = [STOP_HINT, *(_PAUSE_HINTS[paused] if focused else unfocused)]
        self.update_hints([*first, *(self._hint(name, candidate, focused) for name in actions)])

    def _hint(self, name: str, candidate: Candidate, focused: bool) -> KeyHint:
        letter, *others = Binding.make_bindings([_BINDINGS[name]])
        kept = BROWSER_KEYS if self.app.is_web else ()
        other = next(other for other in others if other.key not in kept)
        key = self.app.get_key_display(letter if focused else other)
        label = "unstar" if name == "star" and candidate.starred else letter.description.lower()
        id_ = letter.id if focused else on_screen(letter).id
        return KeyHint(key, label, letter.action, id=id_)
