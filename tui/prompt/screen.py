"""The Prompt screen: the user writes a prompt, and a model continues it."""

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
from charloom.core.runs.events import bits
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.units import as_choice, score_note
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.prompt.composer import Composer
from charloom.tui.prompt.memory_controls import MemoryControls
from charloom.tui.prompt.own_model import OwnModelScreen
from charloom.tui.prompt.panel import ActiveModelLabel, GenerationStats
from charloom.tui.prompt.transcript import Transcript
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.welcome import WelcomeText
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.textual_patches import draw_now
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.keys import key_binding
from charloom.tui.widgets.sampling_controls import SamplingControls

_FRAME_SECONDS = 1 / 30
_SLOW_FRAME_SECONDS = 1 / 60  # at a slow pace, where most looks for new text find none
_SLOW_PACE = 20  # characters a second
_MAX_DRAWING_SHARE = 0.2  # of the time; the rest is for the generation
_STATS_SECONDS = 0.25  # between updates of the statistics, to be readable
_SAVE_DELAY_SECONDS = 1.0  # after the last change of a setting
_WIDE_COLUMNS = 120  # from which the panel is wider
_MIN_COLUMNS_WITH_PANEL = 70  # below, the panel is hidden until the user asks for it


class PromptScreen(OwnModelScreen):
    """The transcript above the composer, and the panel next to them."""

    TITLE = "Prompt"
    BLANK = True  # only its content is drawn
    CSS_PATH = "screen.tcss"
    HELP = """
Write a beginning and press {composer.send|Enter}: the model continues it, one character at a time.
{prompt.escape|Esc} stops the text, and *continue* resumes it. Sampling settings in the panel apply
from the next character.

*Pace* is in characters a second, for each text. Below max, bars show the five likeliest next
characters at the current settings; dimmed ones are cut. In a selected text, {turn.pause|space}
pauses; then *{turn.next|→}* draws one character, and a digit chooses one.

*Until* continues a text after its length, to the end of a sentence, line or paragraph; with *words*
known, the model writes only words of its training text. With *memory*, the texts above are read
first; in a *talk*, your line and the reply are turns of a dialogue, written as in the training
text.

Paste a long text, or drop a file, and Charloom offers to train on it: about a minute later, your
own model continues your sentence next to the one in use.

Every text is saved in the library with everything needed to reproduce it; a star makes it a
favorite. The last texts are there again at the next start; {prompt.new_page|ctrl+n} begins an empty
page.

Shift+tab or {prompt.above|ctrl+up} moves to a text: there, a letter does what the keys below a text
do from here; `{list.find|/}` finds a phrase on the page, `{list.next_match|n}` and
`{list.previous_match|N}` the next and the previous one. Lines wrapped in a book flow where the page
is narrower, with a dim ↵ in their place; `{turn.wrap|W}` breaks them as written. Everywhere else,
what you type goes into the composer. With several columns, left and right select one of them.

If the training text of the model is on this computer, its output is compared with it: the *longest
copy*, underlined, is the longest match with the training text. Even the author's own next 500
characters share a match of about 20 with it; 32 or more are more than chance.

A score in *bits per character* says how much text that the model has not read surprises it: 1.53
bits are as if choosing among 2^1.53 = 2.9 characters each time. *Carried* means that the network
kept its memory from one piece of the text to the next.
"""
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("prompt.choose_model", "Model", "Choose a model", keys="ctrl+o"),
        key_binding(
            "prompt.newer", "Newer checkpoint", "Use the model's last checkpoint", keys="ctrl+l"
        ),
        key_binding("prompt.panel", "Panel", "Hide or show the panel", keys="ctrl+b"),
        key_binding(
            "prompt.new_page",
            "New page",
            "Clear the page; its texts stay in the library",
            keys="ctrl+n,f9",
        ),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._default_prompt = ""  # of the model in use
        self._unsaved_preferences: dict[str, Any] = {}
        self._save_timer: Timer | None = None
        self._frame_timer: Timer | None = None
        self._cpu_seconds = self._stats_due = 0.0
        self._page_restored = False  # before, there is no page to remember
        self._has_panel = {"narrow": False, "wide": True}  # the user can change each

    def body(self) -> Iterator[Widget]:
        yield self.transcript
        follow = ("{prompt.end|^end}", "more text has come", "screen.transcript('follow')")
        yield ActionBar([follow], id="more")
        yield self.composer_bar
        yield self.panel

    def on_mount(self) -> None:
        self.watch(self.transcript, "unseen_below", self._show_unseen)
        self.composer.focus()
        self.call_after_refresh(self.open)

    @work
    async def open(self) -> None:
        """Load the last model, the earlier prompts and the last page."""
        if not self._active_model.requested:
            await self.use_model(CheckpointRef.parse(self.services.preferences.model))
        try:
            self.composer.add_history(await self.transcript.recent_prompts())
            await self.transcript.restore_page(self.services.preferences.page)
        except CharloomError as error:
            self.notify(str(error), severity="warning")
        self._page_restored = True

    # The model

    async def use_model(self, ref: CheckpointRef) -> None:
        """Load a model and use it from the next character on."""
        ref = self._active_model.resolve(ref)
        self.query_one(ActiveModelLabel).set_model(str(ref), "loading …")
        try:
            model = await self._active_model.load(ref)
        except CharloomError as error:
            self.show_model_error(error)
            self._show_model()
            return
        if model:
            await self._start_using(model)

    async def reopen(self, generation: Generation) -> None:
        """Append a stored text with its settings, and use the model that wrote it."""
        await self.transcript.finish()
        model = None
        try:
            model = await run_in_background(
                lambda: LoadedModel.from_checkpoint(*find_writer(generation))
            )
        except CharloomError as error:
            self.notify(str(error), severity="warning")
        else:
            self._active_model.use(model)
            await self._start_using(model)
        turn = Turn([Candidate.from_generation(generation)], model)
        self.panel.load(turn.request)
        await self.transcript.append(turn)
        self.transcript.find_match(turn, turn.chosen)

    async def _start_using(self, model: LoadedModel) -> None:
        if not self.composer_bar.children:  # the app is being closed
            return
        self.composer_bar.show_message("")
        if model.warning:
            self.notify(model.warning, severity="warning")
        self.composer_bar.set_model(model)
        self._remember(model=str(model.ref))
        if self.transcript.current is None and self.composer.text == self._default_prompt:
            self.composer.set_text(model.default_prompt, selected=True)
        self._default_prompt = model.default_prompt
        self.panel.memory.set_dialogue(model.dialogue)
        self._show_model()
        await self.transcript.switch_model(model)
        self.on_runs_changed()

    def _show_model(self) -> None:
        model = self._active_model.model
        label = self.query_one(ActiveModelLabel)
        self.update_welcome()
        if model is None:
            label.set_model("no model", "Enter to choose one")
            return
        score = explanation = ""
        if loss := model.held_out:
            explanation = f"Text it has not read: {as_choice(bits(loss.nats))} each time."
            note = score_note(loss.characters) or " (carried)"
            score = f" · {bits(loss.nats):.2f} bits/char{note}"
        self.show_context(safe_content(f"{model.ref}{score}"), explanation)
        training = " ● being trained" * self._active_model.is_training(model.name)
        label.set_model(str(model.ref), f"step {model.step:,}{training}")

    @on(Composer.Changed)
    def update_welcome(self) -> None:
        """Show the text of an empty page that is true now; while a model is loading, none."""
        welcome, model = self.query_one(WelcomeText), self._active_model.model
        if model or not self._active_model.loading:
            welcomed = self.services.preferences.welcomed or "welcomed" in self._unsaved_preferences
            offered = bool(self.composer.text) and self.composer.text == self._default_prompt
            welcome.welcome(model, first=not welcomed, offered=offered)
        welcome.display = self.transcript.current is None

    def on_runs_changed(self) -> None:
        super().on_runs_changed()
        self._show_model()
        if message := self._active_model.newer_message():
            self.composer_bar.show_message(
                with_keys(self.app, f"{message} · {{prompt.newer|^l}} to use it"), "screen.newer"
            )
        self.follow_own_run()

    # Generation

    @on(Composer.Submitted)
    def submit(self, event: Composer.Submitted) -> None:
        self._remember(welcomed=True)
        prompt = event.text
        if not prompt and self._default_prompt and self.composer.text == self._default_prompt:
            prompt = self._default_prompt  # offered after Enter was pressed
            self.composer.set_text("")
        self.generate(self.panel.request(prompt))

    @on(Turn.Selected)
    @on(Transcript.Changed)
    def show_turn(self) -> None:
        """Show the statistics of the current turn, and poll it while it grows."""
        turn, generating = self.transcript.current, self.transcript.generating is not None
        if not generating:
            self._remember()
        self.composer_bar.set_page(generating=generating, empty=turn is None)
        self.update_welcome()
        self.follow_own_run()
        stats = self.query_one(GenerationStats)
        candidates, chosen = (turn.candidates, turn.chosen) if turn else ((), None)
        stats.set_candidates(candidates, chosen, self.transcript.pace)
        if generating and self._frame_timer is None:
            self._cpu_seconds = thread_time()
            self._frame_timer = self.set_timer(self._frame_seconds, self._draw_frame)

    def _draw_frame(self) -> None:
        """Show new text, and schedule the next frame so that generation gets most of the time."""
        before, self._cpu_seconds = self._cpu_seconds, thread_time()
        self._frame_timer = None
        if not self.app.is_running:  # its widgets are being removed
            return
        if self.transcript.poll():
            pause = max(self._frame_seconds, (self._cpu_seconds - before) / _MAX_DRAWING_SHARE)
            self._frame_timer = self.set_timer(pause, self._draw_frame)
        if monotonic() >= self._stats_due:
            self._stats_due = monotonic() + _STATS_SECONDS
            self.show_turn()
        if turn := self.transcript.generating:
            draw_now(self, [*turn.growing, self.query_one(GenerationStats)])

    @property
    def _frame_seconds(self) -> float:
        slow = 0 < self.transcript.pace <= _SLOW_PACE
        return _SLOW_FRAME_SECONDS if slow else _FRAME_SECONDS

    def _show_unseen(self, unseen: bool) -> None:
        self.query_one("#more").set_class(unseen, "-needed")

    @on(SamplingControls.Changed)
    def apply_sampling(self) -> None:
        self.transcript.pace = self.panel.pace
        if turn := self.transcript.generating:
            turn.set_sampling(self.panel.sampling, self.panel.length, self.panel.pace)
        self._remember(**self.query_one(SamplingControls).preferences)

    @on(MemoryControls.Changed)
    def remember_memory(self) -> None:
        self._remember(memory=self.panel.memory.memory)

    @on(Composer.PageScrolled)
    def scroll_transcript(self, event: Composer.PageScrolled) -> None:
        self.transcript.scroll_relative(y=event.direction * self.transcript.size.height)

    # Actions

    @work
    async def action_choose_model(self) -> None:
        from charloom.tui.dialogs.model_picker import ModelPicker

        model = self._active_model.model
        live = [run.name for run in self.services.runs.live]
        picker = ModelPicker(model.ref if model else None, live)
        if ref := await self.app.push_screen_wait(picker):
            await self.use_model(ref)

    @work
    async def action_newer(self) -> None:
        if model := self._active_model.model:
            await self.use_model(CheckpointRef(model.name, "last"))

    def action_panel(self) -> None:
        self._has_panel[self._breadth] ^= True
        self._arrange_panel()

    @property
    def _breadth(self) -> str:
        return "narrow" if self.size.width < _MIN_COLUMNS_WITH_PANEL else "wide"

    def _arrange_panel(self) -> None:
        shown = self.panel.display = self._has_panel[self._breadth]
        if self.panel.has_focus_within and not shown:
            self.composer.focus()

    @work
    async def action_new_page(self) -> None:
        await self.transcript.clear()
        self.composer.focus()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(event.size.width >= _WIDE_COLUMNS, "-wide")
        self._arrange_panel()

    # Preferences

    def _remember(self, **changes: Any) -> None:
        """Save preferences once they have not changed for a while."""
        self._unsaved_preferences |= changes
        if self._save_timer:
            self._save_timer.stop()
        self._save_timer = self.set_timer(_SAVE_DELAY_SECONDS, self._save_preferences)

    def _save_preferences(self) -> None:
        changes, self._unsaved_preferences = self._unsaved_preferences, {}
        if self._page_restored:
            changes["page"] = self.transcript.page
        self.services.remember(**changes)

    def on_screen_suspend(self) -> None:
        self._save_preferences()

    def on_screen_resume(self) -> None:
        self.query_one(SamplingControls).load_preferences(self.services.preferences)
        self.transcript.pace = self.panel.pace
        self.transcript.refresh_stars()

    def on_unmount(self) -> None:
        self._save_preferences()
