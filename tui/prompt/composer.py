"""The text area for prompts: Enter sends, and unknown characters are marked."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.prompt_changes import MAX_PROMPT_CHARACTERS
from charloom.tui.widgets.inputs import SafeTextArea
from charloom.tui.widgets.keys import key_binding

if TYPE_CHECKING:
    from charloom.tui.services.text_source import TextSource


class Composer(SafeTextArea):
    """Grows from one line to six. Up and down at its ends step through earlier prompts.

    Control characters are kept, and shown as glyphs.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = TextArea.COMPONENT_CLASSES | {"composer--unknown"}
    DEFAULT_CSS = """
    Composer {
        height: auto;
        min-height: 1;
        max-height: 6;
        border: none;
        padding: 0 1;
        background: $surface;
        scrollbar-size-vertical: 1;
        &:focus { border: none; background: $panel; }
        .composer--unknown { color: $text-warning; text-style: underline; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("composer.send", "Send", keys="enter", key_display="enter"),
        key_binding("composer.new_line", "New line", keys="ctrl+j,alt+enter,shift+enter"),
        Binding("up", "cursor_up", "Earlier", show=False),
    ]

    @dataclass
    class Submitted(Message):
        """The user sent ``text``."""

        text: str

    @dataclass
    class TextPasted(Message):
        """The user pasted a long text or dropped files; ``draft`` is what was here before."""

        source: "TextSource"
        draft: str

    @dataclass
    class PageScrolled(Message):
        """The user wants to scroll the transcript a page up (-1) or down (1)."""

        direction: int

    def __init__(self) -> None:
        super().__init__()
        self.match_cursor_bracket = False
        self.highlight_cursor_line = False
        self._known_characters: Set[str] | None = None
        self._history: list[str] = []
        self._index = 0  # in the history; its length stands for the draft
        self._recalled: str | None = None  # the text that the history has put here
        self._draft = ""

    def on_mount(self) -> None:
        self.placeholder = with_keys(
            self.app, "Write a beginning, then press {composer.send|Enter}."
        )

    def set_known_characters(self, characters: Set[str] | None) -> None:
        """Mark all characters but these."""
        self._known_characters = characters
        self.notify_style_update()  # clears the line cache
        self.refresh()

    def set_text(self, text: str, *, selected: bool = False) -> None:
        """Replace the text; if ``selected``, the next key replaces it."""
        self.replace_text(text)
        if selected:
            self.select_all()

    def type(self, character: str) -> None:
        """Insert a character as if it was typed here."""
        self.replace(character, *self.selection, maintain_selection_offset=False)

    def add_history(self, prompts: Iterable[str]) -> None:
        """Add prompts of earlier sessions, newest first, before those of this one."""
        self._history = list(dict.fromkeys([*self._history[::-1], *prompts]))[::-1]
        self._index = len(self._history)

    def get_line(self, line_index: int) -> Text:
        line = self.document.get_line(line_index)
        text = Text("\t".join(map(sanitize, line.split("\t"))), end="", no_wrap=True)
        if self._known_characters and (unknown := set(line).difference(self._known_characters)):
            style = self.get_component_rich_style("composer--unknown")
            for index, character in enumerate(line):
                if character in unknown:
                    text.stylize(style, index, index + 1)
        return text

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter" or event.key.startswith("alt+"):
            event.prevent_default()  # a key of a binding, not text
        bound = self.screen.active_bindings.get(event.key) if not event.is_printable else None
        if bound and bound.node is self and bound.binding.action == "send":
            event.stop()
            self.action_send()  # at once: the next key, which may be here already, comes after it

    def on_paste(self, event: events.Paste) -> None:
        from charloom.tui.services.text_source import TextSource  # deferred until it is needed

        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if source := TextSource.from_paste(text):
            self.post_message(self.TextPasted(source, self.text))
        # The model reads no more than this, and a longer text would be slow to wrap.
        event.text = text[-MAX_PROMPT_CHARACTERS - 1 :]
        event.stop()

    def action_send(self) -> None:
        text = self.text
        self.set_text("")
        if text:
            self._history = [*(prompt for prompt in self._history if prompt != text), text]
        self._index, self._recalled = len(self._history), None
        self.post_message(self.Submitted(text))

    def action_new_line(self) -> None:
        self.type("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        top = self.navigator.is_first_wrapped_line(self.cursor_location)
        if select or not (top and self._recall(-1)):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        bottom = self.navigator.is_last_wrapped_line(self.cursor_location)
        if select or not (bottom and self._recall(1)):
            super().action_cursor_down(select)

    def action_cursor_page_up(self) -> None:
        self.post_message(self.PageScrolled(-1))

    def action_cursor_page_down(self) -> None:
        self.post_message(self.PageScrolled(1))

    def _recall(self, offset: int) -> bool:
        """Show an earlier or later prompt; return whether there is one. The draft comes last."""
        if self.text != self._recalled:
            self._draft, self._index = self.text, len(self._history)
        index = self._index + offset
        if not 0 <= index <= len(self._history):
            return False
        self._index = index
        self._recalled = [*self._history, self._draft][index]
        self.set_text(self._recalled)
        return True
