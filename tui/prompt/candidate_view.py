"""The view of one candidate: its text as it grows, and lines on its origin and state."""

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from charloom.core.analysis.repetition import repetition_message, repetition_period
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.prompt.candidate import (
    Candidate,
    length_and_bits,
    match_message,
    provenance,
    unknown_words_message,
)
from charloom.tui.widgets.streaming_text import StreamingText

_MAX_NAME_CHARACTERS = 40  # of a model
_ADVICE = ": raise the temperature or stop ({prompt.escape|Esc})"


class CandidateView(StreamingText):
    """Shows a candidate: after its prompt if it is ``alone``, else as one of several."""

    @dataclass
    class Clicked(Message):
        """The user clicked on ``view``."""

        view: "CandidateView"

    def __init__(
        self, candidate: Candidate, prompt: str = "", *, sign: str = " ", alone: bool = False
    ) -> None:
        super().__init__(prompt, sign=sign)
        self.candidate = candidate
        self._alone = alone
        self._chosen = candidate.number == 0
        self._status: str | None = ""
        self._period: int | None = None  # of a text that repeats itself
        self.append(candidate.text)

    def on_mount(self) -> None:
        self.set_status(None if self.candidate.text else "")

    def set_chosen(self, on: bool) -> None:
        """Mark it as the one that the keys act on, or no longer."""
        self._chosen = on
        self.set_status(self._status)

    def set_status(self, status: str | None = None) -> None:
        """Show ``status`` below the text; None shows the provenance of a finished text."""
        self._status = status
        candidate = self.candidate
        self._period = repetition_period(candidate.text)
        match, unknown, advice = "", "", with_keys(self.app, _ADVICE)
        if status is None:
            match, advice = match_message(candidate), ""
            unknown = unknown_words_message(candidate)
            generation = candidate.to_generation()
            describe = provenance if self._alone else length_and_bits
            status = describe(generation) if generation else ""
        after = []
        if status or candidate.starred:
            star = ("★ " if candidate.starred else "", "bold $accent")
            after.append(Content.assemble(star, safe_content(status, "$text-muted")))
        if match:
            after.append(safe_content(match, "$text-muted"))
        if unknown:
            after.append(safe_content(unknown, "$text-warning"))
        if candidate.error:
            after.append(safe_content(candidate.error, "$text-error"))
        if self._period:
            after.append(safe_content(repetition_message(self._period) + advice, "$text-warning"))
        self.mark_match(candidate.match_slice if match else slice(0, 0))
        if self._alone:
            self.set_notes((), after)
        else:
            self.set_notes([self._heading()], after, "▸" if self._chosen else " ")

    def update_repetition(self) -> None:
        """Show or hide the repetition warning as the text has grown."""
        if repetition_period(self.candidate.text) != self._period:
            self.set_status(self._status)

    def _heading(self) -> Content:
        request, number = self.candidate.request, self.candidate.number
        difference = f"seed {request.seed_for(number)}"
        if request.rival:
            difference = single_line(self.candidate.model_name, _MAX_NAME_CHARACTERS)
        elif request.vary_by == "temperature":
            difference = f"temperature {request.sampling_for(number).temperature:g}"
        style = "bold $accent" if self._chosen else "$text-muted"
        return Content.styled(f"{number + 1} · {difference}", style)

    def on_click(self) -> None:
        self.post_message(self.Clicked(self))
