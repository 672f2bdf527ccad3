"""The commands of the palette: each one does something in the present state of the app."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.actions import parse
from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider
from textual.content import Content
from textual.markup import escape

from charloom.core.data import catalog
from charloom.core.errors import CharloomError
from charloom.core.library.generation import Generation
from charloom.core.library.search import match_spans
from charloom.core.sanitize import sanitize, single_line
from charloom.core.store.read import ModelInfo, list_models
from charloom.core.store.ref import CheckpointRef
from charloom.tui.dialogs.help import HelpScreen
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.run_status import label
from charloom.tui.messages import OpenPrompt, ReopenGeneration
from charloom.tui.modes import MODES, create_screen
from charloom.tui.palette.matching import match_score
from charloom.tui.services.background import run_in_background
from charloom.tui.services.library_worker import LibraryQuery, LibraryWorker, fetch_page
from charloom.tui.services.text_source import TextKind, TextSource
from charloom.tui.widgets.action_bar import key_of
from charloom.tui.widgets.base_screen import BaseScreen

if TYPE_CHECKING:
    from charloom.tui.services.app_services import AppServices

_MAX_HITS, _MAX_FAVORITES = 60, 20
_MAX_TITLE, _MAX_DETAILS, _BEFORE_MATCH = 60, 70, 25  # characters
_DETAILS_WEIGHT, _FAVORITE_SCORE = 0.5, 0.6
_SETTINGS = {
    "temperature": "lower is more predictable, higher more surprising",
    "top-k": "choose among the k likeliest characters",
    "top-p": "choose among the likeliest characters of together this probability",
    "min-p": "leave out characters much less likely than the likeliest",
    "length": "characters of a text",
    "pace": "characters a second while a text is written",
    "until": "continue to the end of a sentence, line or paragraph",
    "words": "write any words, or only known ones",
    "seed": "the same seed and settings give the same text",
    "stop": "end the text before this string",
    "columns": "candidates next to each other",
    "vary": "what differs between candidates: seed or temperature",
    "alert": "what a run that ends sends to a terminal in the background",
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command; ``title`` and ``details`` may have untrusted text, and both are searched."""

    title: str
    details: str
    run: Callable[[], Any]
    weight: float = 1.0  # of the score


