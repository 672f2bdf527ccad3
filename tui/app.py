"""The app: its rooms, its keys, and what they share. It never imports torch."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.command import CommandInput, CommandPalette
from textual.markup import escape
from textual.notifications import SeverityLevel
from textual.screen import Screen

from charloom.core.errors import CharloomError
from charloom.core.sanitize import sanitize
from charloom.tui.dialogs.key_bindings import active_key_actions
from charloom.tui.formatting.themes import DARK, LIGHT, heat_variables
from charloom.tui.services import preferences

if TYPE_CHECKING:
    from charloom.core.data.corpus import Corpus
    from charloom.core.library.generation import Generation
    from charloom.tui.prompt.screen import PromptScreen
    from charloom.tui.services.run_manager import RunManager
    from charloom.tui.widgets.base_screen import BaseScreen

TourOf: TypeAlias = tuple[str, "Callable[[], Corpus] | None"]
"""The address of a model, and what opens a text; without that, it is the one that it learned."""

_WORDS = r"[\w ,.’'-]*"  # what may be written where commands are searched: nothing that acts


def _prompt() -> "BaseScreen":
    from charloom.tui.prompt.screen import PromptScreen

    return PromptScreen()


def _train() -> "BaseScreen":
    from charloom.tui.train.screen import TrainScreen

    return TrainScreen()


def _library() -> "BaseScreen":
    from charloom.tui.library.screen import LibraryScreen

    return LibraryScreen()


def _settings() -> "BaseScreen":
    from charloom.tui.settings.screen import SettingsScreen

    return SettingsScreen()


def _tour() -> "BaseScreen":
    from charloom.tui.tour.screen import TourScreen

    return TourScreen()


class CharloomApp(App[None], inherit_bindings=False):  # Textual's would stand first in the footer
    """Train, prompt, keep. Each room is made when it is first entered."""

    TITLE = "Charloom"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "prompt"
    # Each is imported only when it is entered: the first picture is there the sooner.
    MODES: ClassVar[dict[str, str | Callable[[], Screen[Any]]]] = {
        "prompt": _prompt,
        "train": _train,
        "library": _library,
        "settings": _settings,
        "tour": _tour,
    }
    BINDINGS: ClassVar[list[BindingType]] = [
        # Those with priority work in dialogs, too.
        Binding(
            "f1",
            "help",
            "Help",
            key_display="F1",
            priority=True,
            tooltip="What can be done here",
        ),
        Binding("question_mark", "help", "Help", show=False),
        Binding(
            "f2", "switch_mode('prompt')", "Prompt", key_display="F2", tooltip="Talk with a model"
        ),
        Binding("f3", "switch_mode('train')", "Train", key_display="F3", tooltip="Teach a text"),
        Binding(
            "f4", "switch_mode('library')", "Library", key_display="F4", tooltip="What was kept"
        ),
        Binding(
            "f5", "switch_mode('settings')", "Settings", key_display="F5", tooltip="How it looks"
        ),
        Binding("f6", "switch_mode('tour')", "Tour", key_display="F6", tooltip="See inside"),
        Binding(
            "ctrl+p", "command_palette", "Commands", key_display="^p", tooltip="Find any action"
        ),
        Binding(
            "ctrl+q",
            "quit",
            "Quit",
            key_display="^q",
            priority=True,
            tooltip="Leave; a training can go on",
        ),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.tour: TourOf | None = None  # what the Tour room is to be about, if not the usual
        self.preferences = self._remembered = preferences.load()
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        known = self.preferences.theme in self.available_themes
        self.theme = self.preferences.theme if known else DARK.name

    @cached_property
    def runs(self) -> "RunManager":
        """The training runs, which all rooms watch."""
        from charloom.tui.services.run_manager import RunManager

        return RunManager(self)

    def on_mount(self) -> None:
        """Begin to follow the runs, once the first picture is there."""
        self.call_after_refresh(lambda: self.runs.follow())

    def remember(self, **choices: Any) -> None:
        """Keep choices for the next session."""
        before, self.preferences = self.preferences, replace(self.preferences, **choices)
        if self.preferences == self._remembered:
            return
        try:
            preferences.save(self.preferences)
            self._remembered = self.preferences
        except CharloomError as error:  # what is chosen next is saved with it, if that can be
            if self.preferences != before:
                self.notify(str(error), severity="warning")

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Tell the person something; what it quotes is never markup and cannot act."""
        super().notify(
            sanitize(message),
            title=sanitize(title),
            severity=severity,
            timeout=timeout,
            markup=markup,
        )

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's colours; the muted ones so that a part of a line can have them too.

        Textual's own are shares of whatever contrasts with a widget's background, which a styled
        part of a text knows nothing of: it would be as bright as can be.
        """
        variables = super().get_css_variables()
        if not self.current_theme.ansi:
            foreground = Color.parse(variables["foreground"])
            for name, share in (("text-muted", 0.6), ("text-disabled", 0.38)):
                variables[name] = foreground.with_alpha(share).hex
        return variables | heat_variables(variables, dark=self.current_theme.dark)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Offer whatever has a key here, but for mere moves, and Textual's own choice of themes."""
        yield SystemCommand("Theme", "Choose how the app looks", self.action_change_theme)
        for deed in active_key_actions(screen):
            if deed.tooltip:
                yield SystemCommand(
                    deed.title,
                    escape(f"{deed.tooltip} ({' '.join(deed.keys)})"),
                    lambda deed=deed: self.call_later(self.run_action, deed.action, deed.node),
                )

    @on(CommandPalette.Opened)
    def guard_palette(self) -> None:
        """Let nothing but words be pasted there: Textual would send it to the terminal as it is."""
        self.screen.query_one(CommandInput).restrict = _WORDS

    async def talk_with(self, address: str) -> None:
        """Go to the Prompt room, with the model at ``address``."""
        await (await self._prompt_room()).use_model(address)

    async def reopen(self, generation: "Generation") -> None:
        """Go to the Prompt room, with what was written before and its exact settings."""
        await (await self._prompt_room()).reopen(generation)

    async def look_inside(self, address: str) -> None:
        """Show what the model at ``address`` makes of a text that it has not seen."""
        from charloom.tui.analysis.inspector import InspectorScreen, specimen
        from charloom.tui.services.background import run_in_background
        from charloom.tui.services.model_cache import load

        try:
            voice = await run_in_background(lambda: load(address))
        except CharloomError as error:
            self.notify(str(error), severity="error")
        else:
            await self.push_screen(InspectorScreen(voice, lambda: specimen(voice.exact)))

    async def _prompt_room(self) -> "PromptScreen":
        from charloom.tui.prompt.screen import PromptScreen

        await self.switch_mode("prompt")
        return next(each for each in self.screen_stack if isinstance(each, PromptScreen))

    def watch_theme(self, theme: str) -> None:
        """Keep a theme that was chosen."""
        if self.is_running:
            self.remember(theme=theme)

    def action_help(self) -> None:
        """Show what can be done here."""
        from charloom.tui.dialogs.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self.screen))

    def action_help_quit(self) -> None:
        """Say how to leave to whoever pressed Ctrl-C to do so."""
        self.notify("Press ctrl+q to leave Charloom.")

    async def action_quit(self) -> None:
        """Leave, after asking what becomes of a run that is being trained."""
        if not self.runs.live:
            self.exit()
            return
        from charloom.tui.dialogs.quit import QuitDialog

        if not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(self.runs), self._leave)

    def _leave(self, answer: str | None) -> None:
        """Do as was answered."""
        from charloom.tui.dialogs.quit import GO_ON, SAVED, STOP, StopRunsDialog

        if answer in (GO_ON, SAVED):
            self.exit()
        elif answer == STOP:
            self.push_screen(StopRunsDialog(self.runs), self._leave)
