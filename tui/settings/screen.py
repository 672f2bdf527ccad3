"""Settings: how the app looks, how models write unless told otherwise, and where everything is."""

import platform
from collections.abc import Iterator
from dataclasses import fields
from importlib.metadata import version
from typing import Any, ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static
from textual.widgets.option_list import Option

from charloom.core import paths
from charloom.tui.dialogs.basic import confirm_dialog
from charloom.tui.formatting.content import safe_line
from charloom.tui.formatting.themes import DARK, LIGHT
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.option_list import PlainOptionList
from charloom.tui.widgets.sampling_controls import SamplingControls

_BEGIN = """\
Prompt (F2): Enter lets the model that comes along go on from a sentence.
Train (F3): n teaches a new model a text of yours; a minute shows how it learns.
Library (F4): what was written is kept there; a star finds it again.
Tour (F6): ten stations show what becomes of a text, yours or another, in real numbers.
F1 says what can be done on any screen, ctrl+p finds an action by its name."""
_KEPT = ("model", "recent_texts", "welcomed")  # what a reset leaves alone
_PACKAGES = {"charloom": "Charloom", "textual": "Textual", "numpy": "NumPy", "torch": "PyTorch"}
_LONGEST_PATH = 200


class SettingsScreen(BaseScreen):
    """Whatever is changed here holds at once, and is remembered."""

    TITLE = "Settings"
    CSS_PATH = "screen.tcss"
    HELP = """
A theme is used as soon as it is highlighted; `ansi-dark` and `ansi-light` have the colours of your
terminal. The lines under *How models write* are those beside the text in Prompt: what is chosen
here is there, and the other way round. Everything Charloom keeps is in one folder; set
`CHARLOOM_HOME` before it starts to have it elsewhere.
"""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+r", "reset", "Reset", show=False, tooltip="Have the first settings back"),
        Binding("ctrl+y", "copy", "Copy", show=False, tooltip="Copy the place that is highlighted"),
    ]

    def body(self) -> Iterator[Widget]:
        """Lay out the themes beside everything else."""
        with Horizontal(id="halves"):
            with Vertical(id="looks"):
                yield Static("How it looks", classes="heading", markup=False)
                yield ThemeList(self.app.available_themes)
            with VerticalScroll(id="rest", can_focus=False):
                yield Static("How models write", classes="heading", markup=False)
                yield SamplingControls(self.services.preferences)
                yield Static("What to do first", classes="heading", markup=False)
                yield Static(_BEGIN, id="begin", markup=False)
                yield Static(_versions(), id="versions", markup=False)
                yield Static("Where things are", classes="heading", markup=False)
                yield PathList()
        yield ActionBar(
            [
                ("↑↓", "theme", ""),
                ("tab", "next", "app.focus_next"),
                ("^y", "copy place", "screen.copy"),
                ("^r", "reset", "screen.reset"),
            ]
        )

    def on_mount(self) -> None:
        """Begin with the themes."""
        self.query_one(ThemeList).focus()

    def on_screen_resume(self) -> None:
        """Show what was chosen elsewhere meanwhile."""
        self._show()

    @on(SamplingControls.Changed)
    def keep(self) -> None:
        """Remember what was chosen."""
        self.services.remember(**self.query_one(SamplingControls).preferences)

    @on(PlainOptionList.OptionHighlighted, "ThemeList")
    def look(self, event: PlainOptionList.OptionHighlighted) -> None:
        """Look as it was chosen."""
        self.app.theme = event.option_id or DARK.name

    @on(PlainOptionList.OptionSelected, "PathList")
    def action_copy(self) -> None:
        """Copy the place that is highlighted."""
        place = self.query_one(PathList).place
        self.app.copy_to_clipboard(place)
        self.notify(f"{place} is in the clipboard, if your terminal lets programs use it.")

    @work
    async def action_reset(self) -> None:
        """Have the settings back that were there at first, when the person is sure."""
        question = "Have looks and ways to write as they were at first?"
        dialog = confirm_dialog(question, "Reset", "r", "Texts, models and what was written stay.")
        if await self.app.push_screen_wait(dialog) == "yes":
            first = Preferences()
            self.services.remember(
                **{f.name: getattr(first, f.name) for f in fields(first) if f.name not in _KEPT}
            )
            self.app.theme = first.theme
            self._show()

    def _show(self) -> None:
        self.query_one(SamplingControls).load_preferences(self.services.preferences)
        self.query_one(ThemeList).show(self.app.theme)


class ThemeList(PlainOptionList):
    """The looks there are, the house's own first."""

    HELP = "A theme is used as soon as it is highlighted, and remembered."

    def __init__(self, themes: dict[str, Any]) -> None:
        own = [DARK.name, LIGHT.name]
        self._names = [*own, *sorted(set(themes) - {*own, "textual-ansi"})]
        super().__init__(*(Option(Content(name), id=name) for name in self._names))

    def show(self, theme: str) -> None:
        """Highlight the theme that is used."""
        if theme in self._names:
            self.highlighted = self._names.index(theme)


class PathList(PlainOptionList):
    """Where everything is kept; Enter copies a place."""

    HELP = "Enter copies the place that is highlighted."

    def __init__(self) -> None:
        found = {
            "everything": paths.home(),
            "models": paths.models(),
            "recent_texts": paths.downloads(),
            "library": paths.library(),
        }
        self._places = [str(place.absolute()) for place in found.values()]
        super().__init__(
            *(
                Content.assemble((f"{name:<12}", "$text-muted"), safe_line(place, _LONGEST_PATH))
                for name, place in zip(found, self._places, strict=True)
            )
        )

    @property
    def place(self) -> str:
        """The place that is highlighted, or else where everything is."""
        return self._places[self.highlighted or 0]


def _versions() -> str:
    told = [f"{name} {version(package)}" for package, name in _PACKAGES.items()]
    return " · ".join([*told, f"Python {platform.python_version()}", platform.platform(terse=True)])
