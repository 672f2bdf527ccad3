"""Short questions: one of a few answers, or a line of text."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from textual import events, on
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.screen import ModalScreen
from textual.widgets import Button, Static

from charloom.core.errors import CharloomError
from charloom.tui.formatting.content import error_message, safe_content
from charloom.tui.widgets.inputs import SafeInput


@dataclass(frozen=True, slots=True)
class DialogOption:
    """What may be answered: ``key`` is a letter that chooses it, ``variant`` how it looks."""

    value: str
    label: str
    key: str
    variant: str = "default"


class ChoiceDialog(ModalScreen[str]):
    """Ask ``question`` and return the value of the answer; ``""`` when it is dismissed."""

    CSS_PATH = "basic.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Cancel")]

    def __init__(self, question: str, answers: Sequence[DialogOption], detail: str = "") -> None:
        super().__init__()
        self._question, self._detail = question, detail
        self._answers = {answer.value: answer for answer in answers}

    def compose(self) -> ComposeResult:
        """Lay out the question over its answers."""
        with VerticalGroup():
            yield Static(safe_content(self._question, "bold"))
            if self._detail:
                yield Static(safe_content(self._detail), id="detail")
            with Horizontal():
                for answer in self._answers.values():
                    yield Button(
                        safe_content(f"{answer.label} [{answer.key}]"),
                        variant=answer.variant,  # type: ignore[arg-type]
                        name=answer.value,
                    )

    def on_key(self, event: events.Key) -> None:
        """Take an answer's letter."""
        for answer in self._answers.values():
            if event.character and event.character.lower() == answer.key:
                event.stop()  # it is not for the screen below, which is there in a moment
                self.dismiss(answer.value)

    @on(Button.Pressed)
    def choose(self, event: Button.Pressed) -> None:
        """Take the button's answer."""
        self.dismiss(event.button.name or "")

    def action_give_up(self) -> None:
        """Answer nothing."""
        self.dismiss("")


def confirm_dialog(question: str, do: str, key: str, detail: str = "") -> ChoiceDialog:
    """Return a dialog that answers ``"yes"`` when the person really wants to ``do`` it.

    The focus is on the way out: Enter alone destroys nothing.
    """
    answers = (DialogOption("", "Cancel", "c"), DialogOption("yes", do, key, "error"))
    return ChoiceDialog(question, answers, detail)


class InputDialog(ModalScreen[str | None]):
    """Ask for a line of text and return it, or None; ``check`` may refuse it with a sentence."""

    CSS_PATH = "basic.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "give_up", "Cancel")]

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
        """Lay out the question over the line."""
        with VerticalGroup():
            yield Static(safe_content(self._question, "bold"))
            yield SafeInput(self._value)
            yield Static(safe_content(self._detail), id="detail")
            with Horizontal():
                yield Button(safe_content("OK [Enter]"), variant="primary", name="ok")
                yield Button(safe_content("Cancel [Esc]"), name="")

    @on(SafeInput.Submitted)
    def accept(self) -> None:
        """Return what was typed, if it will do."""
        value = self.query_one(SafeInput).value
        try:
            self._check(value)
        except CharloomError as error:
            self.query_one("#detail", Static).update(
                safe_content(error_message(error), "$text-error")
            )
            return
        self.dismiss(value)

    @on(Button.Pressed)
    def press(self, event: Button.Pressed) -> None:
        """Accept, or give up."""
        if event.button.name:
            self.accept()
        else:
            self.dismiss(None)

    def action_give_up(self) -> None:
        """Return nothing."""
        self.dismiss(None)


_T = TypeVar("_T")


async def ask_until_done(
    app: App[Any],
    dialog: Callable[[str], ModalScreen[str | None]],
    value: str,
    do: Callable[[str], Awaitable[_T]],
) -> _T | None:
    """Open ``dialog`` with ``value`` and return what ``do`` makes of the answer.

    None when it was given up. When ``do`` fails, the dialog comes again with what was answered.
    To be awaited in a worker.
    """
    while (answer := await app.push_screen_wait(dialog(value))) is not None:
        try:
            return await do(answer)
        except CharloomError as error:
            app.notify(error_message(error), severity="error")
            value = answer
    return None