class CommandProvider(Provider):
    """Finds commands while the user types; without a query, the actions of this screen."""

    async def startup(self) -> None:
        screen = self.screen
        assert isinstance(screen, BaseScreen)  # ctrl+p does not work in dialogs
        self._services: AppServices = screen.services
        self._library = LibraryWorker()
        self._models: tuple[ModelInfo, ...] | None = None
        self._commands: list[Command] | None = None  # those that do not depend on the query

    async def shutdown(self) -> None:
        self._library.close()

    async def discover(self) -> Hits:
        for command in self._actions_here():
            yield DiscoveryHit(
                escape(command.title), command.run, command.title, escape(command.details)
            )

    async def search(self, query: str) -> Hits:
        if self._models is None:
            self._models = await run_in_background(_usable_models)
        if self._commands is None:
            self._commands = list(self._all_commands(self._models))
        hits = [hit for command in self._commands if (hit := self._hit(command, query))]
        for hit in sorted(hits, key=lambda hit: hit.score, reverse=True)[:_MAX_HITS]:
            yield hit
        for hit in await self._favorites(query):
            yield hit

    def _hit(self, command: Command, query: str) -> Hit | None:
        score = match_score(query, command.title) or _DETAILS_WEIGHT * match_score(
            query, f"{command.title} {command.details}", fuzzy=False
        )
        if not score:
            return None
        return self._show(command, query, score * command.weight)

    def _show(self, command: Command, query: str, score: float) -> Hit:
        title = single_line(command.title, _MAX_TITLE)
        display = Content(title)
        for start, end in match_spans(title, query):
            display = display.stylize(self.match_style or "underline", start, end)
        details = escape(_excerpt(command.details, query))
        return Hit(score, display, command.run, title, details)

    def _all_commands(self, models: Iterable[ModelInfo]) -> Iterator[Command]:
        yield from self._actions_here()
        screens = {mode: self._mode_screen(mode) for mode in MODES}
        for mode, screen in screens.items():
            text = with_keys(self.app, screen.HELP).replace("*", "").replace("`", "")
            yield Command(f"Help: {screen.TITLE}", text, self._job(self._help, mode), weight=0.9)
            if mode != self.app.current_mode and self._is_free(mode):
                yield from self._actions_there(mode, screen)
        for model in models:
            details = f"model, step {model.best.step:,}: use it in Prompt" if model.best else ""
            message = OpenPrompt(CheckpointRef(model.name))
            yield Command(f"Model: {model.name}", details, partial(self._post, message))
        if self._is_free("train"):
            for run in self._services.runs.all():
                job = self._job(self._show_run, run.name)
                yield Command(
                    f"Run: {run.name}", f"run, {label(run.status)}: show it in Train", job
                )
            for entry in catalog.ENTRIES:
                details = f"text, {entry.author}, {entry.language}, {entry.kind}"
                details += "" if catalog.cached(entry.name) else "; it is downloaded"
                job = self._job(self._train_on, entry.name)
                title = f"Train on: {entry.title}"
                yield Command(title, f"{details} ({entry.name})", job, weight=0.85)
        yield from self._settings()

    def _actions_here(self) -> Iterator[Command]:
        for command in self.app.get_system_commands(self.screen):
            yield Command(command.title, command.help, command.callback)

    def _actions_there(self, mode: str, screen: BaseScreen) -> Iterator[Command]:
        """Yield the actions that are enabled on another screen; Esc only leaves things."""
        for index, node in enumerate(screen.command_nodes()):
            offered = set[str]()
            for binding in Binding.make_bindings(node.BINDINGS):
                _, name, parameters = parse(binding.action)
                if (
                    binding.tooltip
                    and binding.action not in offered
                    and "escape" not in binding.key
                    and node.check_action(name, parameters)
                ):
                    offered.add(binding.action)
                    title = f"{screen.TITLE}: {binding.description}"
                    key = with_keys(self.app, key_of(self.app, binding))
                    details = f"{binding.tooltip} ({key})"
                    job = self._job(self._run_there, mode, index, binding.action)
                    yield Command(title, details, job, weight=0.95)

    def _settings(self) -> Iterator[Command]:
        if self._is_free("settings"):
            for name, details in _SETTINGS.items():
                job = self._job(self._focus_setting, name)
                yield Command(f"Setting: {name}", details, job)
        for theme in self.app.available_themes:
            if theme not in (self.app.theme, "textual-ansi"):
                run = partial(setattr, self.app, "theme", theme)
                yield Command(f"Theme: {theme}", "setting: colours of the app", run, weight=0.9)

    async def _favorites(self, query: str) -> list[Hit]:
        """Return the favorites with the words of ``query``; the database finds them in time."""
        words = LibraryQuery(query, starred_only=True)
        try:
            page = await self._library.run(
                lambda library: fetch_page(library, words, 0, _MAX_FAVORITES)
            )
        except CharloomError:  # Library shows why
            return []
        return [
            self._show(self._favorite(row, query), query, _FAVORITE_SCORE - index / 1_000)
            for index, row in enumerate(page.rows)
        ]

    def _favorite(self, row: Generation, query: str) -> Command:
        title = f"★ {_excerpt(row.prompt + row.text, query, _MAX_TITLE)}"
        about = " · ".join(filter(None, (row.model, ", ".join(row.tags), row.note)))
        return Command(title, f"favorite, {about}", partial(self._post, ReopenGeneration(row)))

    # Running a command: first its screen opens.

    def _mode_screen(self, mode: str) -> BaseScreen:
        """Return the screen of a mode; if it was not opened yet, a new one to ask, not to show."""
        stack = self.app._screen_stacks.get(mode)
        screen = stack[0] if stack else None
        return screen if isinstance(screen, BaseScreen) else create_screen(mode, self._services)

    def _is_free(self, mode: str) -> bool:
        """Return whether no other screen is open over that of the mode, but the palette."""
        stack = self.app._screen_stacks.get(mode, [])
        return len(stack) <= 1 or stack[0] is self.screen

    def _job(self, job: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """Return a function that starts ``job``, which may wait for screens to open."""
        app = self.app
        return lambda: app.run_worker(job(*arguments))

    def _post(self, message: OpenPrompt | ReopenGeneration) -> None:
        self.app.post_message(message)

    async def _open(self, mode: str) -> BaseScreen:
        await self.app.switch_mode(mode)
        screen = self.app.screen_stack[0]
        assert isinstance(screen, BaseScreen)
        return screen

    async def _run_there(self, mode: str, index: int, action: str) -> None:
        screen = await self._open(mode)
        node = list(screen.command_nodes())[index]
        screen.reveal(node)
        await self.app.run_action(action, node)

    async def _help(self, mode: str) -> None:
        await self.app.push_screen(HelpScreen(await self._open(mode)))

    async def _show_run(self, name: str) -> None:
        from charloom.tui.train.screen import TrainScreen

        screen = await self._open("train")
        assert isinstance(screen, TrainScreen)
        screen.select(name)

    async def _train_on(self, name: str) -> None:
        from charloom.tui.train.screen import TrainScreen

        screen = await self._open("train")
        assert isinstance(screen, TrainScreen)
        screen.start_new(TextSource(TextKind.KNOWN, name))

    async def _focus_setting(self, name: str) -> None:
        (await self._open("settings")).query_one(f"#rest #{name}").focus()


def _usable_models() -> tuple[ModelInfo, ...]:
    try:
        return tuple(model for model in list_models() if model.best)
    except CharloomError:  # Library shows why
        return ()


def _excerpt(text: str, query: str, limit: int = _MAX_DETAILS) -> str:
    """Return a line of ``text`` around the first match of ``query``."""
    text = sanitize(" ".join(text.split()))
    spans = match_spans(text, query)
    start = max(0, spans[0][0] - _BEFORE_MATCH) if spans and len(text) > limit else 0
    return "…" * (start > 0) + single_line(text[start:], limit)
