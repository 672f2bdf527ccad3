"""Settings: theme, default sampling settings and paths."""

import platform
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import version
from typing import Any, ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static
from textual.widgets.option_list import Option

from charloom.core import paths
from charloom.tui.dialogs.basic import confirm_dialog
from charloom.tui.formatting.content import safe_line
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.themes import DARK, LIGHT
from charloom.tui.services.preferences import ALERTS
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.keys import key_binding
from charloom.tui.widgets.option_list import PlainOptionList
from charloom.tui.widgets.option_row import OptionRow
from charloom.tui.widgets.sampling_controls import SamplingControls

_GETTING_STARTED = """\
Prompt ({app.prompt|F2}): press {composer.send|Enter} and the bundled model continues a sentence.
Train ({app.train|F3}): press {train.add|a} to train a model on a text of yours; a minute is \
enough to see it learn.
Library ({app.library|F4}): generated texts are saved there; stars mark favorites.
Tour ({app.tour|F6}): ten stages show in real numbers what happens to a text.
{app.help|F1} shows help for the current screen, {app.commands|ctrl+p} finds an action by its \
name, {app.jump|F7} shows a letter over each control, which moves the focus there."""
_ALERT_HELP = (
    "When a run ends, fails or begins to overfit while another window has the focus: let the "
    "terminal notify and ring its bell, only ring, or neither."
)
_NOT_RESET = ("model", "recent_texts", "welcomed")  # preferences that are not settings
_PACKAGES = {"charloom": "Charloom", "textual": "Textual", "numpy": "NumPy", "torch": "PyTorch"}
_MAX_PATH_CHARACTERS = 200


class SettingsScreen(BaseScreen):
    """Changes apply at once and are saved."""

    TITLE = "Settings"
    CSS_PATH = "screen.tcss"
    HELP = """
A theme applies as soon as it is highlighted; `ansi-dark` and `ansi-light` use the colours of your
terminal. *Sampling* has the same settings as the panel in Prompt: a change here shows there, and
the other way round. *Alert* is what a run that ends, fails or begins to overfit sends to the
terminal while another window has the focus. Charloom keeps all its files in one folder; set
`CHARLOOM_HOME` before starting it to use another one. The file *config* has defaults of your own,
and keys; the folder *themes* has themes of your own.
"""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (60, "-medium"), (120, "-wide")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding(
            "settings.copy_path",
            "Copy path",
            "Copy the highlighted path",
            action="copy",
            keys="ctrl+y",
        ),
        key_binding("settings.reset", "Reset", "Restore the default settings", keys="ctrl+r"),
    ]

    def body(self) -> Iterator[Widget]:
        with Horizontal(id="panes"):
            with Vertical(id="themes"):
                yield Static("Theme", classes="heading", markup=False)
                yield ThemeList(self.app.available_themes)
            with VerticalScroll(id="rest", can_focus=False):
                yield Static("Sampling", classes="heading", markup=False)
                yield SamplingControls(self.services.preferences)
                yield Static("Runs", classes="heading", markup=False)
                alert = OptionRow("alert", ALERTS, id="alert")
                alert.tooltip = _ALERT_HELP
                yield alert
                yield Static("Getting started", classes="heading", markup=False)
                yield Static(with_keys(self.app, _GETTING_STARTED), id="start", markup=False)
                yield Static(_versions(), id="versions", markup=False)
                yield Static("Paths", classes="heading", markup=False)
                yield PathList()
        yield ActionBar([("↑↓", "theme", ""), ("tab", "next", "app.focus_next"), *key_hints(self)])

    def on_mount(self) -> None:
        self.query_one(ThemeList).focus()

    def on_screen_resume(self) -> None:
        self._show_preferences()

    @on(SamplingControls.Changed)
    def save_sampling(self) -> None:
        self.services.remember(**self.query_one(SamplingControls).preferences)

    @on(OptionRow.Changed, "#alert")
    def save_alert(self, event: OptionRow.Changed) -> None:
        self.services.remember(alert=ALERTS[event.chosen])

    @on(PlainOptionList.OptionHighlighted, "ThemeList")
    def apply_theme(self, event: PlainOptionList.OptionHighlighted) -> None:
        self.app.theme = event.option_id or DARK.name

    @on(PlainOptionList.OptionSelected, "PathList")
    def action_copy(self) -> None:
        path = self.query_one(PathList).path
        self.app.copy_to_clipboard(path)
        self.notify(f"Copied {path}, if your terminal lets programs use the clipboard.")

    @work
    async def action_reset(self) -> None:
        question = "Reset theme and sampling settings to defaults?"
        dialog = confirm_dialog(question, "Reset", "r", "Models and texts are kept.")
        if await self.app.push_screen_wait(dialog):
            defaults = self.services.config.defaults
            names = [field.name for field in fields(defaults) if field.name not in _NOT_RESET]
            self.services.remember(**{name: getattr(defaults, name) for name in names})
            self.app.theme = defaults.theme
            self._show_preferences()

    def _show_preferences(self) -> None:
        self.query_one(SamplingControls).load_preferences(self.services.preferences)
        with self.prevent(OptionRow.Changed):
            alert = self.query_one("#alert", OptionRow)
            alert.chosen = ALERTS.index(self.services.preferences.alert)
        self.query_one(ThemeList).highlight(self.app.theme)


class ThemeList(PlainOptionList):
    """The available themes, Charloom's own first."""

    HELP = "A theme applies as soon as it is highlighted, and is saved."

    def __init__(self, themes: dict[str, Any]) -> None:
        own = [DARK.name, LIGHT.name]
        self._names = [*own, *sorted(set(themes) - {*own, "textual-ansi"})]
        super().__init__(*(Option(Content(name), id=name) for name in self._names))

    def highlight(self, theme: str) -> None:
        if theme in self._names:
            self.highlighted = self._names.index(theme)


class PathList(PlainOptionList):
    """Where Charloom keeps its files; Enter copies a path."""

    HELP = "Enter copies the highlighted path."

    def __init__(self) -> None:
        locations = {
            "everything": paths.home(),
            "models": paths.models_dir(),
            "texts": paths.downloads_dir(),
            "library": paths.library_file(),
            "config": paths.config_file(),
            "themes": paths.themes_dir(),
        }
        self._paths = [str(path.absolute()) for path in locations.values()]
        super().__init__(
            *(
                Content.assemble(
                    (f"{name:<12}", "$text-muted"), safe_line(path, _MAX_PATH_CHARACTERS)
                )
                for name, path in zip(locations, self._paths, strict=True)
            )
        )

    @property
    def path(self) -> str:
        """The highlighted path, by default the folder of everything."""
        return self._paths[self.highlighted or 0]


def _versions() -> str:
    packages = [f"{name} {version(package)}" for package, name in _PACKAGES.items()]
    system = [f"Python {platform.python_version()}", platform.platform(terse=True)]
    return " · ".join(packages + system)
