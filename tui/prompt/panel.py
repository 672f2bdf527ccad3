"""The panel beside the text: who writes, and how, while it is written and from then on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.sampling_controls import SamplingControls


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
        return self._choices.sampling

    @property
    def length(self) -> int:
        """How many characters are wanted."""
        return self._choices.length

    def brief(self) -> GenerationRequest:
        """Return what is wanted of the next prompt."""
        chosen = self._choices.preferences
        return GenerationRequest(
            raw_prompt="",
            prompt="",
            sampling=self.settings,
            length=self.length,
            seed=fresh_seed() if chosen["seed"] < 0 else chosen["seed"],
            stop=chosen["stop"],
            candidate_count=chosen["candidate_count"],
            vary_by=chosen["vary_by"],
        )

    def show(self, chosen: GenerationRequest) -> None:
        """Choose what was chosen for this one, its seed too."""
        self._choices.load_preferences(chosen)
        self._choices.post_changed()

    def pin(self, seed: int) -> None:
        """Have every text begin with this seed from now on."""
        self.show(replace(self.brief(), seed=seed))


class GenerationStats(Static):
    """Three lines, each a number in its place and what it counts."""

    DEFAULT_CSS = """
    GenerationStats { height: 3; padding: 0 1; text-wrap: nowrap; }
    """

    def __init__(self) -> None:
        super().__init__(markup=False)

    def on_mount(self) -> None:
        """Have nothing to show yet."""
        self.show((), None)

    def show(self, passages: Sequence[Candidate], chosen: Candidate | None) -> None:
        """Show the pace of all candidates together, and what the chosen one is like."""
        candidates = [each.candidate for each in passages if each.candidate]
        count = sum(each.count for each in candidates)
        seconds = sum(each.seconds for each in candidates)
        pace = f"{count / seconds:,.0f}" if seconds else "–"
        probability = bits = "–"
        if chosen and (made := chosen.candidate) and made.count:
            probability = f"{made.probability / made.count:.3f}"
            bits = f"{made.bits / made.count:.2f}"
        elif chosen and (stored := chosen.keepsake.stored):
            pace = f"{stored.chars_per_second:,.0f}"
            bits = bits if stored.bits_per_char is None else f"{stored.bits_per_char:.2f}"
        lines = ((pace, "characters/s"), (probability, "mean prob."), (bits, "bits/char"))
        self.update(
            Content("\n").join(
                Content.assemble((f"{figure:>8}", "bold"), (f" {what}", "$text-muted"))
                for figure, what in lines
            )
        )


_LONGEST = 60


class ActiveModelLabel(Static, can_focus=True):
    """``NAME@best`` over what is known of it, or over what is wrong with it."""

    DEFAULT_CSS = """
    ActiveModelLabel {
        height: 2;
        padding: 0 1;
        text-wrap: nowrap;
        text-overflow: ellipsis;
        &:hover, &:focus { background: $panel; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "screen.choose_model", "Choose another model", show=False)
    ]
    HELP = "Enter chooses another model."

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.tooltip = "Choose another model (ctrl+o)"
        self._told = "", ""

    def tell(self, address: str, known: str) -> None:
        """Show which model it is, and what is known of it."""
        if (address, known) == self._told:
            return
        self._told = address, known
        change = Content.styled("▾ ", "$accent")
        told = safe_content(known, "$text-muted")
        self.update(Content("\n").join([change + safe_line(address, _LONGEST, "bold"), told]))

    async def on_click(self) -> None:
        """Choose another."""
        await self.run_action("screen.choose_model")
