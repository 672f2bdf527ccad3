"""The page of Prompt: its turns are generated, saved in the library, deleted and restored."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType

from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation
from charloom.core.wording import plural
from charloom.tui.dialogs.share import copy_command, copy_markdown, export_text
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.prompt.copy_check import CopyCheck
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.turn_footer import TURN_BINDINGS
from charloom.tui.prompt.turn_list import TurnList
from charloom.tui.services.background import run_in_background
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.library_worker import LibraryWorker
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.widgets.finding import FINDING_KEYS
from charloom.tui.widgets.keys import moving_keys

_MAX_RECENT_PROMPTS = 500
_MAX_RESTORED_TURNS = 10  # at the next start
_TIMEOUT_ON_EXIT_SECONDS = 1.0  # for the last slice


class Transcript(TurnList):
    """Generates the turns and saves their texts; actions apply to the current turn."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *TURN_BINDINGS,
        *FINDING_KEYS[1:],
        *moving_keys("scroll_down", "scroll_up", "scroll_home", "follow"),
    ]

    def __init__(self, pace: int, deleted_texts: list[Generation]) -> None:
        """Create an empty page; new texts have ``pace`` characters a second, 0: no limit.

        ``deleted_texts`` gets those whose turn is no longer on the page.
        """
        super().__init__()
        self.pace = pace
        self._deleted_texts = deleted_texts
        self._library = LibraryWorker()
        self._copy_check = CopyCheck(lambda: self.generating is not None)
        self._start_lock = asyncio.Lock()
        self._comparison: Turn | None = None  # whose names have not yet been kept in view

    async def start_turn(
        self,
        model: LoadedModel,
        request: GenerationRequest,
        origin: str = "",
        rival: LoadedModel | None = None,
    ) -> None:
        """Stop the current generation, and generate a new turn from ``request.raw_prompt``.

        ``rival`` is the loaded model of ``request.rival``.
        """
        models = [model, rival] if rival else [model] * request.candidate_count
        async with self._start_lock:
            await self.finish()
            read = request.context
            if read is None:
                read = self.context(request.conversation)
            adapted, note = await run_in_background(lambda: request.adapted(read, model))
            requests = [adapted] * len(models)
            if rival:
                requests[1], _ = await run_in_background(lambda: request.adapted(read, rival))
            candidates = [Candidate(each, number) for number, each in enumerate(requests)]
            turn = Turn(candidates, model, note, origin)
            self._comparison = turn if rival else None
            await self.append(turn)
            turn.start(models, self.pace)
        self.post_message(self.Changed())

    async def switch_model(self, model: LoadedModel) -> None:
        """Continue the running generation with ``model`` in a new turn; free all other states."""
        turn = self.generating
        job = turn.chosen.job if turn else None
        if turn and turn.model and job and not turn.deleted:
            if turn.model.sha256 == model.sha256:
                return
            length = job.length
            await self.finish()
            missing = length - len(turn.chosen.text)
            if missing > 0 and not job.stopped:
                request = replace(
                    turn.request,
                    raw_prompt=turn.chosen.full_text,
                    sampling=job.sampling,
                    seed=job.seed,
                    length=missing,
                    candidate_count=1,
                    ending=turn.request.job_ending,
                    conversation=None,
                    rival=None,
                )
                await self.start_turn(model, request, f"continued by {model.checkpoint_ref}")
        for other in self._turns:
            if not other.generating and other.model and other.model.sha256 != model.sha256:
                other.release()

    async def append(self, turn: Turn) -> None:
        await self._drop_deleted()
        await super().append(turn)

    @property
    def page(self) -> tuple[int, ...]:
        """The numbers that the last texts on the page have in the library."""
        records = (turn.chosen.record for turn in self._turns if not turn.deleted)
        return tuple(record.id for record in records if record)[-_MAX_RESTORED_TURNS:]

    async def restore_page(self, page: Sequence[int]) -> None:
        """Show the texts of a former :attr:`page`, above the others if there are some.

        Raises :class:`CharloomError`.
        """
        found = await self._library.run(lambda library: library.find(page))
        turns = [Turn([Candidate.from_generation(generation)], None) for generation in found]
        if turns:
            await self.prepend(turns)

    async def clear(self) -> None:
        """Remove all turns from the page; their texts stay in the library."""
        await self.finish()
        await self._drop_deleted()
        turns, self._turns = self._turns, []
        self._set_current(None)
        for turn in turns:
            await turn.remove()

    @on(Turn.Resized)
    def keep_names_in_view(self, event: Turn.Resized) -> None:
        """Stay at the top of a comparison, where the names are, when it grows out of the view."""
        turn = event.turn
        if turn is self._comparison and self.following and turn.region.y < self.region.y:
            self._comparison = None  # once: the user may follow the end
            self.scroll_to_widget(turn, top=True, animate=False, immediate=True)

    def poll(self) -> bool:
        """Show new text, save what has ended, and return whether more is coming."""
        for turn in self._turns:
            if turn.generating:
                self.unseen_below = not self.following
                ended = turn.poll()
                for candidate in filter(turn.should_save, ended):
                    self.save(turn, candidate)
                    self.find_match(turn, candidate)
                if ended:
                    self.post_message(self.Changed())
        return self.generating is not None

    async def finish(self) -> None:
        """Stop all generation and save the texts."""
        generating = [turn for turn in self._turns if turn.generating]
        for turn in generating:
            turn.stop()
        for turn in generating:
            await run_in_background(turn.join)
        self.poll()

    @work
    async def find_match(self, turn: Turn, candidate: Candidate) -> None:
        """Show the longest match of a text with the training text of its model."""
        name, text = candidate.model_name or turn.model_name, candidate.text
        match = await self._copy_check.longest_match(name, text) if name else None
        if match and candidate.text == text and turn.is_attached:  # it has not become longer
            candidate.match = match
            turn.update_candidate(candidate)

    # The library. Workers belong to the transcript: those of a removed turn would be cancelled.

    @work
    async def save(self, turn: Turn, candidate: Candidate) -> None:
        """Save a text in the library, and show the outcome."""
        await candidate.save(self._library)
        if turn.is_attached:
            turn.update_candidate(candidate)

    async def recent_prompts(self) -> list[str]:
        """Return the prompts in the library, newest first. Raises :class:`CharloomError`."""
        return await self._library.run(lambda library: library.prompts(_MAX_RECENT_PROMPTS))

    @work
    async def refresh_stars(self) -> None:
        """Show stars that were changed outside this page."""
        for turn in [turn for turn in self._turns if not turn.generating]:
            for candidate in turn.candidates:
                if await candidate.refresh(self._library) and turn.is_attached:
                    turn.update_candidate(candidate)

    async def _drop_deleted(self, except_for: Turn | None = None) -> None:
        deleted = [turn for turn in self._turns if turn.deleted and turn is not except_for]
        if deleted:
            await self.finish()
        for turn in deleted:
            records = [candidate.record for candidate in turn.candidates if not candidate.starred]
            self._deleted_texts.extend(record for record in records if record)
            self._turns.remove(turn)
            if turn is self._current:
                self._set_current(self._turns[-1] if self._turns else None)
            await turn.remove()

    async def on_unmount(self) -> None:
        self._copy_check.close()
        for turn in self._turns:
            turn.stop()
        for turn in self._turns:
            try:
                await asyncio.wait_for(run_in_background(turn.join), _TIMEOUT_ON_EXIT_SECONDS)
            except TimeoutError:
                continue
            for candidate in turn.candidates:
                candidate.take_text()
                if turn.should_save(candidate) and not candidate.saved:
                    await candidate.save(self._library)
        self._library.close()

    # Actions on the current turn

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        turn = self.current
        if action == "undo":
            return self.deleted is not None
        if action in ("go", "follow", "find"):
            return turn is not None
        if action in ("star", "copy", "delete"):
            return turn is not None and not turn.deleted
        if action in ("command", "markdown", "export"):
            return self._finished() is not None
        if action == "save":
            return turn is not None and bool(turn.chosen.error) and not turn.generating
        return super().check_action(action, parameters)

    def action_star(self) -> None:
        """Star or unstar the chosen text; while it grows, the star is saved at its end."""
        if (turn := self.current) and (turn.generating or turn.chosen.text):
            turn.chosen.starred = not turn.chosen.starred
            turn.update_candidate(turn.chosen)
            if not turn.generating:
                self.save(turn, turn.chosen)

    def action_copy(self) -> None:
        if turn := self.current:
            text = turn.chosen.full_text
            self.app.copy_to_clipboard(text)
            self.notify(f"Copied {plural(len(text), 'character')}.")

    def _finished(self) -> Generation | None:
        """Return the chosen text, once it is finished."""
        turn = self.current
        if turn is None or turn.deleted or turn.generating:
            return None
        chosen = turn.chosen
        return chosen.record if chosen.saved else chosen.to_generation()

    def action_command(self) -> None:
        if generation := self._finished():
            copy_command(self.app, generation)

    def action_markdown(self) -> None:
        if generation := self._finished():
            copy_markdown(self.app, generation)

    @work
    async def action_export(self) -> None:
        """Save the chosen text as a picture or as text."""
        if generation := self._finished():
            await export_text(self.app, generation)

    @work
    async def action_delete(self) -> None:
        """Delete the current turn from the page and, but for favorites, from the library."""
        turn = self.current
        if turn is None or turn.deleted:
            return
        await self._drop_deleted(except_for=turn)
        turn.stop()
        turn.show_deleted()
        try:
            for candidate in turn.candidates:
                await candidate.remove(self._library)
            turn.show_deleted()  # the library may have known it as a favorite
        except CharloomError as error:
            turn.restore()
            self.notify(str(error), severity="error")

    def action_undo(self) -> None:
        """Restore the deleted turn, on the page and in the library."""
        if turn := self.deleted:
            turn.restore()
            self._set_current(turn)
            for candidate in turn.candidates:
                if candidate.text and not turn.generating:
                    self.save(turn, candidate)

    def action_save(self) -> None:
        if turn := self.current:
            self.save(turn, turn.chosen)
