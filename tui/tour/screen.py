"""The tour: the ten stages, one after the other, on the person's own text and model."""

import asyncio
from collections.abc import Callable, Iterator
from typing import ClassVar, NamedTuple

from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from charloom.core.data.corpus import Corpus
from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import read_notes, write_notes
from charloom.tui.dialogs.basic import ask_until_done
from charloom.tui.dialogs.model_picker import ModelPicker
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.text_picker import TextPicker
from charloom.tui.formatting.content import error_message, safe_content, safe_line
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.tour import lab_notes
from charloom.tui.tour.stage_bar import StageBar
from charloom.tui.tour.stage_view import StageView, checked
from charloom.tui.tour.stages import STAGES
from charloom.tui.tour.subject import TourRequest, load_subject
from charloom.tui.tour.text_layout import wrap
from charloom.tui.tour.tour import NETWORK, Tour
from charloom.tui.tour.worked_example import ExampleProcess
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen

_TITLE = 200  # characters
_SETTING_UP = (
    "The network is being set up, in a process of its own: that takes PyTorch, and a few seconds."
)
_ADVICE = " Press m for another model, c for another text."


class _LoadedTour(NamedTuple):
    """A tour with what need not wait for the network, and the lab notes of its model."""

    tour: Tour
    notes: str


