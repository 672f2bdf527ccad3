"""Pairs of passages to tell apart: a text's own continuation, held out, and that of a model.

Both continue the same held-out text, which the model reads first, and begin at the same place. Both
are cut alike: at the end of a sentence, if each has one, else between words.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from charloom.core.data.text_file import Characters
from charloom.core.errors import CharloomError
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.runs.training_text import find_training_text
from charloom.core.sampling.completion import generate
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.ending import TAIL_CHARACTERS, reachable_unit, unit_ends

MAX_CHARACTERS = 300
"""Characters of a passage at most."""

_MIN_CHARACTERS = 100  # of a passage that ends with a sentence
_MAX_CONTEXT, _MIN_CONTEXT = 500, 100  # characters that the model reads before its passage
_MARGIN = 32  # characters after a passage, by which its end is recognized
_ATTEMPTS = 20  # to find a passage of characters that the model can write


@dataclass(frozen=True, slots=True)
class PassagePair:
    """The passage of the text and that of the model; ``real_first`` is the order to show."""

    real: str
    generated: str
    real_first: bool

    @property
    def passages(self) -> tuple[str, str]:
        """Both, in the order to show."""
        pair = self.real, self.generated
        return pair if self.real_first else pair[::-1]

    def fools(self, guess: int) -> bool:
        """Return whether passage ``guess`` (0 or 1), taken for the real one, is the model's."""
        return (guess == 0) is not self.real_first


class PassagePairs:
    """Up to ``count`` pairs, from places all over the held-out text; the same for a seed.

    Raises :class:`CharloomError` if too little text is held out.
    """

    def __init__(
        self,
        network: NumpyLSTM,
        held_out: Characters,
        sampling: SamplingConfig,
        seed: int,
        count: int = 10,
    ) -> None:
        self._network, self._held_out = network, held_out
        self._sampling, self._seed = sampling, seed
        self._unit = reachable_unit("sentence", network.vocab.c2ix)
        room = len(held_out) - _MIN_CONTEXT - MAX_CHARACTERS - _MARGIN
        if room < MAX_CHARACTERS:
            raise CharloomError(
                f"Only {len(held_out):,} characters of the text are held out, too few for passages "
                "that the model has never read. Train on a longer text, or hold out more of it."
            )
        self.count = min(count, room // MAX_CHARACTERS)
        self._slot = room // self.count

    def __iter__(self) -> Iterator[PassagePair]:
        return map(self.pair, range(self.count))

    def pair(self, number: int) -> PassagePair:
        """Return pair ``number``, from 0."""
        chance = random.Random(f"{self._seed} {number}")
        for _ in range(_ATTEMPTS):
            low = _MIN_CONTEXT + number * self._slot
            start = self._unit_start(low + chance.randrange(max(1, self._slot - MAX_CHARACTERS)))
            real = self._held_out[start : start + MAX_CHARACTERS + _MARGIN]
            if self._network.vocab.c2ix.keys() >= set(real):
                break
        context = self._held_out[max(0, start - _MAX_CONTEXT) : start]
        vocab, length = self._network.vocab, MAX_CHARACTERS + _MARGIN
        generated = generate(
            self._network, vocab.adapt(context)[0], length, self._sampling, self._seed + number
        )
        real, generated = cut_alike(vocab.adapt(real)[0], generated, self._unit)
        return PassagePair(real, generated, chance.random() < 0.5)

    def _unit_start(self, position: int) -> int:
        """Return where the first sentence after ``position`` begins; if none does, a word."""
        text = self._held_out[position - TAIL_CHARACTERS : position + MAX_CHARACTERS]
        for place in range(TAIL_CHARACTERS, len(text) - _MARGIN):
            before, after = text[place - TAIL_CHARACTERS : place], text[place : place + _MARGIN]
            if not after[0].isspace() and unit_ends(self._unit, before, after):
                return position - TAIL_CHARACTERS + place
        word = text.find(" ", TAIL_CHARACTERS)
        return position + (word - TAIL_CHARACTERS + 1 if word > 0 else 0)


def held_out_text(name: str, checkpoint: Checkpoint) -> Characters:
    """Return the text that ``checkpoint`` of the model ``name`` has never been trained on.

    Raises :class:`CharloomError` if its training text is not on this computer, or none is held out.
    """
    held_out = find_training_text(name, checkpoint).held_out
    if not len(held_out):
        raise CharloomError(f"{name!r} was trained on all of its text: none is held out.")
    return held_out


def cut_alike(real: str, generated: str, unit: str) -> tuple[str, str]:
    """Return both passages without blanks around, cut at the end of a sentence or line each.

    If one of them has no such end, both are cut between words, or else anywhere, and end in ``…``.
    """
    ends = [_last_end(text, unit) for text in (real, generated)]
    if all(ends):
        return real[: ends[0]].strip(), generated[: ends[1]].strip()
    return _cut_between_words(real), _cut_between_words(generated)


def _last_end(text: str, unit: str) -> int:
    """Return the last place of a passage's end where a ``unit`` ends; 0 if there is none."""
    for place in range(min(MAX_CHARACTERS, len(text)), _MIN_CHARACTERS, -1):
        before, after = text[max(0, place - TAIL_CHARACTERS) : place], text[place:]
        if not before[-1].isspace() and unit_ends(unit, before, after):
            return place
    return 0


def _cut_between_words(text: str) -> str:
    words = text.strip()[: MAX_CHARACTERS + 1]
    return f"{words.rpartition(' ')[0] or words[:MAX_CHARACTERS]} …"
