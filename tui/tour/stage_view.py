"""One stage of the tour: its texts, its lines, its place in the code, and two questions."""

from dataclasses import dataclass

from textual import events
from textual.app import ComposeResult
from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widget import Widget
from textual.widgets import Static

from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.tour.quiz import QuizQuestion
from charloom.tui.tour.stages import STAGES, Stage
from charloom.tui.tour.text_layout import wrap
from charloom.tui.widgets.finding import FindableText

_CHOICE = "choice"  # the key of a choice's index in the style of its text
_ANSWER_HINT = "Press {tour.add|a} to answer. The answer is saved in the lab notes of the model."


class StageView(FindableText, can_focus=False):
    """Shows a stage. Its keys are those of the screen."""

    DEFAULT_CSS = """
    StageView {
        padding: 0 1;
        scrollbar-size-vertical: 1;
        Static { height: auto; max-width: 88; margin-top: 1; }
        #lines { max-width: 100%; text-wrap: nowrap; }
        #code { margin-top: 0; }
    }
    """

    @dataclass
    class Chosen(Message):
        """The user has clicked a choice of the quiz question, at this index."""

        choice: int

    def __init__(self) -> None:
        super().__init__()
        self._revealed: Widget | None = None

    def on_mount(self) -> None:
        self.screen.screen_layout_refresh_signal.subscribe(
            self, lambda _: self._scroll_to_revealed()
        )

    def compose(self) -> ComposeResult:
        for part in ("why", "lines", "without", "code", "quiz", "answer", "summaries"):
            yield Static("", id=part, markup=False)

    def set_stage(self, stage: Stage, lines: Content, quiz: Content, answer: str) -> None:
        """Show a stage with its lines, its quiz question and the user's answer."""
        title = Content.styled(f"{stage.number} · {stage.title}", "bold $accent")
        hint = safe_content(with_keys(self.app, _ANSWER_HINT), "$text-muted")
        answer_text = safe_content(answer) if answer else hint
        question = _labelled("In your own words: ", stage.question)
        parts = {
            "why": title + Content("\n") + Content(stage.why),
            "lines": lines,
            "without": _labelled("Without it: ", stage.without),
            "code": Content.styled(f"In the code: {stage.code}", "$text-muted"),
            "quiz": quiz,
            "answer": question + Content("\n") + answer_text,
            "summaries": _summaries() if stage is STAGES[-1] else Content(""),
        }
        for part, content in parts.items():
            view = self.query_one(f"#{part}", Static)
            view.update(content)
            view.display = bool(content)

    def reveal(self, part: str) -> None:
        """Scroll to the end of ``part``, where the result is, or to all of it if it fits."""
        self._revealed = self.query_one(f"#{part}")

    def _scroll_to_revealed(self) -> None:
        """Scroll once the part has its new height; layouts asked for earlier may come first."""
        part = self._revealed
        if part is None:
            return
        size = part.content_size
        if size.height != part.get_content_height(self.size, self.app.size, size.width):
            return
        self._revealed = None
        bottom = part.virtual_region.bottom - self.size.height
        top = min(part.virtual_region.y, max(self.scroll_offset.y, bottom))
        self.scroll_to(y=max(top, bottom), animate=False)

    def on_click(self, event: events.Click) -> None:
        choice = event.style.meta.get(_CHOICE)
        if choice is not None:
            self.post_message(self.Chosen(choice))


def quiz_content(quiz: QuizQuestion | None, chosen: int | None) -> Content:
    """Return a question with its choices and, once one is ``chosen``, the result."""
    if quiz is None:
        return Content("")
    lines = [_labelled("Check yourself: ", quiz.question)]
    for index, choice in enumerate(quiz.choices):
        mark, style = " ", ""
        if chosen is not None and index == quiz.right:
            mark, style = "✓", "$text-success"
        elif index == chosen:
            mark, style = "✗", "$text-error"
        line = Content.assemble(
            f"{mark} ", (str(index + 1), "$accent"), " ", safe_content(choice, style)
        )
        lines.append(line.stylize(Style.from_meta({_CHOICE: index})))
    if chosen is not None:
        result = "Right. " if chosen == quiz.right else f"No, it is {quiz.right + 1}. "
        lines.append(Content.styled(result, "bold") + safe_content(quiz.explanation))
    return Content("\n").join(lines)


def _labelled(label: str, text: str) -> Content:
    return Content.styled(label, "bold") + safe_content(text)


def _summaries() -> Content:
    heading = "All ten stages in short: read them aloud, then explain them in your own words."
    lines = [
        line for stage in STAGES for line in wrap(stage.summary, prefix=f"{stage.number:>2}  ")
    ]
    return Content("\n").join([Content.styled(heading, "bold"), *map(Content, lines)])