class TourScreen(BaseScreen):
    """A station at a time; the choices and the answers are those of this tour."""

    TITLE = "Tour"
    CSS_PATH = "screen.tcss"
    HELP = """
Ten stations lead from a text back to a text; at each you see what it does to *your* text and *your*
model, in real numbers. Space reads on, the arrows go from station to station. A digit answers the
question that has one right answer. Press `a` to answer the other in your own words: what you write
is kept in the lab notes of the model, and goes along when it is exported.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,n,pagedown", "go(1)", "Next station", show=False, tooltip="Go on"),
        Binding("left,p,pageup", "go(-1)", "Station before", show=False, tooltip="Go back"),
        Binding("space", "read_on", "Read on", show=False, tooltip="A page, or a station further"),
        Binding("down", "scroll(1)", "a line down", show=False),
        Binding("up", "scroll(-1)", "a line up", show=False),
        Binding("home", "ends(-1)", "to the top", show=False),
        Binding("end", "ends(1)", "to the bottom", show=False),
        *(
            Binding(
                str(n), f"choose({n - 1})", f"Answer {n}", show=False, tooltip="Choose this answer"
            )
            for n in (1, 2, 3, 4)
        ),
        Binding("a", "answer", "Your answer", show=False, tooltip="Answer in your own words"),
        Binding("e", "notes", "Lab notes", show=False, tooltip="Edit all notes about the model"),
        Binding("m", "model", "Another model", show=False, tooltip="Choose what it is about"),
        Binding("c", "text", "Another text", show=False, tooltip="Choose what it is read from"),
    ]

    def __init__(self, services: AppServices, first: TourRequest | None = None) -> None:
        """Take the model and the text to begin with, if they are not the usual ones."""
        super().__init__(services)
        self._first = first
        self._tour: Tour | None = None
        self._notes = ""
        self._ref = CheckpointRef("")
        self._opener: Callable[[], Corpus] | None = None
        self._number = 1
        self._chosen: dict[int, int] = {}
        self._asked = False  # whether the network is being set up, or is
        self._fault = ""  # why it could not be

    def body(self) -> Iterator[Widget]:
        """Lay out the line of stations over the one where one is."""
        yield StageBar()
        yield Static("", id="told", markup=False)
        yield StageView()
        yield ActionBar(
            [
                ("←→", "station", "screen.go(1)"),
                ("space", "read on", "screen.read_on"),
                ("1-4", "choose", ""),
                ("a", "answer", "screen.answer"),
                ("e", "notes", "screen.notes"),
                ("m", "model", "screen.model"),
                ("c", "text", "screen.text"),
            ]
        )

    def on_mount(self) -> None:
        """Begin with what was asked for, or with the model that is used in Prompt."""
        usual = CheckpointRef.parse(self.services.preferences.model), None
        self.open(*(self._first or usual))

    def on_screen_resume(self) -> None:
        """Show what has been noted elsewhere meanwhile."""
        if self._tour:
            self._read_notes()

    @work(exclusive=True, group="opening")
    async def open(self, ref: CheckpointRef, opener: Callable[[], Corpus] | None) -> None:
        """Begin a tour of this model and this text."""
        self.workers.cancel_group(self, "setting up")
        self._ref, self._opener, self._tour = ref, opener, None
        self._wait("Reading the model and the text …")
        chosen = self.services.preferences
        settings = SamplingConfig(chosen.temperature, chosen.top_k)
        try:
            opened = await run_in_background(lambda: _open(ref, opener, settings))
        except CharloomError as error:
            self._wait(error_message(error) + _ADVICE, fault=True)
            return
        self._tour, self._notes = opened
        self._chosen, self._asked, self._fault = {}, False, ""
        about = self._tour.subject
        if about.warning:
            self.notify(about.warning, severity="warning")
        self.tell_context(safe_line(f"{about.ref} · {about.title}", _TITLE))
        self.remove_class("waiting")
        self._go(1)

    def _wait(self, told: str, fault: bool = False) -> None:
        """Show a sentence in place of a station."""
        self.query_one("#told", Static).update(safe_content(told))
        self.query_one("#told").set_class(fault, "fault")
        self.add_class("waiting")

    @work(exclusive=True, group="setting up")
    async def _set_up(self, tour: Tour) -> None:
        """Have a child process work out what takes the network."""
        working: ExampleProcess | None = None
        try:
            working = ExampleProcess(tour.subject)
            tour.example = await run_in_background(working.result)
        except CharloomError as error:
            self._fault = str(error)
        finally:
            if working:
                working.stop()
        self._show()

    def _go(self, number: int) -> None:
        """Show the beginning of a station."""
        self._number = number
        self.query_one(StageBar).number = number
        if self._tour and number > 1 and not self._asked:
            self._asked = True  # who just looks in does not need it
            self._set_up(self._tour)
        self._show()
        self.query_one(StageView).scroll_home(animate=False)

    def _show(self) -> None:
        """Show the station as it is now."""
        if self._tour is None:
            return
        number = self._number
        figures = Content("\n").join(map(Content, self._tour.figures(number)))
        if number in NETWORK and not figures:
            style = "$text-error" if self._fault else "$text-muted"
            figures = safe_content("\n".join(wrap(self._fault or _SETTING_UP)), style)
        check = checked(self._tour.check(number), self._chosen.get(number))
        answer = lab_notes.answer(self._notes, number)
        self.query_one(StageView).show(STAGES[number - 1], figures, check, answer)

    @on(StageBar.Chosen)
    def go_there(self, event: StageBar.Chosen) -> None:
        """Go to a station that was clicked."""
        self._go(event.number)

    @on(StageView.Chosen)
    def take_choice(self, event: StageView.Chosen) -> None:
        """Take an answer that was clicked."""
        self.action_choose(event.choice)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer what can be done with what is there."""
        return self._tour is not None or action not in ("answer", "notes", "choose")

    def action_go(self, by: int) -> None:
        """Go to the next station, or the one before."""
        number = self._number + by
        if 1 <= number <= len(STAGES):
            self._go(number)

    def action_read_on(self) -> None:
        """Go a page further, and from the end of a station to the next."""
        view = self.query_one(StageView)
        if view.scroll_offset.y >= view.max_scroll_y:
            self.action_go(1)
        else:
            view.scroll_page_down(animate=False)

    def action_scroll(self, by: int) -> None:
        """Go a line further, or back."""
        self.query_one(StageView).scroll_relative(y=by, animate=False)

    def action_ends(self, which: int) -> None:
        """Go to the bottom of the station, or to its top."""
        view = self.query_one(StageView)
        view.scroll_to(y=view.max_scroll_y if which > 0 else 0, animate=False)

    def action_choose(self, choice: int) -> None:
        """Answer the question that has one right answer."""
        check = self._tour.check(self._number) if self._tour else None
        if check and choice < len(check.choices):
            self._chosen[self._number] = choice
            self._show()

    @work
    async def action_answer(self) -> None:
        """Answer in one's own words, into the lab notes."""
        if self._tour is None:
            return
        name, station = self._tour.subject.name, STAGES[self._number - 1]

        def answered(said: str) -> None:
            notes = read_notes(name)  # as they are now
            title = station.title.partition(":")[0]
            args = (station.number, title, station.question)
            write_notes(name, lab_notes.answered(notes, *args, said))

        async def keep(said: str) -> None:
            await asyncio.to_thread(answered, said)

        kept = lab_notes.answer(self._notes, station.number)
        await ask_until_done(
            self.app, lambda said: NoteEditor(station.question, said, said != kept), kept, keep
        )
        self._read_notes()

    @work
    async def action_notes(self) -> None:
        """Edit all that is noted about the model."""
        if self._tour is None:
            return
        name = self._tour.subject.name
        kept = self._notes

        async def keep(notes: str) -> None:
            await asyncio.to_thread(write_notes, name, notes)

        title = f"Notes about {name}"
        await ask_until_done(
            self.app, lambda notes: NoteEditor(title, notes, notes != kept), kept, keep
        )
        self._read_notes()

    @work(exclusive=True, group="notes")
    async def _read_notes(self) -> None:
        """Show the answers as they are noted now."""
        if tour := self._tour:
            try:
                self._notes = await run_in_background(lambda: read_notes(tour.subject.name))
            except CharloomError as error:
                self.notify(str(error), severity="error")
            self._show()

    @work
    async def action_model(self) -> None:
        """Choose which model it is about."""
        trained = [watch.name for watch in self.services.runs.live]
        if ref := await self.app.push_screen_wait(ModelPicker(self._ref, trained)):
            self.open(ref, self._opener)

    @work
    async def action_text(self) -> None:
        """Choose which text it is about."""
        recent = self.services.preferences.recent_texts
        picker = TextPicker("Which text is the tour to be about?", recent)
        source = await self.app.push_screen_wait(picker)
        if source:
            self.open(self._ref, lambda: source.open(short=True))


def _open(
    ref: CheckpointRef, opener: Callable[[], Corpus] | None, settings: SamplingConfig
) -> _LoadedTour:
    """Read a model and a text, and see to whatever does not wait for the network."""
    tour = Tour(load_subject(ref, opener), settings)
    for station in STAGES:
        tour.figures(station.number)
        tour.check(station.number)
    return _LoadedTour(tour, read_notes(tour.subject.name))
