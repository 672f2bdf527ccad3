"""A dialog to choose a text: from the catalog, a file, a recent one or pasted."""

from collections.abc import Iterable
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalGroup
from textual.widgets import Static

from charloom.tui.dialogs.basic import Dialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.services.text_source import TextSource
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.text_chooser import TextChooser


class TextPicker(Dialog[TextSource]):
    """Return the chosen text; ``recent`` are names or paths of texts used recently."""

    CSS_PATH: ClassVar[str] = "text_picker.tcss"

    def __init__(self, question: str, recent: Iterable[str]) -> None:
        super().__init__()
        self._question, self._recent = question, recent

    def compose(self) -> ComposeResult:
        with VerticalGroup():
            yield Static(safe_content(self._question), id="question")
            yield TextChooser(self._recent)
            yield ActionBar([("enter", "choose", ""), ("←→", "switch tab", ""), *key_hints(self)])

    @on(TextChooser.Chosen)
    def choose(self, event: TextChooser.Chosen) -> None:
        self.dismiss(event.source)
