"""A text in generation: its settings can change, it ends where it should, and it can continue."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import Choice, SamplingChange, SamplingConfig
from charloom.core.sampling.ending import (
    AT_LENGTH,
    MAX_OVERRUN,
    TAIL_CHARACTERS,
    Ending,
    reachable_unit,
    unit_ends,
)
from charloom.core.sampling.sampler import Prediction, Sampled, Sampler


class Completion(Iterator[Sampled]):
    """Up to ``length`` characters of a sampler, in constant memory.

    With stop strings, the text ends just before the first of them in the generated characters (the
    prompt does not count); of those that end at the same character, before the longest. Only
    characters that may be the beginning of one are held back. With a unit in ``ending.until``, the
    text is longer than ``length``: it continues to the end of a sentence, line or paragraph.

    The same arguments give the same text. The ``length``, ``changes`` and ``choices`` of a
    completion, given as arguments, reproduce what it yielded. All methods must be called from one
    thread.
    """

    def __init__(
        self,
        sampler: Sampler,
        length: int,
        ending: Ending = AT_LENGTH,
        changes: Iterable[SamplingChange] = (),
        choices: Iterable[Choice] = (),
    ) -> None:
        """Begin where ``sampler`` is. ``changes`` and ``choices`` apply at their positions."""
        self._sampler = sampler
        self._first_config = sampler.config
        self._length = length
        self.ending = ending
        self._until = reachable_unit(ending.until, sampler.network.vocab.c2ix)
        self._tail = ""  # the last characters that were yielded
        self._stop_begun = ""  # the end of the text, as far as it is the beginning of a stop string
        self._found_stop = False
        self._position = 0  # characters sampled
        self._pending: deque[Sampled] = deque()  # the last of them, not yielded yet
        self._changes: list[SamplingChange] = []
        self._due = deque(changes)
        self._choices: list[Choice] = []
        self._due_choices = deque(choices)
        self._apply_due_changes()

    @property
    def length(self) -> int:
        """The number of characters, up to a unit's end; may be raised and lowered at any time.

        A continued completion equals one that was longer from the start. One that is left early,
        with the number of yielded characters as its length, equals one that was shorter. Yielded
        characters are not taken back: if a stop string turns out to begin among them, the text
        ends there and ``length`` is set to their number. After a stop, ``length`` cannot change.
        """
        return self._length

    @length.setter
    def length(self, length: int) -> None:
        if not self.stopped:
            self._length = max(length, min(self._length, self._yielded))

    @property
    def config(self) -> SamplingConfig:
        """The settings of the next character; setting it drops the changes that are not due."""
        return self._sampler.config

    @config.setter
    def config(self, config: SamplingConfig) -> None:
        self._due.clear()
        self._set_config(config)

    @property
    def changes(self) -> tuple[SamplingChange, ...]:
        """The changes applied so far, up to the end of the text and what decided it."""
        end = max(self._length, self._position if self._until and self.done else self._yielded)
        return tuple(change for change in self._changes if change.position <= end)

    @property
    def choices(self) -> tuple[Choice, ...]:
        """The characters that were chosen so far, up to those that decided the end of the text."""
        end = self._position if self.done else self._yielded
        return tuple(choice for choice in self._choices if choice.position < end)

    @property
    def stopped(self) -> bool:
        """True if a stop string ended the text, so that it cannot continue."""
        return self._found_stop and len(self._pending) <= self._held

    @property
    def done(self) -> bool:
        """True if nothing more comes unless ``length`` is raised."""
        return self.stopped or self._ends() is True

    def __next__(self) -> Sampled:
        while not self.done:
            if self._releasable:
                return self._release()
            self._sample()
        raise StopIteration

    def step(self, choice: str = "") -> list[Sampled]:
        """Sample one character, or take ``choice``, and return what :func:`next` would yield now.

        That is nothing while characters are held back, and then several. For a completion of which
        every character is taken by this method.
        """
        if not self.done:
            self._sample(choice)
        sampled = []
        while not self.done and self._releasable:
            sampled.append(self._release())
        return sampled

    @property
    def pending(self) -> str:
        """The characters that are held back."""
        return "".join(sampled.character for sampled in self._pending)

    def predict(self) -> Prediction:
        """Return the prediction of the next character, after those that are held back."""
        return self._sampler.predict()

    @property
    def _releasable(self) -> bool:
        """True if the first of the pending characters belongs to the text, which is not done."""
        if self._position >= self._limit:
            return True
        undecided = not self._found_stop and self._ends() is None
        return len(self._pending) > self._held and not undecided

    def _release(self) -> Sampled:
        sampled = self._pending.popleft()
        if self._until:
            self._tail = (self._tail + sampled.character)[-TAIL_CHARACTERS:]
        return sampled

    def _ends(self) -> bool | None:
        """Return whether the text ends here; None if characters that follow will decide."""
        if self._yielded < self._length:
            return False
        if self._yielded >= self._limit:
            return True
        after = "".join(sampled.character for sampled in self._pending)
        return unit_ends(self._until, self._tail, after)

    @property
    def _limit(self) -> int:
        """The number of characters after which the text ends in any case."""
        return self._length + (MAX_OVERRUN if self._until else 0)

    @property
    def _held(self) -> int:
        """The number of characters that are not yielded yet, because of a stop string."""
        return 0 if self.ending.keep_stop else len(self._stop_begun)

    @property
    def _yielded(self) -> int:
        return self._position - len(self._pending)

    def _sample(self, choice: str = "") -> None:
        due = self._due_choices
        if not choice and due and due[0].position == self._position:
            choice = due.popleft().character
        sampled = self._sampler.take(choice)
        if choice:
            self._choices.append(Choice(self._position, choice))
        self._pending.append(sampled)
        self._position += 1
        if self.ending.stop:
            self._match_stop(sampled.character)
        if self._due:
            self._apply_due_changes()

    def _match_stop(self, character: str) -> None:
        """Update the beginning of a stop string that the text ends with."""
        begun = self._stop_begun + character
        while not any(stop.startswith(begun) for stop in self.ending.stop):
            begun = begun[1:]
        found = max(filter(begun.endswith, self.ending.stop), key=len, default="")
        self._stop_begun = found or begun
        if found:
            self._found_stop = True
            if len(self._pending) < self._held:
                self._length = self._yielded

    def _apply_due_changes(self) -> None:
        while self._due and self._due[0].position <= self._position:
            self._set_config(self._due.popleft().config)

    def _set_config(self, config: SamplingConfig) -> None:
        if self._changes and self._changes[-1].position == self._position:
            self._changes.pop()
        before = self._changes[-1].config if self._changes else self._first_config
        if config != before:
            self._changes.append(SamplingChange.at(self._position, config))
        self._sampler.config = config


def generate(
    network: NumpyLSTM,
    prompt: str = "",
    length: int = 500,
    sampling: SamplingConfig | None = None,
    seed: int = 0,
    stop: str | Sequence[str] = (),
    *,
    keep_stop: bool = False,
    until: str = "",
) -> str:
    """Return up to ``length`` characters that continue ``prompt``.

    ``stop`` is one string or several; the text ends before the first of them, with ``keep_stop``
    after it. With ``until="sentence"``, ``"line"`` or ``"paragraph"``, the text continues after
    ``length`` to the end of one, for up to 500 characters. The same arguments give the same text.
    Raises :class:`CharloomError` for a character that the network does not know;
    :meth:`Vocab.adapt` replaces such characters.
    """
    sampler = Sampler(network, prompt, sampling or SamplingConfig(), seed)
    completion = Completion(sampler, length, Ending(stop, keep_stop, until))
    return "".join(sampled.character for sampled in completion)
