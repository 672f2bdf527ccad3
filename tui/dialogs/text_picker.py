"""Choosing a text: a known one, a file, one of late, or what is pasted."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup
from textual.screen import ModalScreen
from textual.widgets import Static

from charloom.tui.formatting.content import safe_content
from charloom.tui.services.text_source import TextSource
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.text_chooser import TextChooser


class TextPicker(ModalScreen[TextSource | None]):
    """Returns the text that was chosen; None when it is dismissed. ``recent`` are those of late."""

    CSS_PATH = "text_picker.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Cancel")]

    def __init__(self, question: str, recent: Iterable[str]) -> None:
        super().__init__()
        self._question, self._recent = question, recent

    def compose(self) -> ComposeResult:
        """Lay out the question over the ways to answer it."""
        with VerticalGroup():
            yield Static(safe_content(self._question), id="question")
            yield TextChooser(self._recent)
            yield ActionBar([("enter", "choose", ""), ("←→", "other texts", ""), *key_hints(self)])

    @on(TextChooser.Chosen)
    def choose(self, event: TextChooser.Chosen) -> None:
        """Return it."""
        self.dismiss(event.source)

    def action_give_up(self) -> None:
        """Choose nothing."""
        self.dismiss(None)
