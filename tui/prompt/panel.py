"""The panel beside the text: who writes, and how, while it is written and from then on."""

import secrets
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from charloom.core.sampling.config import Settings
from charloom.tui.prompt.figures import Figures
from charloom.tui.prompt.model_line import ModelLine
from charloom.tui.services.generation_request import Brief
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.action_bar import Actions
from charloom.tui.widgets.sampling_controls import Choices

_FRESH = 1_000_000  # seeds: few enough to be remembered and told


class Controls(VerticalScroll, can_focus=False):
    """Whatever is chosen here holds from the next character on, or from the next text."""

    DEFAULT_CSS = """
    Controls {
        width: 26;
        border-left: vkey $border-blurred;
        scrollbar-size-vertical: 1;
        Choices { height: auto; margin: 1 0; }
        Actions { padding-left: 1; margin-top: 1; }
    }
    """

    def __init__(self, remembered: Preferences) -> None:
        super().__init__()
        self._choices = Choices(remembered)

    def compose(self) -> ComposeResult:
        """Lay out the model over the choices over the figures."""
        yield ModelLine()
        yield self._choices
        yield Figures()
        yield Actions([("^b", "hide", "screen.panel"), ("^o", "model", "screen.choose_model")])

    @property
    def settings(self) -> Settings:
        """How the next character is to be drawn."""
        return self._choices.settings

    @property
    def length(self) -> int:
        """How many characters are wanted."""
        return self._choices.length

    def brief(self) -> Brief:
        """Return what is wanted of the next prompt."""
        chosen = self._choices.remembered
        return Brief(
            typed="",
            prompt="",
            settings=self.settings,
            length=self.length,
            seed=fresh_seed() if chosen["seed"] < 0 else chosen["seed"],
            stop=chosen["stop"],
            columns=chosen["columns"],
            vary=chosen["vary"],
        )

    def show(self, chosen: Brief) -> None:
        """Choose what was chosen for this one, its seed too."""
        self._choices.take(chosen)
        self._choices.change()

    def pin(self, seed: int) -> None:
        """Have every text begin with this seed from now on."""
        self.show(replace(self.brief(), seed=seed))


def fresh_seed() -> int:
    """Return a seed that nobody chose."""
    return secrets.randbelow(_FRESH)
