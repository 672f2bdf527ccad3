"""The panel next to the transcript: the model, the sampling settings and statistics."""

import math
from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from charloom.core.sampling.config import SamplingConfig, fresh_seed
from charloom.core.sampling.ending import Ending
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.units import as_choice
from charloom.tui.prompt.candidate import Candidate
from charloom.tui.prompt.memory_controls import MemoryControls
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.action_bar import ActionBar, KeyHint
from charloom.tui.widgets.sampling_controls import SamplingControls

_MAX_NAME_CHARACTERS = 60
_STATS_HELP = (
    "The mean probability that the model gave to the characters it chose, and the bits that each "
    f"cost. 2 bits per character are {as_choice(2.0)}."
)


class SidePanel(VerticalScroll, can_focus=False):
    """Sampling settings apply from the next character, the others from the next text."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._controls = SamplingControls(preferences)
        self.memory = MemoryControls(preferences)

    def compose(self) -> ComposeResult:
        yield ActiveModelLabel()
        yield self._controls
        yield self.memory
        yield GenerationStats()
        yield ActionBar(
            [
                KeyHint("{prompt.panel|^b}", "hide", "screen.panel"),
                KeyHint("{prompt.choose_model|^o}", "model", "screen.choose_model"),
            ]
        )

    @property
    def sampling(self) -> SamplingConfig:
        """The settings for sampling the next character."""
        return self._controls.sampling

    @property
    def length(self) -> int:
        """The number of characters to generate."""
        return self._controls.length

    @property
    def pace(self) -> int:
        """The characters a second; 0: as many as possible."""
        return self._controls.pace

    def request(self, raw_prompt: str = "") -> GenerationRequest:
        """Return a request for ``raw_prompt`` with the current settings."""
        settings = self._controls.preferences
        return GenerationRequest(
            raw_prompt=raw_prompt,
            prompt="",
            sampling=self.sampling,
            length=self.length,
            seed=fresh_seed() if settings["seed"] < 0 else settings["seed"],
            ending=Ending(settings["stop"], until=settings["until"]),
            candidate_count=settings["candidate_count"],
            vary_by=settings["vary_by"],
            context="" if self.memory.memory == "off" else None,
            conversation=self.memory.conversation,
        )

    def load(self, request: GenerationRequest) -> None:
        """Choose the settings of ``request``, including its seed."""
        self._controls.load_preferences(request)
        self._controls.post_changed()


class GenerationStats(Static):
    """Three lines, each with a number and its unit."""

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.tooltip = _STATS_HELP
        self._numbers: tuple[str, ...] = ()

    def on_mount(self) -> None:
        self.set_candidates((), None)

    def set_candidates(
        self, candidates: Sequence[Candidate], chosen: Candidate | None, pace: int = 0
    ) -> None:
        """Show the speed of all candidates together, and the mean figures of the chosen one.

        They are written at ``pace`` characters a second each, if it is not 0.
        """
        jobs = [candidate.job for candidate in candidates if candidate.job]
        count = sum(job.count for job in jobs)
        seconds = sum(job.seconds for job in jobs)
        limit = pace * len(jobs) or math.inf
        speed = f"{min(limit, count / seconds):,.0f}" if seconds else "–"
        probability = bits = "–"
        if chosen and (job := chosen.job) and job.count:
            probability = f"{job.probability / job.count:.3f}"
            bits = f"{job.bits / job.count:.2f}"
        elif chosen and (record := chosen.record):
            speed = f"{record.chars_per_second:,.0f}"
            bits = bits if record.bits_per_char is None else f"{record.bits_per_char:.2f}"
        if self._numbers == (speed, probability, bits):
            return
        self._numbers = speed, probability, bits
        units = "characters/s", "mean prob.", "bits/char"
        self.update(
            Content("\n").join(
                Content.assemble((f"{number:>8}", "bold"), (f" {unit}", "$text-muted"))
                for number, unit in zip(self._numbers, units, strict=True)
            ),
            layout=False,  # which takes as long as ten pictures of a growing text
        )


class ActiveModelLabel(Static, can_focus=True):
    """The name of the model in use, above its state."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,space", "screen.choose_model", "Choose another model", show=False)
    ]
    HELP = "Enter chooses another model."

    def __init__(self) -> None:
        super().__init__(markup=False)
        self.tooltip = with_keys(self.app, "Choose another model ({prompt.choose_model|ctrl+o})")
        self._lines = "", ""

    def set_model(self, name: str, state: str) -> None:
        """Show the name of a model and its state."""
        if (name, state) != self._lines:
            self._lines = name, state
            arrow = Content.styled("▾ ", "$accent")
            title = arrow + safe_line(name, _MAX_NAME_CHARACTERS, "bold")
            self.update(Content("\n").join([title, safe_content(state, "$text-muted")]))

    async def on_click(self) -> None:
        await self.run_action("screen.choose_model")
