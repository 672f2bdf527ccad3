"""Where a person writes, with what there is to know about that above and below the line."""

from collections.abc import Set

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalGroup
from textual.style import Style
from textual.widgets import Static, TextArea

from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.prompt_changes import adapt_prompt, describe_changes
from charloom.tui.prompt.composer import Composer
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.widgets.action_bar import ActionBar

_LOOKED_AT = 4_000  # characters at a prompt's end: as many as can be looked at between two keys
_START = "the model begins a line"
_OFFER = (
    ("^j", "new line", "screen.new_line"),
    ("↑", "earlier", "screen.earlier"),
    ("^o", "model", "screen.choose_model"),
    ("^b", "panel", "screen.panel"),
    ("^n", "fresh page", "screen.fresh"),
)


class ComposerBar(VerticalGroup):
    """The composer; above it an offer or a fault, if there is one, below it what Enter will do."""

    DEFAULT_CSS = """
    ComposerBar {
        #offer { padding: 0 1; color: $text-warning; display: none; }
        #offer.-fault { color: $text-error; }
        #below { height: 1; padding: 0 1; }
        #said { width: auto; color: $text-warning; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self.composer = Composer()
        """Where the prompt is written."""
        self._voice: LoadedModel | None = None
        self._writing = False

    def compose(self) -> ComposeResult:
        """Lay out the offer over the composer over the hint."""
        yield Static("", id="offer", markup=False)
        yield self.composer
        with Horizontal(id="below"):
            yield Static("", id="said", markup=False)
            yield ActionBar(_OFFER)

    def set_voice(self, voice: LoadedModel) -> None:
        """Mark what this model does not know."""
        self._voice = voice
        known: Set[str] = frozenset(voice.network.vocab.chars)
        self.composer.set_known(known)
        self.hint()

    def set_writing(self, *, on: bool) -> None:
        """Say how the writing is ended, as long as there is any."""
        if on != self._writing:
            self._writing = on
            self.hint()

    def tell(self, told: str, action: str = "", *, fault: bool = False) -> None:
        """Show an offer, which a click takes, or a fault; nothing takes it away again."""
        offer = self.query_one("#offer", Static)
        content = safe_content(told)
        offer.update(content.stylize(Style.from_meta({"@click": action})) if action else content)
        offer.set_class(fault, "-fault")
        offer.display = bool(told)

    @on(TextArea.Changed)
    def hint(self) -> None:
        """Say what will become of the prompt where the model does not know all of it."""
        prompt, said = self.composer.text, ""
        if self._voice and prompt:
            known, changes = adapt_prompt(prompt[-_LOOKED_AT:], self._voice.network.vocab)
            said = describe_changes(prompt, changes, future=True) + f"  ·  {_START}" * (not known)
        self.query_one("#said", Static).update(safe_content(said))
        stop = [("esc", "stop", "screen.stop")] if self._writing else []
        send = ("enter", "send" if prompt else "begin a line", "screen.send")
        self.query_one(ActionBar).update_hints([*stop, send, *_OFFER])
        self.query_one(ActionBar).display = not said
