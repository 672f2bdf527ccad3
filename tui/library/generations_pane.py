"""The library's pane of generations and all actions on them."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType

from charloom.core.errors import CharloomError
from charloom.core.library.database import Library
from charloom.core.library.generation import (
    EXPORT_FORMATS,
    Generation,
    clean_tag,
)
from charloom.core.library.replay import replay
from charloom.core.sanitize import single_line
from charloom.core.wording import plural
from charloom.tui.dialogs.basic import InputDialog, ask_until_done, confirm_dialog
from charloom.tui.dialogs.note_editor import NoteEditor
from charloom.tui.dialogs.save_file import Chosen, SaveFileDialog
from charloom.tui.dialogs.share import copy_command, copy_markdown, deliver, write_generations
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.picture import picture_formats
from charloom.tui.library.generation_browser import GenerationBrowser
from charloom.tui.library.generation_list import GenerationList
from charloom.tui.library.pane import LibraryPane
from charloom.tui.messages import ReopenGeneration
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.library_worker import fetch_all
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.keys import key_binding

_MAX_EXCERPT_CHARACTERS = 60
_NEED_GENERATION = (
    *("open", "star", "tag", "note", "replay", "delete", "export"),
    *("copy", "copy_command", "copy_markdown"),
)


class GenerationsPane(LibraryPane):
    """The browser, and key hints for the generation it shows."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding(
            "texts.talk",
            "Open",
            "Continue it in Prompt, with its settings",
            action="open",
            keys="enter",
        ),
        key_binding("texts.star", "Star", "Make it a favorite, or no longer one"),
        key_binding("texts.tags", "Tags", "Edit its tags", action="tag"),
        key_binding("texts.notes", "Note", "Edit your note about it", action="note"),
        key_binding("texts.repeat", "Replay", "Generate it again and compare", action="replay"),
        key_binding("texts.undo", "Undo", "Restore what was deleted last", action="restore"),
        key_binding("texts.copy", "Copy", "Copy prompt and text"),
        key_binding(
            "texts.command",
            "Copy as command",
            "Copy the command that writes the text again",
            action="copy_command",
        ),
        key_binding(
            "texts.markdown",
            "Copy as Markdown",
            "Copy the text with its settings",
            action="copy_markdown",
        ),
        key_binding("texts.export", "Export", "Write this text, or all listed ones, to a file"),
        key_binding("texts.delete", "Delete", "Delete it; undo restores it"),
        key_binding("texts.find", "Search", "Find texts by their words", action="search"),
        key_binding(
            "texts.filter", "Favorites", "List favorites only, or everything", action="favorites"
        ),
        key_binding(
            "texts.back",
            "Back",
            "Stop a replay, or clear the search",
            keys="escape",
        ),
    ]

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._replay: tuple[int, threading.Event] | None = None  # generation's id; set to stop

    def compose(self) -> ComposeResult:
        yield GenerationBrowser()
        yield ActionBar()

    @property
    def browser(self) -> GenerationBrowser:
        return self.query_one(GenerationBrowser)

    @property
    def generation(self) -> Generation | None:
        """The highlighted generation."""
        return self.browser.generation if self.is_attached else None

    def enter(self) -> None:
        self.screen.set_focus(self.browser.generation_list)
        self.show_hints()
        self.poll()

    def poll(self) -> None:
        self.browser.poll()

    def leave(self) -> None:
        if self._replay:
            self._stop_replay()
            self.browser.view.show_verdict("Replay stopped.")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        if action in _NEED_GENERATION:
            return self.generation is not None
        if action == "back":
            return self._replay is not None or (self.is_attached and self.browser.searching)
        return bool(self.services.deleted_texts) if action == "restore" else True

    @on(GenerationList.Opened)
    def action_open(self) -> None:
        if generation := self.generation:
            self.post_message(ReopenGeneration(generation))

    @work
    async def action_star(self) -> None:
        if generation := self.generation:
            number = generation.id
            await self._change(lambda db: db.star(number, not db.get(number).starred))

    @work
    async def action_tag(self) -> None:
        generation = self.generation
        if generation is None:
            return

        async def save(typed: str) -> None:
            tags, number = _parse_tags(typed), generation.id
            removed = set(generation.tags) - set(tags)
            changed = await self.browser.run(lambda library: library.tag(number, tags, removed))
            self.browser.replace(changed)

        def ask(typed: str) -> InputDialog:
            title = f"Tags of number {generation.id}"
            return InputDialog(title, typed, detail="Separate tags by commas.", check=_parse_tags)

        await ask_until_done(self.app, ask, ", ".join(generation.tags), save)

    @work
    async def action_note(self) -> None:
        generation = self.generation
        if generation is None:
            return

        async def save(note: str) -> None:
            number = generation.id
            changed = await self.browser.run(lambda library: library.annotate(number, note))
            self.browser.replace(changed)

        def edit(note: str) -> NoteEditor:
            title = f"Note on number {generation.id}"
            return NoteEditor(title, note, changed=note != generation.note)

        await ask_until_done(self.app, edit, generation.note, save)

    @work
    async def action_replay(self) -> None:
        """Generate the text again in a thread, and show whether it is the same."""
        generation = self.generation
        if generation is None or self._replay:
            return
        this = self._replay = generation.id, threading.Event()
        self.browser.view.show_verdict(
            with_keys(self.app, "Replaying … {texts.back|Esc} stops it.")
        )
        result = None
        try:
            result = await run_in_background(lambda: replay(generation, this[1].is_set))
            message = result.sentence
        except CharloomError as error:
            message = str(error)
        finally:
            this[1].set()  # otherwise the thread would continue after a cancellation
        if self._replay is this:
            self._replay = None
            self.browser.view.show_verdict(message, result)

    def action_copy(self) -> None:
        if generation := self.generation:
            full_text = generation.prompt + generation.text
            self.app.copy_to_clipboard(full_text)
            self.app.notify(f"Copied {plural(len(full_text), 'character')}.")

    def action_copy_command(self) -> None:
        if generation := self.generation:
            copy_command(self.app, generation)

    def action_copy_markdown(self) -> None:
        if generation := self.generation:
            copy_markdown(self.app, generation)

    @work
    async def action_export(self) -> None:
        """Write this generation, or all that are listed, to a file."""
        generation, query = self.generation, self.browser.library_query
        if generation is None:
            return
        all_listed = (
            "all results"
            if query.words
            else "all favorites"
            if query.starred_only
            else "everything"
        )

        formats = (*EXPORT_FORMATS, *picture_formats())

        def suggest(chosen: Chosen) -> str:
            everything, kind = chosen
            name = "favorites" if query.starred_only else "writings"
            return f"{name if everything else f'writing-{generation.id}'}.{formats[kind]}"

        def write(path: Path, chosen: Chosen) -> None:
            everything, kind = chosen
            generations: Sequence[Generation] = [generation]
            if everything:
                with Library() as library:
                    generations = fetch_all(library, query)
            write_generations(path, generations, formats[kind])

        options = (("what", ("this one", all_listed)), ("format", formats))
        path = await self.app.push_screen_wait(
            SaveFileDialog("Export to:", options, suggest, write)
        )
        if path:
            deliver(self.app, path)

    @work
    async def action_delete(self) -> None:
        generation = self.generation
        if generation is None:
            return
        excerpt = single_line(generation.prompt + generation.text, _MAX_EXCERPT_CHARACTERS)
        ask = confirm_dialog(f"Delete number {generation.id}?", "Delete", "d", excerpt)
        if await self.app.push_screen_wait(ask):
            removed = await self._change(lambda library: library.remove(generation.id))
            if removed:
                self.services.deleted_texts.append(removed)
                self.browser.reload()
                self.show_hints()
                hint = with_keys(self.app, "{texts.undo|u} restores it.")
                self.app.notify(f"Deleted number {removed.id}; {hint}")

    @work
    async def action_restore(self) -> None:
        texts = self.services.deleted_texts
        if not texts:
            return
        deleted = texts.pop()
        if await self._change(lambda library: library.restore(deleted)) is None:
            texts.append(deleted)
        self.browser.reload(deleted.id)
        self.show_hints()

    def action_search(self) -> None:
        self.screen.set_focus(self.browser.query_one(SafeInput))

    def action_favorites(self) -> None:
        self.browser.toggle_starred_only()

    def action_back(self) -> None:
        """Stop the replay; without one, clear the search."""
        if self._replay:
            self.leave()
        else:
            self.browser.clear()

    @on(GenerationBrowser.Changed)
    def update_generation(self, event: GenerationBrowser.Changed) -> None:
        generation = event.generation
        if self._replay and (generation is None or generation.id != self._replay[0]):
            self._stop_replay()
        self.show_hints()

    def show_hints(self) -> None:
        star = "unstar" if self.generation and self.generation.starred else "star"
        self.update_hints(
            star=star, search="", favorites="", back="", copy_command="", copy_markdown=""
        )  # those are shown above

    def _stop_replay(self) -> None:
        if self._replay:
            self._replay[1].set()
            self._replay = None

    async def _change(self, job: Callable[[Library], Generation]) -> Generation | None:
        """Show and return the generation that ``job`` returns; on an error, notify, return None."""
        try:
            changed = await self.browser.run(job)
        except CharloomError as error:
            self.app.notify(str(error), severity="error")
            return None
        self.browser.replace(changed)
        return changed


def _parse_tags(typed: str) -> list[str]:
    """Return comma-separated tags; raise :class:`CharloomError` for an invalid one."""
    return [clean_tag(tag) for tag in typed.split(",") if tag.strip()]
