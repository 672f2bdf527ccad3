"""Real or model: two passages, a guess, and the result; opened from the tour."""

import re
from collections.abc import Iterator
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import Click
from textual.widget import Widget
from textual.widgets import Static

from charloom.core.analysis.passages import PassagePair
from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SETTING_NAMES, SamplingConfig, fresh_seed
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.flowing import flow
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.tour.blind_test import EXPLANATION, BlindTest
from charloom.tui.widgets.action_bar import ActionBar, hidden_binding, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.finding import FindableText
from charloom.tui.widgets.keys import key_binding

_ROUNDS = 10
_MAX_CONTEXT = 200  # columns
_CHOOSE_HINT = " Press {quiz.back|Esc}, then {tour.model|m} for another model."
_LABELS = ("the model's", "from the text")


class Passage(Static):
    """Passage ``number``, 0 or 1; a click chooses it."""

    def __init__(self, number: int) -> None:
        super().__init__(markup=False)
        self.number = number

    def set_passage(self, text: str, result: str = "", style: str = "") -> None:
        """Show the passage, and below it whose it is."""
        heading = Content.assemble((str(self.number + 1), "bold $accent"), " ", (result, style))
        self.update(heading + Content("\n") + safe_content(re.sub("\n{3,}", "\n\n", flow(text))))


class BlindTestScreen(BaseScreen):
    """Ten rounds with the checkpoint ``ref`` and the user's sampling settings."""

    TITLE = "Real or model?"
    CSS_PATH = "screen.tcss"
    AUTO_FOCUS = "FindableText"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-wide")]  # noqa: RUF012 - as in Screen
    HELP = f"""
{EXPLANATION} Press `1` or `2` for the real one. Both are cut alike, at the end of a sentence where
there is one. How often the model fooled you is counted in its lab notes, for each temperature.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        hidden_binding("1", "guess(0)", "The first", "Take the first passage for the real one"),
        hidden_binding("2", "guess(1)", "The second", "Take the second passage for the real one"),
        key_binding(
            "quiz.next", "Next", "Show the next passages", keys="enter,space", key_display="enter"
        ),
        key_binding("quiz.back", "Back", "Back to the tour", action="close", keys="escape"),
    ]

    def __init__(self, services: AppServices, ref: CheckpointRef) -> None:
        super().__init__(services)
        self._ref = ref
        self._test: BlindTest | None = None
        self._pair: PassagePair | None = None
        self._number = 0
        self._choice: int | None = None

    def body(self) -> Iterator[Widget]:
        with FindableText():
            yield Static("", id="round", markup=False)
            with Horizontal(id="passages"):
                yield Passage(0)
                yield Passage(1)
            yield Static("", id="result", markup=False)
        yield ActionBar()

    def on_mount(self) -> None:
        self._load()

    @work(exclusive=True)
    async def _load(self) -> None:
        """Read the model first, then let it write the next passage."""
        self._pair = self._choice = None
        waiting = "The model is writing …" if self._test else "Reading the model and its text …"
        self._show(waiting)
        try:
            if self._test is None:
                self._test = await run_in_background(self._open_test)
                if self._test.warning:
                    self.notify(self._test.warning, severity="warning")
            test, number = self._test, self._number
            self._pair = await run_in_background(lambda: test.pair(number))
        except CharloomError as error:
            hint = "" if self._test else with_keys(self.app, _CHOOSE_HINT)
            self._show(str(error) + hint, "$text-error")
            return
        self.show_context(safe_line(f"{test.ref} · {test.setting}", _MAX_CONTEXT))
        self._show()

    def _open_test(self) -> BlindTest:
        saved = self.services.preferences
        sampling = SamplingConfig(**{name: getattr(saved, name) for name in SETTING_NAMES})
        seed = fresh_seed() if saved.seed < 0 else saved.seed
        return BlindTest(self._ref, sampling, seed, _ROUNDS)

    def _show(self, message: str = "", style: str = "$text-muted") -> None:
        """Show the round as it is now, or a message instead."""
        test, pair, choice = self._test, self._pair, self._choice
        self.query_one("#passages").display = pair is not None
        heading = safe_content(message, style)
        if test and pair:
            heading = Content.styled(f"Round {self._number + 1} of {test.rounds}. ", "bold")
            heading += Content(EXPLANATION if self._number == 0 else "Which one is real?")
            for passage, text in zip(self.query(Passage), pair.passages, strict=True):
                is_real = (passage.number == 0) is pair.real_first
                colour = "$text-success" if is_real else "$text-warning"
                label = _LABELS[is_real] if choice is not None else ""
                passage.set_passage(text, label, colour)
        self.query_one("#round", Static).update(heading)
        self.query_one("#result", Static).display = choice is not None
        self.query_one(ActionBar).update_hints(key_hints(self))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        if action == "guess":
            return self._pair is not None and self._choice is None
        if action == "next":
            test = self._test
            return test is not None and self._choice is not None and self._number + 1 < test.rounds
        return True

    @on(Click)
    def guess_clicked(self, event: Click) -> None:
        if isinstance(event.widget, Passage) and self.check_action("guess", ()):
            self.action_guess(event.widget.number)

    def action_guess(self, choice: int) -> None:
        if self._test is None or self._pair is None:
            return
        self._choice = choice
        try:
            result = self._test.guess(self._pair, choice)
            total = self._test.total()
        except CharloomError as error:  # the notes cannot be written
            self.notify(str(error), severity="error")
            result, total = self._test.verdict(self._pair, choice), ""
        if self._number + 1 == self._test.rounds:
            result += " That was the last round."
        result = f"{result} {self._test.score}\n{total}"
        self.query_one("#result", Static).update(safe_content(result, "bold"))
        self._show()
        self.query_one("#result").scroll_visible(animate=False)

    def action_next(self) -> None:
        self._number += 1
        self._load()

    def action_close(self) -> None:
        self.dismiss()
