"""Inputs of a generation: a prompt and the settings of one or several candidates."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from charloom.core.sampling.config import MAX_TEMPERATURE, SamplingConfig
from charloom.core.sampling.conversation import Conversation
from charloom.core.sampling.ending import AT_LENGTH, Ending
from charloom.core.store.ref import CheckpointRef
from charloom.tui.formatting.prompt_changes import adapt_prompt, describe_changes

if TYPE_CHECKING:
    from charloom.tui.services.model_cache import LoadedModel

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

    def adapted(self, context: str, model: "LoadedModel") -> tuple[Self, str]:
        """Return the request in characters of ``model``, and a note on how the prompt changed.

        ``context`` is what it reads before the prompt.
        """
        vocab = model.network.vocab
        prompt, changes = adapt_prompt(self.raw_prompt, vocab)
        if self.conversation:
            prompt = self.conversation.prompt(prompt)
        adapted = replace(self, prompt=prompt, context=vocab.adapt(context)[0])
        return adapted, describe_changes(self.raw_prompt, changes)

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
