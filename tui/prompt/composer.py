"""Where a prompt is written: Enter sends it, and what the model does not know is marked."""

from collections.abc import Iterable, Set
from dataclasses import dataclass
from typing import ClassVar

from rich.text import Text
from textual import events
from textual.message import Message
from textual.widgets import TextArea

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.prompt_changes import MAX_PROMPT_CHARACTERS

_NEW_LINE = ("ctrl+j", "alt+enter", "shift+enter")


class Composer(TextArea):
    """Grows from one line to six. Up and down, at its ends, walk through earlier prompts.

    Controls are shown as glyphs and kept as they are.
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

    @dataclass
    class Sent(Message):
        """The person wants the model to go on from this."""

        text: str

    @dataclass
    class Paged(Message):
        """The person wants to read further up (-1) or down (1)."""

        by: int

    def __init__(self) -> None:
        super().__init__(placeholder="Write a beginning, then press Enter.")
        self.match_cursor_bracket = False
        self.highlight_cursor_line = False
        self._known: Set[str] | None = None
        self._history: list[str] = []
        self._place = 0  # in the history; its length stands for the person's own draft
        self._recalled: str | None = None  # what the history has put here
        self._draft = ""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Leave F6 to the app; Textual's areas select a line with it."""
        return action != "select_line"

    def set_known(self, known: Set[str] | None) -> None:
        """Mark from now on the characters that are not among these."""
        self._known = known
        self.notify_style_update()  # the lines are drawn again
        self.refresh()

    def put(self, text: str, *, selected: bool = False) -> None:
        """Have ``text`` here, in the place of what was; ``selected``, the next key replaces it."""
        self.replace(text, (0, 0), self.document.end)
        if selected:
            self.select_all()
        else:
            self.move_cursor(self.document.end)

    def recall(self, earlier: Iterable[str]) -> None:
        """Have these prompts, the newest first, before those of this session."""
        self._history = list(dict.fromkeys([*self._history[::-1], *earlier]))[::-1]
        self._place = len(self._history)

    def get_line(self, line_index: int) -> Text:
        """Return a line as it is to be seen."""
        line = self.document.get_line(line_index)
        shown = Text("\t".join(map(sanitize, line.split("\t"))), end="", no_wrap=True)
        if self._known and (strange := set(line).difference(self._known)):
            style = self.get_component_rich_style("composer--unknown")
            for place, character in enumerate(line):
                if character in strange:
                    shown.stylize(style, place, place + 1)
        return shown

    def send(self) -> None:
        """Let the model go on from what is here, and have room for the next."""
        text = self.text
        self.put("")
        if text:
            self._history = [*(each for each in self._history if each != text), text]
        self._place, self._recalled = len(self._history), None
        self.post_message(self.Sent(text))

    def new_line(self) -> None:
        """Begin a new line."""
        self.replace("\n", *self.selection, maintain_selection_offset=False)

    def on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            self.send()
        elif event.key in _NEW_LINE:
            self.new_line()
        elif event.key.startswith("alt+"):  # with a letter: not to be typed but for who is around
            event.prevent_default()
            return
        else:
            return
        event.stop()
        event.prevent_default()

    def on_paste(self, event: events.Paste) -> None:
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        # Of more than this nothing would be read, and it would be slow to wrap.
        event.text = text[-MAX_PROMPT_CHARACTERS - 1 :]
        event.stop()

    def action_cursor_up(self, select: bool = False) -> None:
        """Go up; from the first line, to the prompt before."""
        top = self.navigator.is_first_wrapped_line(self.cursor_location)
        if select or not (top and self._walk(-1)):
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """Go down; from the last line, to the prompt after, and in the end to one's own."""
        bottom = self.navigator.is_last_wrapped_line(self.cursor_location)
        if select or not (bottom and self._walk(1)):
            super().action_cursor_down(select)

    def action_cursor_page_up(self) -> None:
        """Read further up."""
        self.post_message(self.Paged(-1))

    def action_cursor_page_down(self) -> None:
        """Read further down."""
        self.post_message(self.Paged(1))

    def _walk(self, by: int) -> bool:
        """Go through the history; what was typed, or changed in it, is the draft at its end."""
        if self.text != self._recalled:
            self._draft, self._place = self.text, len(self._history)
        place = self._place + by
        if not 0 <= place <= len(self._history):
            return False
        self._place = place
        self._recalled = [*self._history, self._draft][place]
        self.put(self._recalled)
        return True
