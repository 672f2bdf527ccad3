"""A text while it is written: it can be steered, ended by a stop string, and gone on with."""

from collections import deque
from collections.abc import Iterable, Iterator

from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.batched import BatchLane
from charloom.core.sampling.config import SamplingChange, SamplingConfig
from charloom.core.sampling.sampler import Sampled, Sampler


class Completion(Iterator[Sampled]):
    """Up to ``length`` characters of a stream, in memory that does not grow with them.

    With a stop string, the text ends just before the first place where that stands in what is
    generated (the prompt does not count). Only characters that may be its beginning are held back.

    The same arguments give the same text; a draft's ``length`` and ``changes`` are the arguments
    that give what it gave. It belongs to one thread: the one that draws is the one that steers.
    """

    def __init__(
        self,
        stream: Sampler | BatchLane,
        length: int,
        stop: str = "",
        changes: Iterable[SamplingChange] = (),
    ) -> None:
        """Begin where ``stream`` is. ``changes`` of its settings are made where they are due."""
        self._stream = stream
        self._first = stream.settings
        self._length = length
        self._stop = stop
        self._begun = 0  # how many characters of the stop string the text ends with
        self._stopped = False
        self._position = 0  # how many characters were drawn
        self._held: deque[Sampled] = deque()  # the last of these, not given yet
        self._changes: list[SamplingChange] = []
        self._ahead = deque(changes)
        self._follow()

    @property
    def length(self) -> int:
        """How many characters there will be at most; may be raised and lowered at any time.

        A draft that goes on is as one that was longer from the start, and one that is left early,
        with what it gave for its length, as one that was shorter. But what was given is not taken
        back: when the stop string turns out to begin in it, that is all, and the length is lowered
        to it. Once the stop string was met, the length stays.
        """
        return self._length

    @length.setter
    def length(self, length: int) -> None:
        if not self._stopped:
            self._length = length

    @property
    def settings(self) -> SamplingConfig:
        """What the next character is drawn with; setting it drops the changes still ahead."""
        return self._stream.settings

    @settings.setter
    def settings(self, settings: SamplingConfig) -> None:
        self._ahead.clear()
        self._steer(settings)

    @property
    def changes(self) -> tuple[SamplingChange, ...]:
        """The changes so far up to ``length``, by how many characters were drawn before each."""
        return tuple(each for each in self._changes if each.position <= self._length)

    @property
    def stopped(self) -> bool:
        """Whether the stop string ended it, so that it cannot go on."""
        return self._stopped

    @property
    def done(self) -> bool:
        """Whether nothing more comes, unless ``length`` is raised."""
        return self._stopped or self._given >= self._length

    def __next__(self) -> Sampled:
        while not self.done:
            if self._position >= self._length or len(self._held) > self._begun:
                return self._held.popleft()
            self._draw()
        raise StopIteration

    @property
    def _given(self) -> int:
        return self._position - len(self._held)

    def _draw(self) -> None:
        drawn = next(self._stream)
        self._held.append(drawn)
        self._position += 1
        if self._stop:
            self._match(drawn.character)
        if self._ahead:
            self._follow()

    def _match(self, character: str) -> None:
        """See how much of the stop string the text now ends with."""
        begun = self._stop[: self._begun] + character
        while not self._stop.startswith(begun):
            begun = begun[1:]
        self._begun = len(begun)
        if begun == self._stop:
            self._stopped = True
            if len(self._held) < len(self._stop):
                self._length = self._given

    def _follow(self) -> None:
        """Make the changes that are due."""
        while self._ahead and self._ahead[0].position <= self._position:
            self._steer(self._ahead.popleft().settings)

    def _steer(self, settings: SamplingConfig) -> None:
        if self._changes and self._changes[-1].position == self._position:
            self._changes.pop()
        before = self._changes[-1].settings if self._changes else self._first
        if settings != before:
            self._changes.append(SamplingChange.at(self._position, settings))
        self._stream.settings = settings


def generate(
    network: NumpyLSTM,
    prompt: str = "",
    length: int = 500,
    sampling: SamplingConfig | None = None,
    seed: int = 0,
    stop: str = "",
) -> str:
    """Return up to ``length`` characters that follow ``prompt``; the same arguments, the same text.

    The text ends before the first ``stop`` in it, if there is one. A character of the prompt that
    the network does not know raises :class:`CharloomError`; :meth:`Vocab.adapt` replaces such.
    """
    sampler = Sampler(network, prompt, sampling or SamplingConfig(), seed)
    return "".join(sampled.character for sampled in Completion(sampler, length, stop))
