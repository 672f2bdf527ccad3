"""The tour: ten stations from a text back to a text, on a person's own text and model.

The words are in :mod:`tui.tour.stages`; what they come to here is computed when it is asked for.
"""

from collections.abc import Callable
from functools import cached_property

from charloom.core.sampling.config import SamplingConfig
from charloom.tui.tour.network_stages import batch, loss, model, step
from charloom.tui.tour.quiz import (
    QuizQuestion,
    batch_question,
    characters_question,
    ids_question,
    loss_question,
    model_question,
    sampling_question,
    step_question,
    text_question,
    vocabulary_question,
    windows_question,
)
from charloom.tui.tour.sampling_stage import SamplingStage
from charloom.tui.tour.stages import STAGES, Stage
from charloom.tui.tour.subject import TourSubject
from charloom.tui.tour.text_stages import characters, ids, load_text, vocabulary, windows
from charloom.tui.tour.worked_example import WorkedExample

__all__ = ["NETWORK", "STAGES", "QuizQuestion", "Stage", "Tour"]

NETWORK = (6, 7, 8, 9)
"""The stations that wait for the child process."""

_OF_TEXT: dict[int, Callable[[TourSubject], list[str]]] = {
    1: load_text,
    2: characters,
    3: vocabulary,
    4: ids,
    5: windows,
}
_OF_NETWORK: dict[int, Callable[[TourSubject, WorkedExample], list[str]]] = {
    6: batch,
    7: model,
    8: loss,
    9: step,
}
_CHECKS: dict[int, Callable[[TourSubject], QuizQuestion]] = {
    1: text_question,
    2: characters_question,
    3: vocabulary_question,
    4: ids_question,
    5: windows_question,
    6: batch_question,
    7: model_question,
    8: loss_question,
}


class Tour:
    """What is to be seen at each station, by its number.

    ``chosen`` are the settings with which the person lets models write. ``example`` is None until
    the child has answered.
    """

    def __init__(self, subject: TourSubject, chosen: SamplingConfig) -> None:
        self.subject = subject
        self.example: WorkedExample | None = None
        self._chosen = chosen
        self._seen: dict[int, tuple[str, ...]] = {}
        self._checks: dict[int, QuizQuestion] = {}

    @cached_property
    def sampling(self) -> SamplingStage:
        """What station 10 is about."""
        return SamplingStage(self.subject, self._chosen)

    def figures(self, number: int) -> tuple[str, ...]:
        """Return the lines of a station, of at most 76 columns; none while they are awaited."""
        if number in NETWORK and self.example is None:
            return ()
        if number not in self._seen:
            self._seen[number] = tuple(self._computed(number))
        return self._seen[number]

    def check(self, number: int) -> QuizQuestion | None:
        """Return the question with one right answer; None while it is awaited."""
        if number == 9 and self.example is None:
            return None
        if number not in self._checks:
            self._checks[number] = self._made(number)
        return self._checks[number]

    def _made(self, number: int) -> QuizQuestion:
        if number == 10:
            return sampling_question(self.sampling)
        if number == 9:
            assert self.example is not None
            return step_question(self.example)
        return _CHECKS[number](self.subject)

    def _computed(self, number: int) -> list[str]:
        if number == 10:
            return self.sampling.lines()
        if number in NETWORK:
            assert self.example is not None
            return _OF_NETWORK[number](self.subject, self.example)
        return _OF_TEXT[number](self.subject)
