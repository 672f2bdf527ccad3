"""One station of the tour: why, the figures, where it is in the code, and two questions."""

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from charloom.tui.formatting.content import safe_content
from charloom.tui.tour.quiz import QuizQuestion
from charloom.tui.tour.stages import STAGES, Stage
from charloom.tui.tour.text_layout import wrap

_CHOICE = "choice"  # where a style keeps which one it is
_TO_ANSWER = "a answers it; the answer goes into the lab notes of the model."


class StageView(VerticalScroll, can_focus=False):
    """Shows a station; the keys are those of the screen."""

    DEFAULT_CSS = """
    StageView {
        padding: 0 1;
        scrollbar-size-vertical: 1;
        Static { height: auto; max-width: 88; margin-top: 1; }
        #figures { max-width: 100%; text-wrap: nowrap; }
        #code { margin-top: 0; }
    }
    """

    @dataclass
    class Chosen(Message):
        """The person has clicked an answer; they are counted from 0."""

        choice: int

    def compose(self) -> ComposeResult:
        """Lay out the parts."""
        for part in ("why", "figures", "without", "code", "check", "own", "all"):
            yield Static("", id=part, markup=False)

    def show(self, station: Stage, figures: Content, check: Content, answer: str) -> None:
        """Show a station with what is known of it now."""
        title = Content.styled(f"{station.number} · {station.title}", "bold $accent")
        said = safe_content(answer) if answer else Content.styled(_TO_ANSWER, "$text-muted")
        own = _heading("In your own words: ", station.question) + Content("\n") + said
        parts = {
            "why": title + Content("\n") + Content(station.why),
            "figures": figures,
            "without": _heading("Without it: ", station.without),
            "code": Content.styled(f"In the code: {station.where}", "$text-muted"),
            "check": check,
            "own": own,
            "all": _all() if station is STAGES[-1] else Content(""),
        }
        for part, content in parts.items():
            shown = self.query_one(f"#{part}", Static)
            shown.update(content)
            shown.display = bool(content)

    def on_click(self, event: events.Click) -> None:
        """Take an answer that was clicked."""
        choice = event.style.meta.get(_CHOICE)
        if choice is not None:
            self.post_message(self.Chosen(choice))


def checked(check: QuizQuestion | None, chosen: int | None) -> Content:
    """Return a question with its answers; when one was chosen, with what is right, and why."""
    if check is None:
        return Content("")
    lines = [_heading("Check yourself: ", check.question)]
    for number, choice in enumerate(check.choices):
        mark, style = " ", ""
        if chosen is not None and number == check.right:
            mark, style = "✓", "$text-success"
        elif number == chosen:
            mark, style = "✗", "$text-error"
        line = Content.assemble(
            f"{mark} ", (str(number + 1), "$accent"), " ", safe_content(choice, style)
        )
        lines.append(line.stylize(Style.from_meta({_CHOICE: number})))
    if chosen is not None:
        word = "Right. " if chosen == check.right else f"No, it is {check.right + 1}. "
        lines.append(Content.styled(word, "bold") + safe_content(check.why))
    return Content("\n").join(lines)


def _heading(label: str, said: str) -> Content:
    return Content.styled(label, "bold") + safe_content(said)


def _all() -> Content:
    """Return the ten sentences."""
    told = "All of it, in ten sentences: read them aloud, then tell them in your own words."
    rows = [row for each in STAGES for row in wrap(f"{each.number:>2}  {each.gist}", indent="    ")]
    return Content("\n").join([Content.styled(told, "bold"), *map(Content, rows)])
