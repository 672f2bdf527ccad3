"""A conversation with a model: its turns are written as in the training text."""

from collections.abc import Sequence
from dataclasses import dataclass

from charloom.core.data.dialogue import Dialogue
from charloom.core.errors import CharloomError
from charloom.core.sanitize import quoted
from charloom.core.wording import did_you_mean

MAX_CONTEXT_CHARACTERS = 4_000
"""What a model reads of the conversation before a turn: whole turns, in less than a second."""

_LINE_END = "\n"  # of a turn where the text marks no speakers


@dataclass(frozen=True, slots=True)
class Conversation:
    """Who talks, and how their turns are written.

    Attributes:
        dialogue: how the training text marks speakers; None if it has none. Then a turn is a line.
        user: the name that the user speaks as; empty if the form has no names.
        model: the name that the model speaks as.
    """

    dialogue: Dialogue | None = None
    user: str = ""
    model: str = ""

    @classmethod
    def between(cls, dialogue: Dialogue | None, user: str = "", model: str = "") -> "Conversation":
        """Return a conversation; names that are not given are the most frequent ones.

        Raises :class:`CharloomError` for a name that never speaks in the training text.
        """
        names = dialogue.names if dialogue else ()
        for name in filter(None, (user, model)):
            if not names:
                raise CharloomError(
                    f"The text of this model names no speakers, so no one can be {quoted(name)}."
                )
            if name not in names:
                hint = did_you_mean(name, names) or f"the first are {', '.join(names[:8])}."
                raise CharloomError(f"No one in the text is called {quoted(name)}; {hint}")
        if not names:
            return cls(dialogue)
        model = model or next(name for name in names if name != user)
        return cls(dialogue, user or next(name for name in names if name != model), model)

    def prompt(self, words: str) -> str:
        """Return the user's turn with ``words``, and the opening of the reply."""
        if self.dialogue is None:
            return words + _LINE_END
        return self.dialogue.turn(self.user, words, self.model)

    @property
    def stops(self) -> tuple[str, ...]:
        """Strings that the next turn begins with: a reply ends before any of them."""
        return self.dialogue.stops if self.dialogue else (_LINE_END,)

    def context(self, turns: Sequence[str]) -> str:
        """Return what the model reads before the next prompt.

        That are the last whole turns, each a prompt and its reply, in at most
        :data:`MAX_CONTEXT_CHARACTERS`.
        """
        return join_turns(turns, self.dialogue.end if self.dialogue else _LINE_END)


def join_turns(turns: Sequence[str], end: str = _LINE_END) -> str:
    """Return the last whole ones of ``turns``, each with ``end``, as far as a model reads them."""
    context = ""
    for turn in reversed(turns):
        longer = turn.removesuffix(end) + end + context
        if len(longer) > MAX_CONTEXT_CHARACTERS:
            break
        context = longer
    return context
