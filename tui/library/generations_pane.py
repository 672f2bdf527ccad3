"""The half of the library with what was written, and all that can be done with it."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from charloom.core.errors import CharloomError
from charloom.core.files import write_file
from charloom.core.library.database import Library
from charloom.core.library.generation import (
    EXPORT_FORMATS,
    Generation,
    clean_tag,
    format_generations,
)
from charloom.core.library.replay import replay
from charloom.core.sanitize import single_line
from charloom.tui.dialogs.basic import InputDialog, ask_until_done, confirm_dialog
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.save_file import Chosen, SaveFileDialog
from charloom.tui.library.generation_browser import GenerationBrowser
from charloom.tui.library.generation_list import GenerationList
from charloom.tui.library.pane import LibraryPane, on_key
from charloom.tui.messages import ReopenGeneration
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.library_worker import fetch_all
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.inputs import SafeInput

_EXCERPT = 60  # characters
_COMMAS = "Separate them by commas."
_FOR_ONE = ("open", "star", "tag", "note", "replay", "copy", "export", "delete")


class GenerationsPane(LibraryPane):
    """The browser, and under it what can be done with the generation that is read."""

    BINDINGS: ClassVar[list[BindingType]] = [
        on_key("enter,o", "open", "Open", "Go on from it in Prompt, with its settings", "⏎"),
        on_key("s", "star", "Star", "Make it a favorite, or no longer one"),
        on_key("t", "tag", "Tags", "Change its tags"),
        on_key("n", "note", "Note", "Write down what you think of it"),
        on_key("r", "replay", "Replay", "Have it written again and compare"),
        on_key("z", "restore", "Undo", "Bring back what was deleted last"),
        on_key("c", "copy", "Copy", "Copy prompt and text"),
        on_key("x", "export", "Export", "Write this one, or all that are listed, to a file"),
        on_key("d", "delete", "Delete", "Delete it; z brings it back"),
        on_key("slash", "search", "Search", "Find texts by their words", "/"),
        on_key("f", "favorites", "Favorites", "List favorites only, or everything"),
        on_key("escape", "back", "Back", "Stop a replay, or else end the search", "esc"),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._deleted: list[Generation] = []
        self._replay: tuple[int, threading.Event] | None = None  # of which; set to stop it

    def compose(self) -> ComposeResult:
        """Lay out the browser over the actions."""
        yield GenerationBrowser()
        yield ActionBar()

    @property
    def browser(self) -> GenerationBrowser:
        """Where one is chosen."""
        return self.query_one(GenerationBrowser)

    def enter(self) -> None:
        """Be where one is chosen."""
        self.screen.set_focus(self.browser.listing)
        self.look()

    def look(self) -> None:
        """Show what has changed meanwhile."""
        self.browser.look()

    def leave(self) -> None:
        """End what nobody waits for any more."""
        if self._replay:
            self._stop_replay()
            self.browser.view.tell("The replay was stopped.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Offer what can be done."""
        if action in _FOR_ONE:
            return self.browser.generation is not None
        return bool(self._deleted) if action == "restore" else True

    def action_open(self) -> None:
        """Go on from it in Prompt."""
        if generation := self.browser.generation:
            self.post_message(ReopenGeneration(generation))

    @work
    async def action_star(self) -> None:
        """Make it a favorite, or no longer one."""
        if generation := self.browser.generation:
            on = not generation.starred
            await self._change(lambda library: library.star(generation.id, on))

    @work
    async def action_tag(self) -> None:
        """Ask for its tags."""
        generation = self.browser.generation
        if generation is None:
            return

        async def keep(typed: str) -> None:
            new, number = _tags(typed), generation.id
            gone = set(generation.tags) - set(new)
            self.browser.replace(await self.browser.do(lambda each: each.tag(number, new, gone)))

        def ask(typed: str) -> InputDialog:
            return InputDialog(
                f"Tags of number {generation.id}", typed, detail=_COMMAS, check=_tags
            )

        await ask_until_done(self.app, ask, ", ".join(generation.tags), keep)

    @work
    async def action_note(self) -> None:
        """Let the person write a note about it."""
        generation = self.browser.generation
        if generation is None:
            return

        async def keep(note: str) -> None:
            number = generation.id
            self.browser.replace(await self.browser.do(lambda each: each.annotate(number, note)))

        def edit(note: str) -> NoteEditor:
            title = f"A note on number {generation.id}"
            return NoteEditor(title, note, changed=note != generation.note)

        await ask_until_done(self.app, edit, generation.note, keep)

    @work
    async def action_replay(self) -> None:
        """Have it written again, beside the app, and tell whether it is the same."""
        generation = self.browser.generation
        if generation is None or self._replay:
            return
        this = self._replay = generation.id, threading.Event()
        self.browser.view.tell("It is being written again … Esc stops it.")
        outcome = None
        try:
            outcome = await run_in_background(lambda: replay(generation, this[1].is_set))
            told = outcome.sentence
        except CharloomError as error:
            told = str(error)
        finally:
            this[1].set()  # the thread would write on otherwise
        if self._replay is this:
            self._replay = None
            self.browser.view.tell(told, outcome)

    def action_copy(self) -> None:
        """Copy prompt and text."""
        if generation := self.browser.generation:
            passage = generation.prompt + generation.text
            self.app.copy_to_clipboard(passage)
            self.app.notify(f"{len(passage):,} characters are in the clipboard.")

    @work
    async def action_export(self) -> None:
        """Write this one, or all that are listed, to a file."""
        generation, wish = self.browser.generation, self.browser.wish
        if generation is None:
            return
        listed = "everything that was found" if wish.words else "everything"
        listed = "all favorites" if wish.starred_only and not wish.words else listed

        def suggest(chosen: Chosen) -> str:
            everything, kind = chosen
            name = "favorites" if wish.starred_only else "writings"
            return f"{name if everything else f'writing-{generation.id}'}.{EXPORT_FORMATS[kind]}"

        def write(path: Path, chosen: Chosen) -> None:
            everything, kind = chosen
            found: Sequence[Generation] = [generation]
            if everything:
                with Library() as library:
                    found = fetch_all(library, wish)
            write_file(path, format_generations(found, EXPORT_FORMATS[kind]), force=True)

        choices = (("what", ("this one", listed)), ("format", EXPORT_FORMATS))
        path = await self.app.push_screen_wait(
            SaveFileDialog("Where is it to be written?", choices, suggest, write)
        )
        if path:
            self.app.notify(f"Written to {str(path)!r}.")

    @work
    async def action_delete(self) -> None:
        """Delete it, if that is meant."""
        generation = self.browser.generation
        if generation is None:
            return
        excerpt = single_line(generation.prompt + generation.text, _EXCERPT)
        ask = confirm_dialog(f"Delete number {generation.id}?", "Delete", "d", excerpt)
        if await self.app.push_screen_wait(ask):
            removed = await self._change(lambda library: library.remove(generation.id))
            if removed:
                self._deleted.append(removed)
                self.browser.reload()
                self.show_hints()
                self.app.notify(f"Number {removed.id} is deleted; z brings it back.")

    @work
    async def action_restore(self) -> None:
        """Bring back what was deleted last."""
        if not self._deleted:
            return
        deleted = self._deleted.pop()
        if await self._change(lambda library: library.restore(deleted)) is None:
            self._deleted.append(deleted)
        self.browser.reload(deleted.id)
        self.show_hints()

    def action_search(self) -> None:
        """Go to the search."""
        self.screen.set_focus(self.browser.query_one(SafeInput))

    def action_favorites(self) -> None:
        """List favorites only, or everything."""
        self.browser.toggle_starred_only()

    def action_back(self) -> None:
        """Stop the replay, or else end the search."""
        if self._replay:
            self.leave()
        else:
            self.browser.clear()

    @on(GenerationBrowser.Shown)
    def follow(self, event: GenerationBrowser.Shown) -> None:
        """Be about what is read now."""
        generation = event.generation
        if self._replay and (generation is None or generation.id != self._replay[0]):
            self._stop_replay()
        self.show_hints()

    def show_hints(self) -> None:
        """Offer what can be done with it; how to search stands where that is done."""
        generation = self.browser.generation
        star = "unstar" if generation and generation.starred else "star"
        self.update_hints(star=star, search="", favorites="", back="")

    @on(GenerationList.Opened)
    def open(self) -> None:
        """Go on from what was clicked twice."""
        self.action_open()

    def _stop_replay(self) -> None:
        if self._replay:
            self._replay[1].set()
            self._replay = None

    async def _change(self, job: Callable[[Library], Generation]) -> Generation | None:
        """Show what ``job`` makes of a generation and return it; None where it cannot be done."""
        try:
            changed = await self.browser.do(job)
        except CharloomError as error:
            self.app.notify(str(error), severity="error")
            return None
        self.browser.replace(changed)
        return changed


def _tags(typed: str) -> list[str]:
    """Return the tags in a line; :class:`CharloomError` for one that cannot be."""
    return [clean_tag(each) for each in typed.split(",") if each.strip()]
