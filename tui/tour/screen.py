"""Screen of the tour: ten stages from a text back to a text, on the user's text and model."""

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import read_notes, write_notes
from charloom.tui.dialogs.basic import ask_until_done
from charloom.tui.dialogs.model_picker import ModelPicker
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.text_picker import pick_text
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import first_usable
from charloom.tui.tour import lab_notes
from charloom.tui.tour.stage_bar import StageBar
from charloom.tui.tour.stage_view import StageView, quiz_content
from charloom.tui.tour.stages import STAGES
from charloom.tui.tour.subject import TextOpener, TourRequest
from charloom.tui.tour.text_layout import wrap
from charloom.tui.tour.tour import NETWORK_STAGES, Tour, load_tour
from charloom.tui.tour.worked_example import ExampleProcess
from charloom.tui.widgets.action_bar import ActionBar, hidden_binding, key_hints
from charloom.tui.widgets.base_screen import BaseScreen, JumpTarget
from charloom.tui.widgets.finding import FINDING_KEYS
from charloom.tui.widgets.keys import key_binding, moving_keys

_MAX_CONTEXT = 200  # characters
_SETTING_UP = (
    "Setting up the network in a process of its own. It loads PyTorch, which takes a few seconds."
)
_ARROWS = "{tour.previous|←}{tour.next|→}"
_CHOOSE_HINT = " Press {tour.model|m} for another model, {tour.text|w} for another text."


