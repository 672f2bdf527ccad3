"""One candidate on the page: its text as it comes, where it comes from, and how it is kept."""

from dataclasses import dataclass

from textual.content import Content
from textual.message import Message

from charloom.core.analysis.repetition import repetition_message, repetition_period
from charloom.tui.formatting.content import safe_content
from charloom.tui.prompt.candidate import Candidate, about, how_much_is_copied, measured
from charloom.tui.widgets.streaming_text import StreamingText


class CandidateView(StreamingText):
    """Shows a passage: ``alone`` after its prompt, or as one of several below that."""

    @dataclass
    class Chosen(Message):
        """The person has clicked here."""

        view: "CandidateView"

    def __init__(
        self, passage: Candidate, prompt: str = "", *, mark: str = " ", alone: bool = False
    ) -> None:
        super().__init__(prompt, mark=mark)
        self.passage = passage
        self._alone = alone
        self._chosen = passage.number == 0
        self._told: str | None = ""
        self._period: int | None = None  # of a text that repeats itself
        self.add(passage.text)

    def on_mount(self) -> None:
        """Say how it stands."""
        self.tell_how(None if self.passage.text else "")

    def choose(self, *, on: bool) -> None:
        """Show that this is the one that is acted on, or is not."""
        self._chosen = on
        self.tell_how(self._told)

    def tell_how(self, told: str | None = None) -> None:
        """Say under the text how it stands: ``told``, or when it is finished, where it is from."""
        self._told = told
        passage = self.passage
        self._period = repetition_period(passage.text)
        copied, advice = "", ": raise the temperature or stop (Esc)"
        if told is None:
            copied, advice = how_much_is_copied(passage), ""
            generation = passage.generation()
            tell = about if self._alone else measured
            told = tell(generation) if generation else ""
        after = []
        if told or passage.starred:
            star = ("★ " if passage.starred else "", "bold $accent")
            after.append(Content.assemble(star, safe_content(told, "$text-muted")))
        if copied:
            after.append(safe_content(copied, "$text-muted"))
        if passage.fault:
            after.append(safe_content(passage.fault, "$text-error"))
        if self._period:
            after.append(safe_content(repetition_message(self._period) + advice, "$text-warning"))
        self.mark(passage.copy if copied else slice(0, 0))
        if self._alone:
            self.tell((), after)
        else:
            self.tell([self._heading()], after, "▸" if self._chosen else " ")

    def notice_loop(self) -> None:
        """Say that the text has come to repeat itself, or that it does so no longer."""
        if repetition_period(self.passage.text) != self._period:
            self.tell_how(self._told)

    def _heading(self) -> Content:
        passage, brief = self.passage, self.passage.brief
        differs = f"seed {brief.seed_for(passage.number)}"
        if brief.vary_by == "temperature":
            settings = brief.sampling_for(passage.number)
            differs = f"temperature {settings.temperature:g}"
        style = "bold $accent" if self._chosen else "$text-muted"
        return Content.styled(f"{passage.number + 1} · {differs}", style)

    def on_click(self) -> None:
        """Choose this one."""
        self.post_message(self.Chosen(self))
