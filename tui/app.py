"""The app: its rooms, its keys, and what they share. It never imports torch."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.color import Color
from textual.command import CommandInput, CommandPalette
from textual.markup import escape
from textual.notifications import SeverityLevel
from textual.screen import Screen

from charloom.core.errors import CharloomError
from charloom.core.sanitize import sanitize
from charloom.core.store.ref import CheckpointRef
from charloom.tui import messages
from charloom.tui.dialogs.key_bindings import active_key_actions
from charloom.tui.formatting.themes import DARK, LIGHT, heat_variables
from charloom.tui.services.app_services import AppServices

if TYPE_CHECKING:
    from charloom.tui.prompt.screen import PromptScreen
    from charloom.tui.tour.subject import TourRequest
    from charloom.tui.widgets.base_screen import BaseScreen

_WORDS = r"[\w ,.’'-]*"  # what may be written where commands are searched: nothing that acts


class CharloomApp(App[None], inherit_bindings=False):  # Textual's would stand first in the footer
    """Train, prompt, keep. Each room is made when it is first entered."""

    TITLE = "Charloom"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "prompt"
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

    def __init__(self, tour: "TourRequest | None" = None) -> None:
        """Make the app; ``tour`` is what the tour begins with, if not the usual."""
        super().__init__()
        self._tour = tour
        self.services = AppServices(self)
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        chosen = self.services.preferences.theme
        self.theme = chosen if chosen in self.available_themes else DARK.name
        self.add_mode("prompt", self._prompt)
        self.add_mode("train", self._train)
        self.add_mode("library", self._library)
        self.add_mode("settings", self._settings)
        self.add_mode("tour", self._tour_screen)

    # A screen's module is imported when the screen is first entered: the first frame is sooner.

    def _prompt(self) -> "BaseScreen":
        from charloom.tui.prompt.screen import PromptScreen

        return PromptScreen(self.services)

    def _train(self) -> "BaseScreen":
        from charloom.tui.train.screen import TrainScreen

        return TrainScreen(self.services)

    def _library(self) -> "BaseScreen":
        from charloom.tui.library.screen import LibraryScreen

        return LibraryScreen(self.services)

    def _settings(self) -> "BaseScreen":
        from charloom.tui.settings.screen import SettingsScreen

        return SettingsScreen(self.services)

    def _tour_screen(self) -> "BaseScreen":
        from charloom.tui.tour.screen import TourScreen

        return TourScreen(self.services, self._tour)

    def on_mount(self) -> None:
        """Follow the runs, once the first frame is painted."""
        self.call_after_refresh(lambda: self.services.runs.start_polling())

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

    @on(messages.OpenPrompt)
    @work
    async def open_prompt(self, message: messages.OpenPrompt) -> None:
        """Go to Prompt with the model asked for."""
        await (await self._prompt_screen()).use_model(message.ref)

    @on(messages.ReopenGeneration)
    @work
    async def reopen_generation(self, message: messages.ReopenGeneration) -> None:
        """Go to Prompt with a stored generation."""
        await (await self._prompt_screen()).reopen(message.generation)

    async def _prompt_screen(self) -> "PromptScreen":
        from charloom.tui.prompt.screen import PromptScreen

        await self.switch_mode("prompt")
        return next(screen for screen in self.screen_stack if isinstance(screen, PromptScreen))

    @on(messages.OpenInspector)
    @work
    async def open_inspector(self, message: messages.OpenInspector) -> None:
        """Show the inspector on the model, which is loaded first if need be."""
        from charloom.tui.analysis.inspector import InspectorScreen, sample_text
        from charloom.tui.services.background import run_in_background
        from charloom.tui.services.model_cache import load_model

        model, text = message.model, message.text
        if isinstance(model, CheckpointRef):
            ref = model
            try:
                model = await run_in_background(lambda: load_model(ref))
            except CharloomError as error:
                self.notify(str(error), severity="error")
                return
        checkpoint_ref = model.checkpoint_ref

        def find() -> tuple[str, str]:
            return sample_text(checkpoint_ref) if text is None else ("a text of the page", text)

        await self.push_screen(InspectorScreen(self.services, model, find))

    @on(messages.OpenGrowth)
    def open_growth(self, message: messages.OpenGrowth) -> None:
        """Show what every checkpoint of a model writes."""
        from charloom.tui.analysis.growth import GrowthScreen

        self.push_screen(GrowthScreen(self.services, message.name))

    @on(messages.OpenComparison)
    def open_comparison(self, message: messages.OpenComparison) -> None:
        """Compare a checkpoint with another."""
        from charloom.tui.analysis.compare import CompareScreen

        self.push_screen(CompareScreen(self.services, message.ref))

    def watch_theme(self, theme: str) -> None:
        """Keep a theme that was chosen."""
        if self.is_running:
            self.services.remember(theme=theme)

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
        if not self.services.runs.live:
            self.exit()
            return
        from charloom.tui.dialogs.quit import QuitDialog

        if not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(self.services.runs), self._leave)

    def _leave(self, answer: str | None) -> None:
        """Do as was answered."""
        from charloom.tui.dialogs.quit import GO_ON, SAVED, STOP, StopRunsDialog

        if answer in (GO_ON, SAVED):
            self.exit()
        elif answer == STOP:
            self.push_screen(StopRunsDialog(self.services.runs), self._leave)
