"""The panel beside the text: who writes, and how, while it is written and from then on."""

import secrets
from dataclasses import replace

from textual.app import ComposeResult
from textual.containers import VerticalScroll

from charloom.core.sampling.config import SamplingConfig
from charloom.tui.prompt.figures import GenerationStats
from charloom.tui.prompt.model_line import ActiveModelLabel
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.sampling_controls import SamplingControls

_FRESH = 1_000_000  # seeds: few enough to be remembered and told


class SidePanel(VerticalScroll, can_focus=False):
    """Whatever is chosen here holds from the next character on, or from the next text."""

    DEFAULT_CSS = """
    SidePanel {
        width: 26;
        border-left: vkey $border-blurred;
        scrollbar-size-vertical: 1;
        SamplingControls { height: auto; margin: 1 0; }
        ActionBar { padding-left: 1; margin-top: 1; }
    }
    """

    def __init__(self, remembered: Preferences) -> None:
        super().__init__()
        self._choices = SamplingControls(remembered)

    def compose(self) -> ComposeResult:
        """Lay out the model over the choices over the figures."""
        yield ActiveModelLabel()
        yield self._choices
        yield GenerationStats()
        yield ActionBar([("^b", "hide", "screen.panel"), ("^o", "model", "screen.choose_model")])

    @property
    def settings(self) -> SamplingConfig:
        """How the next character is to be drawn."""
        return self._choices.settings

    @property
    def length(self) -> int:
        """How many characters are wanted."""
        return self._choices.length

    def brief(self) -> GenerationRequest:
        """Return what is wanted of the next prompt."""
        chosen = self._choices.remembered
        return GenerationRequest(
            typed="",
            prompt="",
            settings=self.settings,
            length=self.length,
            seed=fresh_seed() if chosen["seed"] < 0 else chosen["seed"],
            stop=chosen["stop"],
            columns=chosen["columns"],
            vary=chosen["vary"],
        )

    def show(self, chosen: GenerationRequest) -> None:
        """Choose what was chosen for this one, its seed too."""
        self._choices.take(chosen)
        self._choices.change()

    def pin(self, seed: int) -> None:
        """Have every text begin with this seed from now on."""
        self.show(replace(self.brief(), seed=seed))


def fresh_seed() -> int:
    """Return a seed that nobody chose."""
    return secrets.randbelow(_FRESH)
