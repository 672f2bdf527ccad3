"""A prompt and its candidates: one after it, or several side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Static

from charloom.core.library.generation import MAX_STORED_CHARACTERS
from charloom.core.sampling.config import SamplingConfig
from charloom.tui.formatting.content import safe_content
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.prompt.candidate_view import CandidateView
from charloom.tui.prompt.dice import OPTION_COUNT, Dice
from charloom.tui.prompt.turn_footer import TurnFooter
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.services.pace import Pace
from charloom.tui.services.writer import GenerationThread
from charloom.tui.textual_patches import LaidOutOnce
from charloom.tui.widgets.keys import key_binding
from charloom.tui.widgets.streaming_text import StreamingText

_MIN_CANDIDATE_COLUMNS = 24  # narrower candidates are stacked


class Turn(VerticalGroup, LaidOutOnce, can_focus=True):
    """Shows the candidates of one request, which ``model`` writes or has written, if it is known.

    ``prompt_note`` says how the prompt was changed. ``origin`` replaces the prompt where that is
    the text of the turn above.
    """

    BLANK = True  # only its content is drawn
    FOCUS_ON_CLICK = False  # letters would act on it
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("turn.previous", "Previous candidate", action="select(-1)", keys="left"),
        key_binding("turn.next", "Next candidate or character", action="forward", keys="right"),
        key_binding("turn.pause", "Pause or resume", keys="space"),
        *(
            Binding(f"{number}", f"choose({number})", f"Choose character {number}", show=False)
            for number in range(1, OPTION_COUNT + 1)
        ),
    ]

    class Selected(Message):
        """Another candidate was selected."""

    @dataclass
    class Resized(Message):
        """The height or width of ``turn`` has changed."""

        turn: "Turn"

    @dataclass
    class Clicked(Message):
        """The user clicked on ``turn``."""

        turn: "Turn"

    def __init__(
        self,
        candidates: Sequence[Candidate],
        model: LoadedModel | None,
        prompt_note: str = "",
        origin: str = "",
    ) -> None:
        super().__init__()
        self.request = candidates[0].request
        self.model = model
        self.model_name = model.name if model else ""  # known even after its release
        self.origin = origin
        prompt, sign = ("", " ") if origin else (self.request.prompt, "»")
        if len(candidates) == 1:
            self._views = [CandidateView(candidates[0], prompt, sign=sign, alone=True)]
            self._texts: list[StreamingText] = [*self._views]
        else:
            self._views = [CandidateView(candidate) for candidate in candidates]
            self._texts = [StreamingText(prompt, sign=sign), *self._views]
        self._chosen = self._views[0]
        classes = "note -needed" if prompt_note else "note"
        self._note = Static(safe_content(prompt_note), classes=classes)
        self._deleted_note = Static("", classes="deleted", markup=False)
        self._footer = TurnFooter()
        self._dice = Dice()
        self._pace = Pace()
        self._choosable = False  # the shown text ends where it pauses
        self._thread: GenerationThread | None = None
        self._growing: Sequence[CandidateView] = ()
        self._focus_before: Widget | None = None  # the surprise view

    def compose(self) -> ComposeResult:
        if self.origin:
            yield Static(safe_content(f"↳ {self.origin}"), classes="origin")
        if len(self._views) == 1:
            yield from (*self._views, self._dice)
        else:
            yield self._texts[0]
            with Horizontal(classes="candidates"):
                yield from self._views
        yield from (self._note, self._deleted_note, self._footer)

    @property
    def candidates(self) -> list[Candidate]:
        """All candidates, by their number."""
        return [view.candidate for view in self._views]

    @property
    def chosen(self) -> Candidate:
        """The candidate that actions apply to."""
        return self._chosen.candidate

    @property
    def generating(self) -> bool:
        """True if a candidate is being generated."""
        return bool(self._growing)

    @property
    def growing(self) -> list[Widget]:
        """The widgets that change with each new character."""
        return [*self._growing, self._dice]

    @property
    def paused(self) -> bool:
        """True if the generation is paused."""
        return self.generating and self._pace.paused

    @property
    def deleted(self) -> bool:
        """True if it is deleted but can still be restored."""
        return self.has_class("-deleted")

    def should_save(self, candidate: Candidate) -> bool:
        """Return whether a finished candidate belongs in the library."""
        return bool(candidate.text) and (candidate.starred or not self.deleted)

    # Generation

    def start(self, models: Sequence[LoadedModel], pace: int) -> None:
        """Generate each candidate with its model, at ``pace`` characters a second."""
        for candidate, model in zip(self.candidates, models, strict=True):
            candidate.start(model)
        self._generate(self._views, pace)

    def continue_(self, sampling: SamplingConfig, length: int, pace: int) -> None:
        """Make the chosen candidate longer by ``length`` characters, even while it grows."""
        candidate, job = self.chosen, self.chosen.job
        assert job is not None and candidate.can_continue
        candidate.length_start = job.length if self.generating else len(candidate.text)
        job.length = min(MAX_STORED_CHARACTERS, candidate.length_start + length)
        if not self.generating:
            self.call_later(self.hide_surprise)
            job.sampling = self.request.sampling_for(candidate.number, sampling)
            self._generate([self._chosen], pace)

    def _generate(self, views: Sequence[CandidateView], pace: int) -> None:
        self._growing = views
        self._pace = Pace(pace)
        jobs = [view.candidate.job for view in views]
        self._thread = GenerationThread([job for job in jobs if job], self._thread, self._pace)
        for view in views:
            view.set_caret(True)
            view.set_status("" if view.candidate.text else "reading the prompt …")
        self.update_footer()

    def set_sampling(self, sampling: SamplingConfig, length: int, pace: int) -> None:
        """Apply the settings to the growing candidates from the next character."""
        self._pace.rate = pace
        for candidate in (view.candidate for view in self._growing):
            if job := candidate.job:
                job.sampling = self.request.sampling_for(candidate.number, sampling)
                job.length = min(MAX_STORED_CHARACTERS, candidate.length_start + length)
        self._show_dice()

    def stop(self) -> None:
        """Stop the generation; the next :meth:`poll` shows its end."""
        if self._thread:
            self._thread.stop()

    def join(self) -> None:
        """Wait for the end of the generation. Blocks: not to be called in the app's thread."""
        if self._thread:
            self._thread.join()

    def release(self) -> None:
        """Free the model and the carried states; the candidates can no longer continue."""
        self.model = None
        for candidate in self.candidates:
            if candidate.job:
                candidate.job.release()

    def poll(self) -> list[Candidate]:
        """Show new text, and return the candidates that have just ended."""
        # Both before the last text is taken:
        ended = self._thread is None or not self._thread.running
        self._choosable = self._pace.pause_reached
        for view in self._growing:
            first = not view.candidate.text
            if new_text := view.candidate.take_text():
                view.append(new_text)
                if first:
                    view.set_status("")
                view.update_repetition()
        self._show_dice()
        return self._end() if ended else []

    def _show_dice(self) -> None:
        """Show the next characters of a single text, unless it grows too fast to read them."""
        job = self.chosen.job
        if job is None or len(self._views) > 1:
            return
        shown = self.generating and bool(self._pace.rate or self._pace.paused)
        self._dice.show(job.prediction if shown else None, job.sampling, choosable=self._choosable)
        if self.generating:
            self._chosen.set_caret(True, job.pending if shown else "")

    def action_pause(self) -> None:
        if self.generating:
            self._pace.paused = not self._pace.paused
            self._choosable = False
            self._show_dice()
            self.update_footer()

    def action_forward(self) -> None:
        """Draw one character in a pause, otherwise select the next candidate."""
        if self.paused and len(self._views) == 1:
            self._pace.step()
        else:
            self.action_select(1)

    def action_choose(self, number: int) -> None:
        if self.paused and (character := self._dice.choose(number)):
            self._pace.step(character)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        return self.paused and len(self._views) == 1 if action == "choose" else True

    def _end(self) -> list[Candidate]:
        views, self._growing = self._growing, ()
        self._show_dice()
        for view in views:
            view.set_caret(False)
            self.update_candidate(view.candidate)
        if self._thread and self._thread.error:
            self._note.update(safe_content(self._thread.error, "$text-error"))
            self._note.add_class("-needed")
        self.update_footer()
        return [view.candidate for view in views]

    # Display

    def update_candidate(self, candidate: Candidate) -> None:
        """Show the current state of ``candidate``."""
        view = self._views[candidate.number]
        if view in self._growing:
            view.set_status("")
        else:
            view.set_status(None if candidate.text else "stopped before the first character")
        self.update_footer()

    def on_click(self) -> None:
        self.post_message(self.Clicked(self))

    @on(CandidateView.Clicked)
    def select_clicked(self, event: CandidateView.Clicked) -> None:
        self._select(event.view)

    def action_select(self, offset: int) -> None:
        last = len(self._views) - 1
        self._select(self._views[max(0, min(last, self.chosen.number + offset))])

    def _select(self, chosen: CandidateView) -> None:
        self._chosen = chosen
        for view in self._views:
            view.set_chosen(view is chosen)
        self.update_footer()
        self.post_message(self.Selected())
        if not self.screen.can_view_partial(chosen):
            chosen.scroll_visible(animate=False)

    def set_current(self, current: bool) -> None:
        """Mark it as the turn that actions apply to, or no longer."""
        self.set_class(current, "-current")
        self.update_footer()

    def show_deleted(self) -> None:
        """Hide everything but a note on the deletion."""
        self.add_class("-deleted")
        favorites = sum(candidate.starred for candidate in self.candidates)
        note = "Deleted."
        if favorites:
            what = "The favorite stays" if favorites == 1 else f"The {favorites} favorites stay"
            note = f"Deleted here. {what} in the library."
        self._deleted_note.update(note)
        self.update_footer()

    def restore(self) -> None:
        """Show a deleted turn again."""
        self.remove_class("-deleted")

    @property
    def showing_surprise(self) -> bool:
        """True if the cost of each character is shown."""
        return self.has_class("-surprise")

    async def show_surprise(self, model: LoadedModel) -> None:
        """Replace the text by a view of what each character cost ``model``."""
        from charloom.tui.prompt.surprise_view import SurpriseView  # deferred: it needs NumPy

        self._focus_before = self.screen.focused
        self.add_class("-surprise")
        await self.mount(SurpriseView(model, self.chosen.full_text), before=self._note)
        self.update_footer()
        self.call_after_refresh(self._footer.scroll_visible, animate=False)

    async def hide_surprise(self) -> None:
        """Show the text instead of the surprise view."""
        if self.has_focus_within and not self.has_focus:
            self.screen.set_focus(self._focus_before)
        self.remove_class("-surprise")
        await self.query("SurpriseView").remove()
        self.update_footer()

    def on_resize(self, event: events.Resize) -> None:
        width = (event.size.width - 3) // len(self._views)
        side_by_side = len(self._views) > 1 and width >= _MIN_CANDIDATE_COLUMNS
        self.set_class(side_by_side, "-side-by-side")
        self.post_message(self.Resized(self))

    def watch_has_focus(self, _focus: bool) -> None:
        self.update_footer()

    def update_footer(self) -> None:
        """Show the keys that work now, and the bar that marks the current turn."""
        bar = "▌" if self.has_focus else "▏" if self.has_class("-current") else " "
        for text in self._texts:
            text.bar = " " if text in self._views and text is not self._chosen else bar
        if self.showing_surprise and not self.deleted:
            self._footer.show_surprise_hints()
        else:
            self._footer.show(
                self.chosen,
                generating=self.generating,
                deleted=self.deleted,
                paused=self.paused,
                alone=len(self._views) == 1,
                focused=self.has_focus,
            )
