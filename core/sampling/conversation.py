"""A conversation with a model: its turns are written as in the training text."""

from collections.abc import Sequence
from dataclasses import dataclass

from charloom.core.data.dialogue import PLAIN, Dialogue
from charloom.core.errors import CharloomError
from charloom.core.sanitize import quoted
from charloom.core.wording import did_you_mean

MAX_CONTEXT_CHARACTERS = 4_000
"""The longest part of a conversation that a model reads before a turn, in under a second."""

_MAX_LISTED = 8  # names


@dataclass(frozen=True, slots=True)
class Conversation:
    """Who talks, and how their turns are written.

    Attributes:
        dialogue: how the training text marks speakers.
        user: the name that the user speaks as; empty if the form has no names.
        model: the name that the model speaks as.
    """

    dialogue: Dialogue = PLAIN
    user: str = ""
    model: str = ""

    @classmethod
    def between(cls, dialogue: Dialogue, user: str = "", model: str = "") -> "Conversation":
        """Return a conversation; names that are not given are the most frequent ones.

        Raises :class:`CharloomError` for a name that never speaks in the training text.
        """
        names = dialogue.names
        for name in filter(None, (user, model)):
            if not names:
                raise CharloomError(
                    f"The text of this model names no speakers, so no one can be {quoted(name)}."
                )
            if name not in names:
                first = ", ".join(names[:_MAX_LISTED])
                hint = did_you_mean(name, names) or f"the first are {first}."
                raise CharloomError(f"No one in the text is called {quoted(name)}; {hint}")
        if not names:
            return cls(dialogue)
        model = model or next(name for name in names if name != user)
        return cls(dialogue, user or next(name for name in names if name != model), model)

    def prompt(self, words: str) -> str:
        """Return the user's turn with ``words``, and the opening of the reply.

        Without words, the model speaks again.
        """
        if not words:
            return self.dialogue.opening(self.model, reply=True)
        return self.dialogue.turn(self.user, words, self.model)

    @property
    def stops(self) -> tuple[str, ...]:
        """Strings that the next turn begins with: a reply ends before any of them."""
        return self.dialogue.stops

    def context(self, turns: Sequence[str]) -> str:
        """Return the context of the next prompt: the last whole turns, up to the limit.

        Each of ``turns`` is a prompt and its reply; the limit is :data:`MAX_CONTEXT_CHARACTERS`.
        """
        context = ""
        for turn in reversed(turns):
            longer = turn.removesuffix(self.dialogue.end) + self.dialogue.end + context
            if len(longer) > MAX_CONTEXT_CHARACTERS:
                break
            context = longer
        return context