class TourScreen(BaseScreen):
    """Shows one stage at a time, with the user's choices and answers."""

    TITLE = "Tour"
    CSS_PATH = "screen.tcss"
    HELP = """
Ten stages lead from a text back to a text. Each one shows what it does to *your* text and *your*
model, in real numbers. {tour.read_on|Space} scrolls on, {tour.previous|←} and {tour.next|→} go from
stage to stage. A digit answers the multiple-choice question. Press `{tour.add|a}` to answer the
other question in your own words: your answer is saved in the lab notes of the model and exported
with it. `{tour.quiz|q}` tests whether you can tell held-out passages of the text from those that
the model writes.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding(
            "tour.next", "Next stage", "Go to the next stage", action="go(1)", keys="right,pagedown"
        ),
        key_binding(
            "tour.previous",
            "Previous stage",
            "Go to the previous stage",
            action="go(-1)",
            keys="left,pageup",
        ),
        key_binding(
            "tour.read_on", "Scroll on", "Scroll, and then go to the next stage", keys="space"
        ),
        hidden_binding("down", "scroll(1)", "line down"),
        hidden_binding("up", "scroll(-1)", "line up"),
        hidden_binding("home", "scroll_to_edge(-1)", "to the top"),
        hidden_binding("end", "scroll_to_edge(1)", "to the bottom"),
        *moving_keys("scroll(1)", "scroll(-1)", "scroll_to_edge(-1)", "scroll_to_edge(1)"),
        *FINDING_KEYS,
        *(
            hidden_binding(str(n), f"choose({n - 1})", f"Choose {n}", "Choose this answer")
            for n in (1, 2, 3, 4)
        ),
        key_binding("tour.add", "Your answer", "Answer in your own words", action="answer"),
        key_binding(
            "tour.quiz",
            "Real or model?",
            "Tell the model's text from the real",
            action="blind_test",
        ),
        key_binding("tour.notes", "Lab notes", "Edit the notes about the model"),
        key_binding("tour.model", "Another model", "Choose the model of the tour"),
        key_binding("tour.text", "Another text", "Choose the text of the tour"),
    ]

    def __init__(self, services: AppServices, request: TourRequest | None = None) -> None:
        super().__init__(services)
        self._request = request  # None: the model that Prompt uses
        self._tour: Tour | None = None
        self._notes = ""
        self._ref = CheckpointRef("")
        self._open_text: TextOpener | None = None
        self._number = 1
        self._choices: dict[int, int] = {}  # by stage
        self._is_set_up = False  # whether the worked example was requested
        self._setup_error = ""

    def body(self) -> Iterator[Widget]:
        yield StageBar()
        yield Static("", id="message", markup=False)
        yield StageView()
        yield ActionBar()

    def on_mount(self) -> None:
        remembered = CheckpointRef.parse(self.services.preferences.model)
        self.open(*(self._request or (remembered, None)), remembered=self._request is None)

    def on_screen_resume(self) -> None:
        if self._tour:
            self._read_notes()

    @work(exclusive=True, group="opening")
    async def open(
        self, ref: CheckpointRef, open_text: TextOpener | None, *, remembered: bool = False
    ) -> None:
        """Start a tour of this model and this text; a ``remembered`` model may be gone."""
        self.workers.cancel_group(self, "setting up")
        self._ref, self._open_text, self._tour = ref, open_text, None
        self._show_message("Reading the model and the text …")
        preferences = self.services.preferences
        user_config = SamplingConfig(preferences.temperature, preferences.top_k)

        def load(ref: CheckpointRef) -> tuple[Tour, str]:
            tour = load_tour(ref, open_text, user_config)
            return tour, read_notes(tour.subject.name)

        try:
            (tour, notes), warning = await run_in_background(
                lambda: first_usable(ref, load) if remembered else (load(ref), "")
            )
        except CharloomError as error:
            self._show_message(str(error) + with_keys(self.app, _CHOOSE_HINT), is_error=True)
            return
        if not self.children:  # the app is being closed
            return
        self._tour, self._notes, subject = tour, notes, tour.subject
        self._choices, self._is_set_up, self._setup_error = {}, False, ""
        if warning:
            self._ref = subject.ref
        if warning := warning or subject.warning:
            self.notify(warning, severity="warning")
        self.show_context(safe_line(f"{subject.ref} · {subject.title}", _MAX_CONTEXT))
        self.remove_class("-message")
        self._go(1)

    def _update_hints(self) -> None:
        labels: dict[str, str | tuple[str, str, str]] = {
            "read_on": "scroll",
            "choose(0)": ("1-4", "choose", ""),
            "answer": "answer",
            "blind_test": "real?",
            "notes": "notes",
            "model": "model",
            "text": "text",
        }
        others = dict.fromkeys(("go", "scroll", "scroll_to_edge", "find", "choose"), "")
        self.query_one(ActionBar).update_hints(
            [(_ARROWS, "stage", "screen.go(1)"), *key_hints(self, **others, **labels)]
        )

    def _show_message(self, message: str, is_error: bool = False) -> None:
        """Show a message instead of a stage."""
        self.query_one("#message", Static).update(safe_content(message))
        self.query_one("#message").set_class(is_error, "-error")
        self.add_class("-message")
        self._update_hints()

    @work(exclusive=True, group="setting up")
    async def _set_up(self, tour: Tour) -> None:
        """Compute the worked example in a child process, and show it."""
        try:
            with ExampleProcess(tour.subject) as process:
                tour.example = await run_in_background(process.result)
        except CharloomError as error:
            self._setup_error = str(error)
        self._update_stage()

    def _go(self, number: int) -> None:
        """Show the top of a stage."""
        self._number = number
        self.query_one(StageBar).number = number
        if self._tour and number > 1 and not self._is_set_up:
            self._is_set_up = True  # not for a user who leaves after the first stage
            self._set_up(self._tour)
        self._update_stage()
        self.query_one(StageView).scroll_home(animate=False)

    def _update_stage(self) -> None:
        if self._tour is None or not self.children:
            return
        number = self._number
        lines = Content("\n").join(map(Content, self._tour.lines(number)))
        if number in NETWORK_STAGES and not lines:
            style = "$text-error" if self._setup_error else "$text-muted"
            lines = safe_content("\n".join(wrap(self._setup_error or _SETTING_UP)), style)
        quiz = quiz_content(self._tour.question(number), self._choices.get(number))
        answer = lab_notes.find_answer(self._notes, number)
        self.query_one(StageView).set_stage(STAGES[number - 1], lines, quiz, answer)
        self._update_hints()

    @on(StageBar.Chosen)
    def go_to_stage(self, event: StageBar.Chosen) -> None:
        self._go(event.number)

    @on(StageView.Chosen)
    def choose(self, event: StageView.Chosen) -> None:
        self.action_choose(event.choice)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "go":
            return 1 <= self._number + int(str(parameters[0])) <= len(STAGES)
        if action == "find_next":
            return bool(self.query_one(StageView).phrase)
        if action == "choose" and self._tour:
            question = self._tour.question(self._number)
            return question is not None and len(question.choices) > int(str(parameters[0]))
        return self._tour is not None or action not in ("answer", "notes", "choose", "blind_test")

    def jump_targets(self) -> Iterator[JumpTarget]:
        for number, place in self.query_one(StageBar).places():
            yield JumpTarget(place, partial(self._go, number))

    def action_go(self, by: int) -> None:
        self._go(max(1, min(self._number + by, len(STAGES))))

    def action_read_on(self) -> None:
        view = self.query_one(StageView)
        if view.scroll_offset.y >= view.max_scroll_y:
            self.action_go(1)
        else:
            view.scroll_page_down(animate=False)

    def action_scroll(self, by: int) -> None:
        self.query_one(StageView).scroll_relative(y=by, animate=False)

    def action_scroll_to_edge(self, edge: int) -> None:
        view = self.query_one(StageView)
        view.scroll_to(y=view.max_scroll_y if edge > 0 else 0, animate=False)

    def action_find(self) -> None:
        self.query_one(StageView).action_find()

    def action_find_next(self, by: int) -> None:
        self.query_one(StageView).action_find_next(by)

    def action_choose(self, choice: int) -> None:
        question = self._tour.question(self._number) if self._tour else None
        if question and choice < len(question.choices):
            self._choices[self._number] = choice
            self._update_stage()
            self.query_one(StageView).reveal("quiz")

    @work
    async def action_answer(self) -> None:
        if self._tour is None:
            return
        name, stage = self._tour.subject.name, STAGES[self._number - 1]
        old_answer = lab_notes.find_answer(self._notes, stage.number)
        await self._edit(stage.question, old_answer, partial(lab_notes.save_answer, name, stage))

    @work
    async def action_notes(self) -> None:
        if self._tour is None:
            return
        name = self._tour.subject.name
        await self._edit(f"Notes about {name}", self._notes, partial(write_notes, name))

    async def _edit(self, title: str, old_text: str, write: Callable[[str], None]) -> None:
        """Open an editor for a text, which is saved with ``write``."""

        async def save(text: str) -> None:
            await asyncio.to_thread(write, text)

        await ask_until_done(
            self.app, lambda text: NoteEditor(title, text, text != old_text), old_text, save
        )
        self._read_notes()

    @work(exclusive=True, group="notes")
    async def _read_notes(self) -> None:
        """Read the lab notes again; if the answer in them has changed, scroll to it."""
        if tour := self._tour:
            before = lab_notes.find_answer(self._notes, self._number)
            try:
                self._notes = await run_in_background(lambda: read_notes(tour.subject.name))
            except CharloomError as error:
                self.notify(str(error), severity="error")
            self._update_stage()
            if lab_notes.find_answer(self._notes, self._number) != before:
                self.query_one(StageView).reveal("answer")

    def action_blind_test(self) -> None:
        from charloom.tui.tour.blind_test_screen import BlindTestScreen

        if self._tour:
            self.app.push_screen(BlindTestScreen(self.services, self._tour.subject.ref))

    @work
    async def action_model(self) -> None:
        live = [run.name for run in self.services.runs.live]
        if ref := await self.app.push_screen_wait(ModelPicker(self._ref, live)):
            self.open(ref, self._open_text)

    @work
    async def action_text(self) -> None:
        recent = self.services.preferences.recent_texts
        if open_text := await pick_text(self.app, "Text of the tour", recent):
            self.open(self._ref, open_text)
