"""A dialog to choose a text: from the catalog, a file, a recent one or pasted."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar

from textual import on
from textual.app import App, ComposeResult
from textual.containers import VerticalGroup
from textual.widgets import Static

from charloom.core.data.corpus import Corpus
from charloom.core.errors import CharloomError, SettingError
from charloom.tui.dialogs.basic import Dialog, InputDialog
from charloom.tui.formatting.content import safe_content
from charloom.tui.services.background import run_in_background
from charloom.tui.services.text_source import TextKind, TextSource
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


async def pick_text(
    app: App[Any], question: str, recent: Iterable[str]
) -> Callable[[], Corpus] | None:
    """Ask for a text, and for the column of a table; return a function that opens it, if any."""
    source = await app.push_screen_wait(TextPicker(question, recent))
    column: str | None = None
    while source:
        read = partial(source.open, short=True, column=column)
        if source.kind is not TextKind.FILE:
            return read
        try:
            corpus = await run_in_background(read)
        except SettingError as error:
            if error.field != "column":
                return read
            dialog = InputDialog("Column or field with the texts:", column or "", detail=str(error))
            if (typed := await app.push_screen_wait(dialog)) is None:
                return None
            column = typed.strip() or None
        except CharloomError:
            return read  # it raises the error again, where it is shown
        else:
            return lambda: corpus
    return None
