"""Inputs of a generation: a prompt and the settings of one or several candidates."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from charloom.core.sampling.config import MAX_TEMPERATURE, SamplingConfig

if TYPE_CHECKING:
    from charloom.core.model.numpy_lstm import NumpyLSTM
    from charloom.tui.services.writer import GenerationJob

MAX_CANDIDATES = 4
VARY_OPTIONS = ("seed", "temperature")
_TEMPERATURE_STEP = 0.2  # from one candidate to the next


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """Settings of ``candidate_count`` candidates, which differ in their seed or temperature.

    ``vary_by`` is one of :data:`VARY_OPTIONS`. ``prompt`` is ``raw_prompt``, as the user typed it,
    in the model's characters.
    """

    raw_prompt: str
    prompt: str
    sampling: SamplingConfig
    length: int
    seed: int
    stop: str = ""
    candidate_count: int = 1
    vary_by: str = "seed"

    def sampling_for(self, number: int, base: SamplingConfig | None = None) -> SamplingConfig:
        """Return the sampling settings of candidate ``number``, from 0; ``base`` replaces ours."""
        base = base or self.sampling
        if self.vary_by != "temperature":
            return base
        temperature = round(base.temperature + _TEMPERATURE_STEP * number, 6)
        return replace(base, temperature=min(MAX_TEMPERATURE, temperature))

    def seed_for(self, number: int) -> int:
        """Return the seed of candidate ``number``, from 0."""
        return self.seed + (number if self.vary_by == "seed" else 0)

    def jobs(self, network: "NumpyLSTM") -> "list[GenerationJob]":
        """Return one job per candidate."""
        from charloom.tui.services.writer import GenerationJob

        return [
            GenerationJob(
                network,
                self.prompt,
                self.sampling_for(number),
                self.seed_for(number),
                self.length,
                self.stop,
            )
            for number in range(self.candidate_count)
        ]
