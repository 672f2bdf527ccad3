"""The composer with a message above and key hints below it."""

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalGroup
from textual.style import Style
from textual.widgets import Static, TextArea

from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.prompt_changes import adapt_prompt, describe_changes
from charloom.tui.prompt.composer import Composer
from charloom.tui.prompt.turn_footer import STOP_HINT
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.widgets.action_bar import ActionBar, key_hints

_MAX_CHECKED_CHARACTERS = 4_000  # at the prompt's end: no more can be adapted between two keys


class ComposerBar(VerticalGroup):
    """The composer; above it an error or an offer, below it key hints or notes on the prompt."""

    def __init__(self) -> None:
        super().__init__()
        self.composer = Composer()
        self._message = Static("", id="message", markup=False)
        self._note = Static("", id="prompt-note", markup=False)
        self._model: LoadedModel | None = None
        self._generating, self._empty = False, True  # the page

    def compose(self) -> ComposeResult:
        yield self._message
        yield self.composer
        with Horizontal(id="below"):
            yield self._note
            yield ActionBar()

    def on_mount(self) -> None:
        self.update_hints()

    def set_model(self, model: LoadedModel) -> None:
        """Mark the characters that ``model`` does not know."""
        self._model = model
        self.composer.set_known_characters(frozenset(model.network.vocab.chars))
        self.update_hints()

    def set_page(self, *, generating: bool, empty: bool) -> None:
        """Show the keys for a page with or without texts, of which one may be generated."""
        if (generating, empty) != (self._generating, self._empty):
            self._generating, self._empty = generating, empty
            self.update_hints()

    def show_message(self, message: str, action: str = "", *, error: bool = False) -> None:
        """Show a message until the next one; a click runs ``action``."""
        content = safe_content(message)
        if action:
            content = content.stylize(Style.from_meta({"@click": action}))
        self._message.update(content)
        self._message.set_class(error, "-error")
        self._message.display = bool(message)

    @on(TextArea.Changed)
    def update_hints(self) -> None:
        """Show how the prompt would be changed, or the keys if it would not be."""
        prompt, note = self.composer.text, ""
        if self._model and prompt:
            vocab = self._model.network.vocab
            adapted, changes = adapt_prompt(prompt[-_MAX_CHECKED_CHARACTERS:], vocab)
            note = describe_changes(prompt, changes, future=True)
            note += "  ·  no prompt is left" * (not adapted)
        self._note.update(safe_content(note))
        bar = self.query_one(ActionBar)
        bar.update_hints(
            [
                *([STOP_HINT] if self._generating else []),
                *key_hints(self.composer, send="send" if prompt else "write without a prompt"),
                *key_hints(self.screen, newer=""),
            ]
        )
        bar.display = not note
