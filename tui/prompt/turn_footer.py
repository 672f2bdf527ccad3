"""The keys of a turn, and the footer that shows them."""

from dataclasses import replace

from textual.binding import Binding

from charloom.tui.prompt.candidate import Candidate
from charloom.tui.widgets.action_bar import BROWSER_KEYS, ActionBar, KeyHint, key_of
from charloom.tui.widgets.finding import FINDING_KEYS
from charloom.tui.widgets.keys import key_binding

_ON_TRANSCRIPT = [
    key_binding("turn.star", "Star", "Make the text a favorite, or no longer one"),
    key_binding("turn.copy", "Copy", "Copy prompt and text"),
    key_binding("turn.command", "Copy as command", "Copy the command that writes the text again"),
    key_binding("turn.markdown", "Copy as Markdown", "Copy the text with its settings"),
    key_binding(
        "turn.export", "Export", "Save it as a picture or text, with how to write it again"
    ),
    key_binding("turn.delete", "Delete", "Delete from page and library"),
    key_binding("turn.undo", "Undo", "Restore what was deleted last"),
    key_binding("turn.save", "Save", "Retry saving the text in the library"),
    FINDING_KEYS[0],
]
_ON_SCREEN = [
    key_binding("turn.again", "Again", "The same prompt and settings, another seed"),
    key_binding("turn.continue", "Continue", "Make the text longer"),
    key_binding("turn.repeat", "Repeat", "The same prompt and seed, with the current settings"),
    key_binding("turn.prompt", "Prompt", "Put the prompt into the composer, to edit it"),
    key_binding("turn.pin", "Pin", "Use this seed for new texts"),
    key_binding("turn.bits", "Bits", "Show the bits that each character cost"),
    key_binding("turn.wrap", "Wrap", "Break lines as written, or let them flow"),
    key_binding("turn.inspect", "Inspect", "Show what every unit did in this text"),
]
TURN_BINDINGS = [
    *_ON_TRANSCRIPT,
    *(replace(binding, action=f"screen.{binding.action}") for binding in _ON_SCREEN),
]
"""Characters act on the focused turn, :data:`ANYWHERE` on the whole screen."""

ANYWHERE = {
    "star": "ctrl+s",
    "again": "ctrl+r",
    "continue": "ctrl+g,alt+o",
    "repeat": "ctrl+t,alt+shift+r",
    "prompt": "alt+p",
    "copy": "alt+c",
    "command": "alt+y",
    "markdown": "alt+shift+y",
    "export": "alt+x",
    "delete": "f8",
    "undo": "alt+u,ctrl+z",
    "pin": "alt+shift+p",
    "save": "alt+shift+k",
    "bits": "alt+v",
    "wrap": "alt+shift+w",
    "inspect": "alt+i",
    "find": "ctrl+f",
}
"""The keys that run these actions while another widget has the focus.

Nothing is deleted by alt and a letter: some terminals send that for Esc and a quick letter.
"""


def on_screen(binding: Binding) -> Binding:
    """Return a binding of a turn for the whole screen, with its keys there."""
    name = str(binding.id).partition(".")[2]
    action = name if binding.action.startswith("screen.") else f"transcript({name!r})"
    return replace(binding, key=ANYWHERE[name], action=action, id=f"prompt.{name}")


_BINDINGS = {binding.action.removeprefix("screen."): binding for binding in TURN_BINDINGS}
_LABELS = {"command": "as command", "markdown": "as Markdown"}
STOP_HINT = KeyHint("{prompt.escape|esc}", "stop", "screen.stop")
_SURPRISE_HINTS = (
    ("←→", "read", ""),
    ("1-5", "branch", ""),
    ("{surprise.marks|M}", "marks", ""),
    ("{surprise.bits|v}", "back", "screen.bits"),
)
_FOCUS_KEY = "shift+tab"
_PAUSE_HINTS = (
    [KeyHint("{turn.pause|space}", "pause", "pause")],
    [
        KeyHint("{turn.pause|space}", "resume", "pause"),
        KeyHint("{turn.next|→}", "draw one", "forward"),
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
        alone: bool,
        focused: bool,
    ) -> None:
        """Show what can be done with ``candidate``, with letters if the turn is focused.

        Only in a pause of a candidate ``alone``, its characters can be chosen.
        """
        actions = ["star", "again", "continue", "repeat", "prompt", "inspect", "bits", "copy"]
        if focused:
            actions += ["command", "markdown"]
        actions += ["export", "find", "delete"]
        if focused:
            actions += ["pin", "wrap"]
        if deleted:
            actions = ["undo"]
        elif generating:
            actions = ["star", "continue", "delete"]
        elif candidate.error:
            actions = ["save", *actions[:5], "copy", "delete"]
        first = [] if focused else [KeyHint(_FOCUS_KEY, "select", "go(0)")]
        if generating and not deleted:
            unfocused = [KeyHint(_FOCUS_KEY, "pause, choose", "go(0)")]
            pause = _PAUSE_HINTS[paused] if alone else _PAUSE_HINTS[paused][:1]
            first = [STOP_HINT, *(pause if focused else unfocused)]
        self.update_hints([*first, *(self._hint(name, candidate, focused) for name in actions)])

    def _hint(self, name: str, candidate: Candidate, focused: bool) -> KeyHint:
        binding = _BINDINGS[name]
        bound = Binding.make_bindings([binding if focused else on_screen(binding)])
        kept = BROWSER_KEYS if self.app.is_web else ()
        first = next(key for key in bound if key.key not in kept)
        label = _LABELS.get(name, binding.description.lower())
        if name == "star" and candidate.starred:
            label = "unstar"
        return KeyHint(key_of(self.app, first), label, binding.action)
