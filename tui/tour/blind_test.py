"""Real or model: tell held-out passages from those of a model; the result is in the lab notes."""

from dataclasses import fields

from charloom.core.analysis.passages import PassagePair, PassagePairs, held_out_text
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.read import load_checkpoint
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import read_notes, write_notes
from charloom.tui.tour import lab_notes

EXPLANATION = (
    "Both passages continue the same lines of the text. One is from its held-out end, which the "
    "model has never read; the other was written by the model."
)


class BlindTest:
    """Rounds with the checkpoint ``ref``; raises :class:`CharloomError` without held-out text."""

    def __init__(
        self, ref: CheckpointRef, sampling: SamplingConfig, seed: int, rounds: int
    ) -> None:
        loaded = load_checkpoint(ref)
        self.warning = loaded.warning
        self.ref = CheckpointRef.at(ref.name, loaded.checkpoint.step)
        self.setting = describe_setting(sampling)
        held_out = held_out_text(ref.name, loaded.checkpoint)
        self._pairs = PassagePairs(NumpyLSTM(loaded.checkpoint), held_out, sampling, seed, rounds)
        self.rounds = self._pairs.count
        self.guesses = self.fooled = 0

    def pair(self, number: int) -> PassagePair:
        """Return the passages of round ``number``, from 0; the model writes one of them now."""
        return self._pairs.pair(number)

    def guess(self, pair: PassagePair, choice: int) -> str:
        """Count a guess, note it, and return a sentence on it. Raises :class:`CharloomError`."""
        fooled = pair.fools(choice)
        self.guesses, self.fooled = self.guesses + 1, self.fooled + fooled
        name = self.ref.name
        write_notes(name, lab_notes.with_guess(read_notes(name), self.setting, fooled))
        return self.verdict(pair, choice)

    def verdict(self, pair: PassagePair, choice: int) -> str:
        """Return a sentence on a guess."""
        if pair.fools(choice):
            return f"It fooled you: {choice + 1} is by the model."
        return f"Right: {choice + 1} is from the text."

    @property
    def score(self) -> str:
        """A sentence on the guesses of this test."""
        return f"It fooled you {self.fooled} of {self.guesses}."

    def total(self) -> str:
        """Return a sentence on all guesses at this model with these settings."""
        fooled, count = lab_notes.find_guesses(read_notes(self.ref.name), self.setting)
        return f"Lab notes of {self.ref.name}: at {self.setting}, {fooled} of {count} in all."


def describe_setting(sampling: SamplingConfig) -> str:
    """Return the temperature, and the cuts that differ from the default."""
    default = SamplingConfig()
    values = {field.name: getattr(sampling, field.name) for field in fields(sampling)}
    parts = [
        f"{name.replace('_', '-')} {value:g}" if not isinstance(value, str) else f"{value} words"
        for name, value in values.items()
        if name == "temperature" or value != getattr(default, name)
    ]
    return ", ".join(parts)
