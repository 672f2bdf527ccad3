"""The base class of dialogs, a choice of answers and a line of text."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from charloom.core.errors import CharloomError
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.widgets.inputs import SafeInput

_T = TypeVar("_T")
ESCAPE = "{dialog.cancel|Esc}"


class DismissibleScreen(ModalScreen[_T]):
    """A modal screen that is dismissed once, also by two keys in quick succession."""

    def dismiss(self, result: _T | None = None) -> AwaitComplete:
        # The second key is on its way to this screen when the first one closes it.
        return super().dismiss(result) if self.is_current else AwaitComplete()


class Dialog(DismissibleScreen[_T | None]):
    """A framed modal screen that returns a result, or None when it is cancelled."""

    CSS_PATH: ClassVar[Any] = "basic.tcss"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (70, "-wide")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "cancel", "Cancel", id="dialog.cancel")
    ]

    def action_cancel(self) -> None:
        self.dismiss(None)


def accept_and_cancel(app: App[Any], accept: str, key: str) -> Horizontal:
    """Return the buttons of a dialog that has ``action_accept``."""
    accept, cancel = (with_keys(app, text) for text in (f"{accept} [{key}]", f"Cancel [{ESCAPE}]"))
    return Horizontal(
        Button(safe_content(accept), variant="primary", action="screen.accept"),
        Button(safe_content(cancel), action="screen.cancel"),
    )


@dataclass(frozen=True, slots=True)
class DialogOption:
    """A possible answer: pressing the letter ``key`` chooses it."""

    value: str
    label: str
    key: str
    variant: str = "default"


class ChoiceDialog(Dialog[str]):
    """Ask a question and return the value of the chosen option."""

    def __init__(self, question: str, options: Sequence[DialogOption], detail: str = "") -> None:
        super().__init__()
        self._question, self._options, self._detail = question, options, detail

    def compose(self) -> ComposeResult:
        with VerticalGroup():
            yield Static(safe_content(self._question, "bold"))
            if self._detail:
                yield Static(safe_content(self._detail), id="detail")
            with Horizontal():
                for option in self._options:
                    yield Button(
                        safe_content(with_keys(self.app, f"{option.label} [{option.key}]")),
                        variant=option.variant,  # type: ignore[arg-type]
                        name=option.value,
                    )

    def on_key(self, event: events.Key) -> None:
        for option in self._options:
            if event.character and event.character.lower() == option.key:
                event.stop()  # the screen below, which is active in a moment, must not get it
                self.dismiss(option.value)

    @on(Button.Pressed)
    def choose(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.name or "")


def confirm_dialog(question: str, label: str, key: str, detail: str = "") -> ChoiceDialog:
    """Return a dialog whose result is true only if the user confirms.

    The focus is on Cancel: Enter alone destroys nothing.
    """
    options = (DialogOption("", "Cancel", "c"), DialogOption("yes", label, key, "error"))
    return ChoiceDialog(question, options, detail)


class InputDialog(Dialog[str]):
    """Ask for a line of text; ``check`` rejects one by raising :class:`CharloomError`."""

    def __init__(
        self,
        question: str,
        value: str = "",
        *,
        detail: str = "",
        check: Callable[[str], object] = str,
    ) -> None:
        super().__init__()
        self._question, self._value, self._detail, self._check = question, value, detail, check

    def compose(self) -> ComposeResult:
        with VerticalGroup():
            yield Static(safe_content(self._question, "bold"))
            yield SafeInput(self._value)
            yield Static(safe_content(self._detail), id="detail")
            yield accept_and_cancel(self.app, "OK", "Enter")

    async def action_accept(self) -> None:
        await self.query_one(SafeInput).action_submit()

    @on(SafeInput.Submitted)
    def accept(self, event: SafeInput.Submitted) -> None:
        value = event.value  # without the keys that have come since
        try:
            self._check(value)
        except CharloomError as error:
            self.query_one("#detail", Static).update(safe_content(str(error), "$text-error"))
            return
        self.dismiss(value)


async def ask_until_done(
    app: App[Any],
    dialog: Callable[[str], ModalScreen[str | None]],
    value: str,
    process: Callable[[str], Awaitable[_T]],
) -> _T | None:
    """Open ``dialog(value)`` and return what ``process`` returns for the answer.

    When ``process`` raises :class:`CharloomError`, show the error and open the dialog again with
    that answer. Return None when the dialog is cancelled. Must be awaited in a worker.
    """
    while (answer := await app.push_screen_wait(dialog(value))) is not None:
        try:
            return await process(answer)
        except CharloomError as error:
            app.notify(str(error), severity="error")
            value = answer
    return None
