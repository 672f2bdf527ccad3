"""The app: its screens, its keys and its navigation. Never imports torch."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import App, ScreenStackError, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.notifications import Notify, SeverityLevel
from textual.screen import Screen
from textual.theme import Theme

from charloom.core.errors import CharloomError
from charloom.core.paths import themes_dir
from charloom.core.sanitize import quoted, sanitize
from charloom.core.store.ref import CheckpointRef
from charloom.core.wording import plural
from charloom.tui import messages
from charloom.tui.dialogs.key_bindings import active_key_actions
from charloom.tui.formatting.contrast import legible_variables, mend_theme
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.themes import DARK, LIGHT, heat_variables
from charloom.tui.modes import MODES, create_screen
from charloom.tui.services.app_services import AppServices

if TYPE_CHECKING:
    from charloom.core.data.text_file import Characters
    from charloom.tui.prompt.screen import PromptScreen
    from charloom.tui.tour.subject import TourRequest

_CONFIRMATION_SECONDS = 4.0
_MAX_PROBLEMS, _PROBLEM_SECONDS = 3, 20.0  # of the configuration that are shown, and how long
_FIND_HINT = (
    "{list.next_match|n} goes to the next place, {list.previous_match|N} to the previous one."
)


def _command_provider() -> type[Provider]:
    from charloom.tui.palette.commands import CommandProvider  # deferred until it is opened

    return CommandProvider


class CharloomApp(App[None], inherit_bindings=False):  # Textual's would come first in the footer
    """Prompt, train, library, settings and tour: each a mode, created when it is first opened."""

    TITLE = "Charloom"
    CSS_PATH = "app.tcss"
    DEFAULT_MODE = "prompt"
    SUSPENDED_SCREEN_CLASS = "-suspended"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_command_provider}
    BINDINGS: ClassVar[list[BindingType]] = [
        # Only bindings with priority work in dialogs.
        Binding("f1", "help", "Help", priority=True,
                tooltip="Explain this screen", id="app.help"),
        Binding("question_mark", "help", "Help", show=False, id="app.help_letter"),
        Binding("f2", "switch_mode('prompt')", "Prompt",
                tooltip="Generate text", id="app.prompt"),
        Binding("f3", "switch_mode('train')", "Train",
                tooltip="Train a model", id="app.train"),
        Binding("f4", "switch_mode('library')", "Library",
                tooltip="Browse saved texts and models", id="app.library"),
        Binding("f5", "switch_mode('settings')", "Settings",
                tooltip="Change theme and sampling defaults", id="app.settings"),
        Binding("f6", "switch_mode('tour')", "Tour",
                tooltip="Look inside a model, step by step", id="app.tour"),
        Binding("f7", "jump", "Jump", show=False, priority=True,
                tooltip="Go to a control, or to a stage of the tour, by a letter", id="app.jump"),
        Binding("ctrl+p", "command_palette", "Menu",
                tooltip="Find any action", id="app.commands"),
        Binding("ctrl+q", "quit", "Quit", priority=True,
                tooltip="Quit; training can continue", id="app.quit"),
        Binding("ctrl+l", "redraw", "Redraw", show=False,
                tooltip="Draw the whole screen again", id="app.redraw"),
        Binding("ctrl+c", "help_quit", show=False, system=True),
    ]  # fmt: skip

    def __init__(self, tour: "TourRequest | None" = None) -> None:
        """Create the app; ``tour`` is what the tour opens with, by default the current model."""
        self._mended_themes: dict[str, Theme] = {}  # Textual asks for the theme very often
        super().__init__()
        self.services = AppServices(self)
        for theme in (DARK, LIGHT):
            self.register_theme(theme)
        self._theme_problems = self._register_own_themes()
        preferred = self.services.preferences.theme
        self.theme = preferred if preferred in self.available_themes else DARK.name
        self.set_keymap(self.services.config.keys)
        for mode in MODES:
            self.add_mode(mode, partial(create_screen, mode, self.services, tour))

    def _register_own_themes(self) -> list[str]:
        """Offer the user's themes, and return what is wrong with the others."""
        if not (folder := themes_dir()).is_dir():
            return []
        from charloom.tui.services.own_themes import load_themes  # deferred: few users have some

        themes, problems = load_themes(folder, self.available_themes)
        for theme in themes:
            self.register_theme(theme)
        return problems

    def on_mount(self) -> None:
        # Watching the runs begins after the first frame, and so does checking the user's keys.
        self.call_after_refresh(lambda: self.services.watch_runs())
        self.call_after_refresh(self._check_config)

    @work
    async def _check_config(self) -> None:
        """Show what is wrong with the user's configuration, and use the rest."""
        config = self.services.config
        problems = [*config.problems, *config.key_problems, *self._theme_problems]
        if config.defaults.theme not in self.available_themes:
            problems.append(f"{config.path}: There is no theme {quoted(config.defaults.theme)}.")
        if config.keys:
            # Deferred: all screens are imported.
            from charloom.tui.keymap import check_keys
            from charloom.tui.services.background import run_in_background

            keys, wrong_keys = await run_in_background(lambda: check_keys(config.keys))
            if keys != config.keys:
                self.set_keymap(keys)
                for bar in self.screen.query("ActionBar, Footer"):
                    bar.refresh(layout=True)
            problems += [f"{config.path}: {problem}" for problem in wrong_keys]
        if problems:
            more = len(problems) - _MAX_PROBLEMS
            rest = [f"… and {plural(more, 'more problem')}"] if more > 0 else []
            message = "\n".join([*problems[:_MAX_PROBLEMS], *rest])
            self.notify(message, severity="warning", timeout=_PROBLEM_SECONDS)

    def on_unmount(self) -> None:
        self.services.close()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """Show a notification; control characters become glyphs, brackets are not markup."""
        if timeout is None and severity == "information":
            timeout = _CONFIRMATION_SECONDS
        super().notify(
            sanitize(message),
            title=sanitize(title),
            severity=severity,
            timeout=timeout,
            markup=markup,
        )

    def on_notify(self, event: Notify) -> None:
        """Keep only the last of the earlier notifications, unless the new one says the same."""
        *earlier, last = [event.notification, *self._notifications]
        if last.message == event.notification.message:
            earlier.append(last)
        for notification in earlier:
            self._unnotify(notification, refresh=False)

    def clear_selection(self) -> None:
        # A field calls this when it is mounted: on Python 3.12, before the first screen is open.
        with suppress(ScreenStackError):
            super().clear_selection()

    def action_redraw(self) -> None:
        self.refresh(layout=True)

    def get_key_display(self, binding: Binding) -> str:
        """Return a key as it is shown, such as ``F1``, ``^p`` or ``alt+R``."""
        *modifiers, key = super().get_key_display(binding).split("+")
        if re.fullmatch(r"\^?f\d+", key):
            key = key.upper()
        if "shift" in modifiers and len(key) == 1 and key.isalpha():
            modifiers.remove("shift")
            key = key.upper()
        return "+".join([*modifiers, key])

    def get_theme(self, theme_name: str) -> Theme | None:
        """Return a theme, mended where its contrast is too low."""
        theme = super().get_theme(theme_name)
        if theme and theme.name not in self._mended_themes:
            self._mended_themes[theme.name] = mend_theme(theme)
        return theme and self._mended_themes[theme.name]

    def get_css_variables(self) -> dict[str, str]:
        """Return the theme's colours, with legible muted ones and those of the heat map."""
        variables = super().get_css_variables()
        theme = self.current_theme
        if not theme.ansi:
            variables |= legible_variables(variables)
        return variables | heat_variables(variables, dark=theme.dark)

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Yield the actions that have a key now, and Textual's theme search."""
        idle = ("command_palette", f"switch_mode({self.current_mode!r})")  # they would do nothing
        titles = set[str]()
        for action in active_key_actions(screen):
            if action.tooltip and action.action not in idle and action.title not in titles:
                titles.add(action.title)
                yield SystemCommand(
                    action.title,
                    f"{action.tooltip} ({' '.join(action.keys)})",
                    partial(self.call_later, self.run_action, action.action, action.node),
                )
        yield SystemCommand("Theme", "Choose a theme", self.action_change_theme)
        yield SystemCommand(
            "Screenshot",
            "Save a picture of the screen",
            partial(self.call_later, self.action_screenshot),
        )

    def action_command_palette(self) -> None:
        from charloom.tui.palette.screen import Palette

        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    @work
    async def action_screenshot(self, filename: str | None = None, path: str | None = None) -> None:  # type: ignore[override] # noqa: ARG002
        """Save a picture of the screen, after asking for a file name."""
        from charloom.tui.dialogs.share import save_picture

        svg = self.export_screenshot(title=self.TITLE)
        await save_picture(self, "Save a picture of the screen to:", "charloom", svg)

    @on(messages.AskForPhrase)
    @work
    async def ask_for_phrase(self, message: messages.AskForPhrase) -> None:
        from charloom.tui.dialogs.basic import InputDialog

        dialog = InputDialog("Find:", message.phrase, detail=with_keys(self, _FIND_HINT))
        if (phrase := await self.push_screen_wait(dialog)) is not None:
            message.find(phrase)

    @on(messages.OpenPrompt)
    @work
    async def open_prompt(self, message: messages.OpenPrompt) -> None:
        await (await self._prompt_screen()).use_model(message.ref)

    @on(messages.ReopenGeneration)
    @work
    async def reopen_generation(self, message: messages.ReopenGeneration) -> None:
        await (await self._prompt_screen()).reopen(message.generation)

    async def _prompt_screen(self) -> "PromptScreen":
        from charloom.tui.prompt.screen import PromptScreen

        await self.switch_mode("prompt")
        prompt = next(screen for screen in self.screen_stack if isinstance(screen, PromptScreen))
        while self.screen is not prompt:  # an inspector that was left open
            await self.pop_screen()
        prompt.set_focus(prompt.composer)
        return prompt

    @on(messages.OpenInspector)
    @work
    async def open_inspector(self, message: messages.OpenInspector) -> None:
        """Open the inspector on a model, after loading it if necessary."""
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

        def find_text() -> "tuple[str, Characters]":
            return sample_text(checkpoint_ref) if text is None else ("generated text", text)

        await self.push_screen(InspectorScreen(self.services, model, find_text))

    @on(messages.OpenGrowth)
    def open_growth(self, message: messages.OpenGrowth) -> None:
        from charloom.tui.analysis.growth import GrowthScreen

        self.push_screen(GrowthScreen(self.services, message.name))

    @on(messages.OpenComparison)
    def open_comparison(self, message: messages.OpenComparison) -> None:
        from charloom.tui.analysis.compare import CompareScreen

        self.push_screen(CompareScreen(self.services, message.ref))

    def watch_theme(self, theme: str) -> None:
        if self.is_running:
            self.services.remember(theme=theme)

    def action_help(self) -> None:
        from charloom.tui.dialogs.help import HelpScreen

        if isinstance(self.screen, HelpScreen):
            self.screen.dismiss()
        else:
            self.push_screen(HelpScreen(self.screen))

    @work
    async def action_jump(self) -> None:
        from charloom.tui.dialogs.jump import JumpScreen, controls
        from charloom.tui.widgets.base_screen import BaseScreen

        screen = self.screen
        if isinstance(screen, JumpScreen):
            screen.dismiss(None)
            return
        more = screen.jump_targets() if isinstance(screen, BaseScreen) else ()
        if not (targets := [*controls(screen), *more]):
            self.notify("There is no control here to jump to.")
        elif target := await self.push_screen_wait(JumpScreen(targets)):
            target.go()

    def action_help_quit(self) -> None:
        self.notify(with_keys(self, "Press {app.quit|ctrl+q} to quit Charloom."))

    async def action_quit(self) -> None:
        """Quit; if runs are being trained, ask first what to do with them."""
        if not self.services.runs.live:
            self.exit()
            return
        from charloom.tui.dialogs.quit import QuitDialog

        if not isinstance(self.screen, QuitDialog):
            self.push_screen(QuitDialog(self.services.runs), self._handle_quit_answer)

    def _handle_quit_answer(self, answer: str | None) -> None:
        from charloom.tui.dialogs.quit import KEEP_GOING, SAVED, STOP, StopRunsDialog

        if answer in (KEEP_GOING, SAVED):
            self.exit()
        elif answer == STOP:
            self.push_screen(StopRunsDialog(self.services.runs), self._handle_quit_answer)
