"""All turns, one under the other: the end is followed while it is written, until one scrolls up."""

import asyncio
from dataclasses import dataclass, replace

from textual import events, on, work
from textual.app import ComposeResult
from textual.containers import VerticalGroup, VerticalScroll
from textual.message import Message
from textual.reactive import reactive

from charloom.core.errors import CharloomError
from charloom.tui.formatting.prompt_changes import adapt_prompt, describe_changes
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.prompt.copy_check import CopyCheck
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.welcome import WelcomeText
from charloom.tui.services.background import run_in_background
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.library_worker import LibraryWorker
from charloom.tui.services.model_cache import LoadedModel

_EARLIER = 500  # prompts that are known
_PATIENCE_SECONDS = 1.0  # for the end of a slice, on leaving


class TranscriptBody(VerticalGroup):
    """As high as its scroll at least: an anchored one would have less at its bottom."""

    BLANK = True
    DEFAULT_CSS = """
    TranscriptBody { min-height: 100%; padding-top: 1; }
    """


class Transcript(VerticalScroll, can_focus=False):
    """Keeps in the library what is written in it; one turn is the current one, if there is any."""

    BLANK = True  # only what is in it is drawn
    DEFAULT_CSS = """
    Transcript { padding: 0 1; scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """

    behind: reactive[bool] = reactive(False)
    """Whether text has come that is not in view."""

    @dataclass
    class Moved(Message):
        """Another turn is the current one, or something has ended."""

    def __init__(self) -> None:
        super().__init__()
        self._librarian = LibraryWorker()
        self._copies = CopyCheck(lambda: self.writing is not None)
        self._turns: list[Turn] = []
        self._one_by_one = asyncio.Lock()  # turns are begun
        self._current: Turn | None = None

    def compose(self) -> ComposeResult:
        """Have room for turns, and something to read as long as there is none."""
        with TranscriptBody():
            yield WelcomeText()

    def on_mount(self) -> None:
        """Follow the end."""
        self.follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Notice when the end comes into view."""
        super().watch_scroll_y(old_value, new_value)
        self.behind = self.behind and not self.following

    @property
    def current(self) -> Turn | None:
        """The turn that is acted on: the one that has the focus, or had it last, or the newest."""
        focused = self.screen.focused if self._turns else None  # maybe before we hear of it
        return focused if isinstance(focused, Turn) and focused in self._turns else self._current

    @property
    def empty(self) -> bool:
        """Whether there is no turn."""
        return not self._turns

    @property
    def writing(self) -> Turn | None:
        """The turn that is being written."""
        return next((turn for turn in reversed(self._turns) if turn.writing), None)

    @property
    def following(self) -> bool:
        """Whether the end is in view."""
        return self.scroll_y >= self.max_scroll_y

    async def begin(
        self, voice: LoadedModel, typed: str, like: GenerationRequest, origin: str = ""
    ) -> None:
        """Let ``voice`` go on from ``typed`` in a new turn, which is otherwise as ``like``.

        What was being written until now ends there.
        """
        async with self._one_by_one:
            await self.finish()
            prompt, changes = await run_in_background(
                lambda: adapt_prompt(typed, voice.network.vocab)
            )
            brief = replace(like, raw_prompt=typed, prompt=prompt)
            passages = [Candidate(brief, number) for number in range(brief.candidate_count)]
            turn = Turn(passages, describe_changes(typed, changes), origin)
            await self.add(turn)
            turn.begin(voice)
        self.post_message(self.Moved())

    async def hand_over(self, voice: LoadedModel) -> None:
        """Let ``voice`` go on with what another is writing, and no other with anything."""
        turn = self.writing
        candidate = turn.chosen.candidate if turn else None
        if turn and turn.voice and candidate and not turn.deleted:
            if turn.voice.sha256 == voice.sha256:
                return
            wanted = candidate.length
            await self.finish()
            left = wanted - len(turn.chosen.text)
            if left > 0 and not candidate.stopped:
                like = replace(
                    turn.brief,
                    sampling=candidate.sampling,
                    seed=candidate.seed,
                    length=left,
                    candidate_count=1,
                )
                await self.begin(
                    voice, turn.chosen.whole, like, f"goes on with {voice.checkpoint_ref}"
                )
        for each in self._turns:
            if not each.writing and each.voice and each.voice.sha256 != voice.sha256:
                each.let_go()

    @property
    def deleted(self) -> Turn | None:
        """The turn that was deleted last, and can be brought back."""
        return next((turn for turn in self._turns if turn.deleted), None)

    async def add(self, turn: Turn) -> None:
        """Put ``turn`` under the others and make it the current one."""
        await self._drop_deleted()
        self._turns.append(turn)
        await self.query_one(TranscriptBody).mount(turn)
        self.make_current(turn)
        self.follow()

    async def clear(self) -> None:
        """Begin a fresh page; what was written stays in the library."""
        await self.finish()
        turns, self._turns = self._turns, []
        self.make_current(None)
        for turn in turns:
            await turn.remove()

    def make_current(self, turn: Turn | None) -> None:
        """Have this one acted on."""
        before, self._current = self._current, turn
        if before and before is not turn:
            before.make_current(False)
        if turn:
            turn.make_current(True)
        self.post_message(self.Moved())

    def follow(self) -> None:
        """Go to the end, and follow it from now on."""
        self.anchor()
        self.behind = False

    def go(self, by: int) -> None:
        """Go so many turns down, or up; first of all into the current one."""
        if self.current:
            at = self._turns.index(self.current) + (by if self.current.has_focus else 0)
            self._turns[max(0, min(at, len(self._turns) - 1))].focus()

    def tick(self) -> bool:
        """Show what was written meanwhile, keep what has ended, and return whether more comes."""
        for turn in self._turns:
            if turn.writing:
                self.behind = not self.following
                if ended := turn.tick():
                    for passage in ended:
                        if passage.text and (passage.starred or not turn.deleted):
                            self.keep(turn, passage)
                            self.compare(turn, passage, turn.voice)
                    self.post_message(self.Moved())
        return self.writing is not None

    async def finish(self) -> None:
        """End what is being written, where it is, and keep it."""
        writing = [turn for turn in self._turns if turn.writing]
        for turn in writing:
            turn.stop()
        for turn in writing:
            await run_in_background(turn.join)
        self.tick()

    @work
    async def keep(self, turn: Turn, passage: Candidate) -> None:
        """Have the library hold a text as it is here, and show how that went."""
        await passage.keep(self._librarian)
        if turn.is_attached:
            turn.show(passage)

    @work
    async def compare(self, turn: Turn, passage: Candidate, voice: LoadedModel | None) -> None:
        """Say how much of a text is copied from what ``voice``, which wrote it, has learned."""
        text = passage.text
        copied = await self._copies.longest_match(voice.name, text) if voice else None
        if copied and passage.text == text and turn.is_attached:  # and has not become longer
            passage.copied = copied
            turn.show(passage)

    async def prompts(self) -> list[str]:
        """Return what was written on earlier, the newest first."""
        return await self._librarian.run(lambda library: library.prompts(_EARLIER))

    @work
    async def look(self) -> None:
        """Show what has become elsewhere of what is kept."""
        for turn in [*self._turns]:
            for passage in turn.passages:
                changed = not turn.writing and await passage.look(self._librarian)
                if changed and turn.is_attached:
                    turn.show(passage)

    def star(self) -> None:
        """Make the current text a favorite, or no longer one; while it is written, at its end."""
        if (turn := self.current) and (turn.writing or turn.chosen.text):
            turn.chosen.starred = not turn.chosen.starred
            turn.show(turn.chosen)
            if not turn.writing:
                self.keep(turn, turn.chosen)

    @work
    async def delete(self) -> None:
        """Take the current turn off the page and, but for favorites, out of the library."""
        turn = self.current
        if turn is None or turn.deleted:
            return
        await self._drop_deleted(apart_from=turn)
        turn.stop()
        turn.delete()
        try:
            for passage in turn.passages:
                await passage.remove(self._librarian)
            turn.delete()  # that one is a favorite may be news
        except CharloomError as error:
            turn.bring_back()
            self.app.notify(str(error), severity="error")

    def undo(self) -> None:
        """Bring back what was deleted last."""
        if turn := self.deleted:
            turn.bring_back()
            self.make_current(turn)
            for passage in turn.passages:
                if passage.text and not turn.writing:
                    self.keep(turn, passage)

    async def _drop_deleted(self, apart_from: Turn | None = None) -> None:
        deleted = [turn for turn in self._turns if turn.deleted and turn is not apart_from]
        if deleted:
            await self.finish()
        for turn in deleted:
            self._turns.remove(turn)
            if turn is self._current:
                self.make_current(self._turns[-1] if self._turns else None)
            await turn.remove()

    @on(events.DescendantFocus)
    def follow_focus(self, event: events.DescendantFocus) -> None:
        """Have the turn acted on that has the focus."""
        if isinstance(event.widget, Turn):
            self.make_current(event.widget)

    async def on_unmount(self) -> None:
        """Keep what was being written; nobody waits for what cannot be ended soon."""
        self._copies.close()
        for turn in self._turns:
            turn.stop()
        for turn in self._turns:
            try:
                await asyncio.wait_for(run_in_background(turn.join), _PATIENCE_SECONDS)
            except TimeoutError:
                continue
            for passage in turn.passages:
                passage.take()
                if passage.text and not passage.kept and (passage.starred or not turn.deleted):
                    await passage.keep(self._librarian)
        self._librarian.close()
