"""A prompt and what came of it: one candidate after it, or several side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalGroup
from textual.message import Message
from textual.widgets import Static

from charloom.core.library.generation import MAX_STORED_CHARACTERS
from charloom.core.sampling.config import SamplingConfig
from charloom.tui.formatting.content import in_the_app, safe_content
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.prompt.candidate_view import CandidateView
from charloom.tui.prompt.turn_footer import OFFERED, TurnFooter
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.services.writer import GenerationThread
from charloom.tui.widgets.streaming_text import StreamingText

_NARROWEST = 24  # columns for each of several candidates; where there are fewer they are stacked


class Turn(VerticalGroup, can_focus=True):
    """Shows its passages, and has them written once it was given a voice.

    ``note`` is what became of the prompt. ``origin``, where the prompt is the text above, says who
    goes on with it.
    """

    BLANK = True  # only what is in it is drawn
    DEFAULT_CSS = """
    Turn {
        margin-bottom: 1;
        .passages { height: auto; layout: vertical; CandidateView { margin-bottom: 1; } }
        .origin, .note, .gone, TurnFooter { color: $text-muted; padding-left: 3; }
        .origin { padding-left: 1; }
        .note, .gone, TurnFooter { display: none; }
        .note.-needed { display: block; }
        &.-side-by-side .passages {
            layout: horizontal;
            CandidateView { width: 1fr; margin: 0 1 0 0; }
        }
        &.-current TurnFooter { display: block; }
        &.-surprise { .passages, StreamingText { display: none; } }
        &.-deleted {
            .origin, .note.-needed, .passages, StreamingText, SurpriseView { display: none; }
            .gone { display: block; }
        }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(letter, f"screen.{action}", label, show=False)
            for action, (letter, _, label) in OFFERED.items()
        ),
        Binding("left", "screen.pick(-1)", "the candidate before", show=False),
        Binding("right", "screen.pick(1)", "the next candidate", show=False),
    ]

    @dataclass
    class Picked(Message):
        """Another candidate is the one that is acted on."""

    def __init__(self, passages: Sequence[Candidate], note: str = "", origin: str = "") -> None:
        super().__init__()
        self.brief = passages[0].brief
        self.voice: LoadedModel | None = None
        self.origin = origin
        prompt, mark = ("", " ") if origin else (self.brief.prompt, "»")
        if len(passages) == 1:
            self._views = [CandidateView(passages[0], prompt, mark=mark, alone=True)]
            self._flows: list[StreamingText] = [*self._views]
        else:
            self._views = [CandidateView(each) for each in passages]
            self._flows = [StreamingText(prompt, mark=mark), *self._views]
        self._chosen = self._views[0]
        self._note = Static(safe_content(note), classes="note -needed" if note else "note")
        self._gone = Static("", classes="gone", markup=False)
        self._offer = TurnFooter()
        self._writer: GenerationThread | None = None
        self._writing: Sequence[CandidateView] = ()

    def compose(self) -> ComposeResult:
        """Lay out the prompt over the candidates, if they are several."""
        if self.origin:
            yield Static(safe_content(f"↳ {self.origin}"), classes="origin")
        if len(self._views) == 1:
            yield from self._views
        else:
            yield self._flows[0]
            with Horizontal(classes="passages"):
                yield from self._views
        yield from (self._note, self._gone, self._offer)

    @property
    def passages(self) -> list[Candidate]:
        """The candidates."""
        return [view.passage for view in self._views]

    @property
    def chosen(self) -> Candidate:
        """The candidate that is acted on."""
        return self._chosen.passage

    @property
    def writing(self) -> bool:
        """Whether something is written here now."""
        return bool(self._writing)

    @property
    def deleted(self) -> bool:
        """Whether it was deleted, and can still be brought back."""
        return self.has_class("-deleted")

    def begin(self, voice: LoadedModel) -> None:
        """Let ``voice`` write all candidates."""
        self.voice = voice
        for passage, candidate in zip(self.passages, self.brief.jobs(voice.network), strict=True):
            passage.begin(candidate, voice)
        self._write(self._views)

    def go_on(self, settings: SamplingConfig, length: int) -> None:
        """Let the chosen candidate go on, by ``length`` characters, or be that much longer."""
        candidate = self.chosen.candidate
        assert candidate is not None and self.chosen.can_continue
        self.chosen.asked_from = candidate.length if self.writing else len(self.chosen.text)
        candidate.length = min(MAX_STORED_CHARACTERS, self.chosen.asked_from + length)
        if not self.writing:
            self.call_later(self.hide_surprise)
            candidate.sampling = self.brief.sampling_for(self.chosen.number, settings)
            self._write([self._chosen])

    def let_go(self) -> None:
        """Forget the carried states, which take memory; who goes on does so from the text."""
        for passage in self.passages:
            if passage.candidate:
                passage.candidate.release()

    @property
    def surprising(self) -> bool:
        """Whether it shows what each character cost."""
        return self.has_class("-surprise")

    async def show_surprise(self, voice: LoadedModel) -> None:
        """Show, in place of the text, what each of its characters cost ``voice``."""
        from charloom.tui.prompt.surprise_view import SurpriseView  # deferred: it needs NumPy

        self.add_class("-surprise")
        await self.mount(SurpriseView(voice, self.chosen.whole), before=self._note)
        self.offer()
        self.call_after_refresh(self._offer.scroll_visible, animate=False)

    async def hide_surprise(self) -> None:
        """Show the text as it is."""
        had_focus = self.has_focus_within
        self.remove_class("-surprise")
        await self.query("SurpriseView").remove()
        if had_focus:
            self.focus()
        self.offer()

    def _write(self, views: Sequence[CandidateView]) -> None:
        self._writing = views
        candidates = [view.passage.candidate for view in views]
        self._writer = GenerationThread([each for each in candidates if each], self._writer)
        for view in views:
            view.set_caret(True)
            view.tell_how("" if view.passage.text else "reading the prompt …")
        self.offer()

    def stop(self) -> None:
        """End the writing where it is; the next tick shows its end."""
        if self._writer:
            self._writer.stop()

    def join(self) -> None:
        """Wait for the end of the writing. To be called in another thread than the app's."""
        if self._writer:
            self._writer.join()

    def steer(self, settings: SamplingConfig, length: int) -> None:
        """Let ``settings`` hold from the next character on, and the texts become so long."""
        for passage in (view.passage for view in self._writing):
            if passage.candidate:
                passage.candidate.sampling = self.brief.sampling_for(passage.number, settings)
                passage.candidate.length = min(MAX_STORED_CHARACTERS, passage.asked_from + length)

    def tick(self) -> list[Candidate]:
        """Show what was written meanwhile, and return the candidates that have just ended."""
        ended = self._writer is None or not self._writer.running  # asked first: nothing is missed
        for view in self._writing:
            first = not view.passage.text
            if new := view.passage.take():
                view.add(new)
                if first:
                    view.tell_how("")
                view.notice_loop()
        return self._end() if ended else []

    def _end(self) -> list[Candidate]:
        views, self._writing = self._writing, ()
        for view in views:
            view.set_caret(False)
            self.show(view.passage)
        if self._writer and self._writer.error:
            self._note.update(safe_content(in_the_app(self._writer.error), "$text-error"))
            self._note.add_class("-needed")
        self.offer()
        return [view.passage for view in views]

    def show(self, passage: Candidate) -> None:
        """Say how a candidate stands."""
        view = self._views[passage.number]
        if view not in self._writing:
            view.tell_how(None if passage.text else "stopped before the first character")
        else:
            view.tell_how("")
        self.offer()

    @on(CandidateView.Chosen)
    def choose_clicked(self, event: CandidateView.Chosen) -> None:
        """Choose the candidate that was clicked."""
        self.choose(event.view)

    def pick(self, by: int) -> None:
        """Choose the candidate before, or the next."""
        last = len(self._views) - 1
        self.choose(self._views[max(0, min(last, self.chosen.number + by))])

    def choose(self, chosen: CandidateView) -> None:
        """Choose a candidate."""
        self._chosen = chosen
        for view in self._views:
            view.choose(on=view is chosen)
        self.offer()
        self.post_message(self.Picked())
        if not self.screen.can_view_partial(chosen):
            chosen.scroll_visible(animate=False)

    def make_current(self, on: bool) -> None:
        """Be the one that is acted on, or no longer."""
        self.set_class(on, "-current")
        self.offer()

    def delete(self) -> None:
        """Hide all but a line that says so."""
        self.set_class(True, "-deleted")
        starred = sum(passage.starred for passage in self.passages)
        told = "Deleted."
        if starred:
            what = "The favorite stays" if starred == 1 else f"The {starred} favorites stay"
            told = f"Off the page. {what} in the library."
        self._gone.update(told)
        self.offer()

    def bring_back(self) -> None:
        """Show it again."""
        self.set_class(False, "-deleted")

    def on_resize(self, event: events.Resize) -> None:
        """Lay the candidates side by side where there is room for that."""
        each = (event.size.width - 3) // len(self._views)
        self.set_class(len(self._views) > 1 and each >= _NARROWEST, "-side-by-side")

    def watch_has_focus(self, _focus: bool) -> None:
        """Offer letters, or the keys that work elsewhere, too."""
        self.offer()

    def offer(self) -> None:
        """Show what can be done, and how, and that it is done to this one."""
        bar = "▌" if self.has_focus else "▏" if self.has_class("-current") else " "
        for flow in self._flows:
            flow.bar = " " if flow in self._views and flow is not self._chosen else bar
        if self.surprising and not self.deleted:
            self._offer.offer_surprise()
            return
        self._offer.offer(
            self.chosen, writing=self.writing, deleted=self.deleted, letters=self.has_focus
        )
