"""The Prompt room: a person writes a beginning, and a model goes on from it, in sight."""

from collections.abc import Iterator
from time import monotonic, thread_time
from typing import Any, ClassVar

from textual import events, on, work
from textual.binding import BindingType
from textual.timer import Timer
from textual.widget import Widget

from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation
from charloom.core.library.replay import find_writer
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.content import safe_content
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.prompt.composer import Composer
from charloom.tui.prompt.panel import ActiveModelLabel, GenerationStats
from charloom.tui.prompt.transcript import Transcript
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.turn_actions import TurnActionsScreen, binding
from charloom.tui.prompt.welcome import WelcomeText
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.sampling_controls import SamplingControls

_FRAME_SECONDS = 1 / 25
_SHARE = 0.2  # of the time, at most, goes into showing what comes
_FIGURES_SECONDS = 0.25  # faster, nobody could read them
_PAUSE_SECONDS = 1.0  # after the last change of a dial, before it is remembered
_WIDE = 120  # columns, from which the controls have more room


class PromptScreen(TurnActionsScreen):
    """The transcript over the composer, and beside them who writes, and how."""

    TITLE = "Prompt"
    BLANK = True  # only what is in it is drawn
    CSS_PATH = "screen.tcss"
    HELP = """
Write a beginning and press Enter: the model goes on from it, one character at a time. Esc stops it,
and *go on* takes it up where it stopped. Whatever is chosen beside the text holds from the next
character on. Every text is kept in the library, with all it takes to have it written again; a star
makes it a favorite. Shift+tab or ctrl+up goes to a text: there, a letter does what ctrl or alt and
a letter do from here. With several columns, left and right choose the one that is meant.

Where the text that a model learned is on this computer, what it writes is compared with it: the
*longest copy*, underlined, is the longest run of characters that stands there, too. Even the
author's own next 500 characters share about 20 with it; 32 or more are more than chance.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        binding("ctrl+o", "choose_model", "Model", "Choose who writes"),
        binding("ctrl+l", "newer", "Newer checkpoint", "Use what the model has learnt since"),
        binding("ctrl+b", "panel", "Panel", "Hide or show what is beside the text"),
        binding("ctrl+n", "fresh", "Fresh page", "Clear the page; its texts stay in the library"),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._ready = ""  # the prompt that the model came with
        self._choices: dict[str, Any] = {}
        self._pause: Timer | None = None
        self._frame: Timer | None = None  # the next look at what is written
        self._spent = self._figures_due = 0.0

    def body(self) -> Iterator[Widget]:
        """Lay out the page and the controls."""
        yield self.transcript
        yield ActionBar([("↓", "more text has come · End", "screen.follow")], id="more")
        yield self.desk
        yield self.controls

    def on_mount(self) -> None:
        """Have everything ready as soon as the first picture is there."""
        self.watch(self.transcript, "behind", self._tell_behind)
        self.composer.focus()
        self.call_after_refresh(self.open)

    @work
    async def open(self) -> None:
        """Read the model that was used last, and the prompts that were given before."""
        if not self._speaker.asked:
            await self.use_model(CheckpointRef.parse(self.services.preferences.model))
        try:
            self.composer.recall(await self.transcript.prompts())
        except CharloomError as error:
            self.notify(str(error), severity="warning")

    # Who writes

    async def use_model(self, ref: CheckpointRef) -> None:
        """Let the model ``ref`` write, from the next character on."""
        ref = self._speaker.resolve(ref)
        self.query_one(ActiveModelLabel).tell(str(ref), "reading …")
        try:
            voice = await self._speaker.read(ref)
        except CharloomError as error:
            self.desk.tell(f"{error} ^o chooses another.", "screen.choose_model", fault=True)
            self._show_voice()
            return
        if voice:
            await self._show_new(voice)

    async def reopen(self, generation: Generation) -> None:
        """Have a text of the library on the page, with its exact settings, and who wrote it."""
        await self.transcript.finish()
        writer = None
        try:
            ref, loaded = await run_in_background(lambda: find_writer(generation))
            writer = voice = await run_in_background(
                lambda: LoadedModel.from_checkpoint(ref, loaded)
            )
        except CharloomError as error:
            self.notify(str(error), severity="warning")
        else:
            self._speaker.take(voice)
            await self._show_new(voice)
        passage = Candidate.stored(generation)
        self.controls.show(passage.brief)
        turn = Turn([passage])
        await self.transcript.add(turn)
        turn.focus()
        self.transcript.compare(turn, passage, writer)

    async def _show_new(self, voice: LoadedModel) -> None:
        self.desk.tell("")
        if voice.warning:
            self.notify(voice.warning, severity="warning")
        self.desk.set_voice(voice)
        self._remember(model=str(voice.ref))
        if self.transcript.empty and self.composer.text == self._ready:
            self.composer.put(voice.default_prompt, selected=True)
        self._ready = voice.default_prompt
        self._show_voice()
        await self.transcript.hand_over(voice)
        self.on_runs_changed()

    def _show_voice(self) -> None:
        voice = self._speaker.voice
        if voice is None:
            self.query_one(ActiveModelLabel).tell("no model", "Enter chooses one")
            return
        bits = voice.bits_per_char
        measured = "" if bits is None else f" · {bits:.2f} bits/char (carried)"
        self.tell_context(safe_content(f"{voice.ref}{measured}"))
        trains = " ● being trained" * self._speaker.trains(voice.name)
        self.query_one(ActiveModelLabel).tell(str(voice.ref), f"step {voice.step:,}{trains}")
        self.query_one(WelcomeText).greet(voice.name, first=not self.services.preferences.welcomed)

    def on_runs_changed(self) -> None:
        """Offer what the model in use has learnt since."""
        super().on_runs_changed()
        self._show_voice()
        if told := self._speaker.newer():
            self.desk.tell(f"{told} · ^l uses it", "screen.newer")

    # What is written

    @on(Composer.Sent)
    def send(self, event: Composer.Sent) -> None:
        """Let the model go on from what was written."""
        self._remember(welcomed=True)
        self.write(event.text, self.controls.brief())

    @work
    async def write(self, typed: str, like: GenerationRequest, origin: str = "") -> None:
        """Begin a turn, as soon as there is a model; whoever is early means its ready prompt."""
        early = self._speaker.voice is None
        try:
            voice = await self._speaker.ready()
        except CharloomError as error:
            self.desk.tell(f"{error} ^o does.", "screen.choose_model", fault=True)
            self.composer.put(typed)
            return
        await self.transcript.begin(voice, typed or voice.default_prompt * early, like, origin)

    @on(Turn.Picked)
    @on(Transcript.Moved)
    def show(self) -> None:
        """Show what there is to know of the current turn, and go on as long as it grows."""
        turn = self.transcript.current
        self.desk.set_writing(on=self.transcript.writing is not None)
        self.query_one(WelcomeText).display = self.transcript.empty
        self.query_one(GenerationStats).show(
            *((turn.passages, turn.chosen) if turn else ((), None))
        )
        if self.transcript.writing and self._frame is None:
            self._spent = thread_time()
            self._frame = self.set_timer(_FRAME_SECONDS, self.tick)

    def tick(self) -> None:
        """Show what was written meanwhile; so often that writing has most of the time."""
        spent, self._spent = self._spent, thread_time()
        self._frame = None
        if self.transcript.tick():
            pause = max(_FRAME_SECONDS, (self._spent - spent) / _SHARE)
            self._frame = self.set_timer(pause, self.tick)
        if monotonic() >= self._figures_due:
            self._figures_due = monotonic() + _FIGURES_SECONDS
            self.show()

    def _tell_behind(self, behind: bool) -> None:
        self.query_one("#more").set_class(behind, "-needed")

    @on(SamplingControls.Changed)
    def steer(self) -> None:
        """Let what was changed hold from the next character on."""
        if turn := self.transcript.writing:
            turn.steer(self.controls.settings, self.controls.length)
        self._remember(**self.query_one(SamplingControls).preferences)

    @on(Composer.Paged)
    def page(self, event: Composer.Paged) -> None:
        """Read on while writing."""
        self.transcript.scroll_relative(y=event.by * self.transcript.size.height)

    # What can be done

    @work
    async def action_choose_model(self) -> None:
        """Ask who is to write."""
        from charloom.tui.dialogs.model_picker import ModelPicker

        voice = self._speaker.voice
        live = [run.name for run in self.services.runs.live]
        picker = ModelPicker(voice.ref if voice else None, live)
        if ref := await self.app.push_screen_wait(picker):
            await self.use_model(ref)

    @work
    async def action_newer(self) -> None:
        """Use what the model has learnt since."""
        if voice := self._speaker.voice:
            await self.use_model(CheckpointRef(voice.name, "last"))

    def action_panel(self) -> None:
        """Hide or show the controls."""
        self.toggle_class("-alone")

    @work
    async def action_fresh(self) -> None:
        """Clear the page."""
        await self.transcript.clear()
        self.composer.focus()

    def action_send(self) -> None:
        """Send what is in the composer."""
        self.composer.send()

    def action_new_line(self) -> None:
        """Begin a new line in the composer."""
        self.composer.new_line()

    def action_earlier(self) -> None:
        """Have the prompt before in the composer."""
        self.composer.action_cursor_up()

    def on_resize(self, event: events.Resize) -> None:
        """Give the controls more room where there is some."""
        self.set_class(event.size.width >= _WIDE, "-wide")

    def _remember(self, **choices: Any) -> None:
        """Keep choices for the next session, once they have not changed for a while."""
        self._choices |= choices
        if self._pause:
            self._pause.stop()
        self._pause = self.set_timer(_PAUSE_SECONDS, self._keep_choices)

    def _keep_choices(self) -> None:
        choices, self._choices = self._choices, {}
        self.services.remember(**choices)

    def on_screen_suspend(self) -> None:
        """Keep what was chosen, for whoever asks elsewhere."""
        self._keep_choices()

    def on_screen_resume(self) -> None:
        """Show what was changed elsewhere."""
        self.query_one(SamplingControls).load_preferences(self.services.preferences)
        self.transcript.look()

    def on_unmount(self) -> None:
        """Keep what was chosen last."""
        self._keep_choices()
