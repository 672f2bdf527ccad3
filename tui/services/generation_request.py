"""Inputs of a generation: a prompt and the settings of one or several candidates."""

from dataclasses import dataclass, replace

from charloom.core.sampling.config import MAX_TEMPERATURE, SamplingConfig
from charloom.core.sampling.conversation import Conversation
from charloom.core.sampling.ending import AT_LENGTH, Ending
from charloom.core.store.ref import CheckpointRef

_TEMPERATURE_STEP = 0.2  # from one candidate to the next


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """Settings of ``candidate_count`` candidates, which differ in their seed or temperature.

    ``vary_by`` is ``seed`` or ``temperature``. ``prompt`` is ``raw_prompt``, as the user typed it,
    in the model's characters; in a ``conversation``, as a turn of it. ``context`` is what the model
    reads before the prompt; None: the page so far. With a ``rival``, a second candidate differs
    in its model only, which is that one.
    """

    raw_prompt: str
    prompt: str
    sampling: SamplingConfig
    length: int
    seed: int
    ending: Ending = AT_LENGTH
    candidate_count: int = 1
    vary_by: str = "seed"
    context: str | None = ""
    conversation: Conversation | None = None
    rival: CheckpointRef | None = None

    @property
    def job_ending(self) -> Ending:
        """The end of a text; in a conversation, the next turn is one."""
        if self.conversation is None:
            return self.ending
        return Ending((*self.conversation.stops, *self.ending.stop))

    def sampling_for(self, number: int, base: SamplingConfig | None = None) -> SamplingConfig:
        """Return the sampling settings of candidate ``number``, from 0; ``base`` replaces ours."""
        base = base or self.sampling
        if self.rival or self.vary_by != "temperature":
            return base
        temperature = round(base.temperature + _TEMPERATURE_STEP * number, 6)
        return replace(base, temperature=min(MAX_TEMPERATURE, temperature))

    def seed_for(self, number: int) -> int:
        """Return the seed of candidate ``number``, from 0."""
        return self.seed + (number if self.vary_by == "seed" and not self.rival else 0)
