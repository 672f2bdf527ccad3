"""What is asked of a model: a prompt, and how to go on from it, once or in several ways at once."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from charloom.core.sampling.config import MAX_TEMPERATURE, SamplingConfig

if TYPE_CHECKING:
    from charloom.core.model.numpy_lstm import NumpyLSTM
    from charloom.tui.services.writer import GenerationJob

MOST_COLUMNS = 4
VARIED = ("seed", "temperature")
_WARMER = 0.2  # from one candidate to the next


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """``columns`` candidates differ by what ``vary`` names: each has the next seed, or is warmer.

    ``typed`` is the prompt as the person wrote it, ``prompt`` as the model is given it.
    """

    typed: str
    prompt: str
    settings: SamplingConfig
    length: int
    seed: int
    stop: str = ""
    columns: int = 1
    vary: str = "seed"

    def varied(self, settings: SamplingConfig, number: int) -> SamplingConfig:
        """Return what the candidate ``number``, from 0, makes of ``settings``."""
        if self.vary != "temperature":
            return settings
        warmer = round(settings.temperature + _WARMER * number, 6)
        return replace(settings, temperature=min(MAX_TEMPERATURE, warmer))

    def seed_of(self, number: int) -> int:
        """Return the seed of the candidate ``number``."""
        return self.seed + (number if self.vary == "seed" else 0)

    def candidates(self, model: "NumpyLSTM") -> "list[GenerationJob]":
        """Return the candidates, for ``model`` to write."""
        from charloom.tui.services.writer import GenerationJob

        return [
            GenerationJob(
                model,
                self.prompt,
                self.varied(self.settings, number),
                self.seed_of(number),
                self.length,
                self.stop,
            )
            for number in range(self.columns)
        ]
