"""The tour: the lines and the quiz question of each of the ten stages, computed on request.

The texts of the stages are in :mod:`charloom.tui.tour.stages`.
"""

from functools import cached_property

from charloom.core.sampling.config import SamplingConfig
from charloom.core.store.ref import CheckpointRef
from charloom.tui.tour import network_stages, quiz, text_stages
from charloom.tui.tour.quiz import QuizQuestion
from charloom.tui.tour.sampling_stage import SamplingStage
from charloom.tui.tour.subject import TextOpener, TourSubject, load_subject
from charloom.tui.tour.worked_example import WorkedExample

NETWORK_STAGES = (6, 7, 8, 9)
"""The stages that need the worked example."""

_TEXT_LINES = {
    1: text_stages.load_text,
    2: text_stages.characters,
    3: text_stages.vocabulary,
    4: text_stages.ids,
    5: text_stages.windows,
}
_NETWORK_LINES = {
    6: network_stages.batch,
    7: network_stages.model,
    8: network_stages.loss,
    9: network_stages.step,
}
_QUESTIONS = {
    1: quiz.text_question,
    2: quiz.characters_question,
    3: quiz.vocabulary_question,
    4: quiz.ids_question,
    5: quiz.windows_question,
    6: quiz.batch_question,
    7: quiz.model_question,
    8: quiz.loss_question,
}


def load_tour(
    ref: CheckpointRef, open_text: TextOpener | None, user_config: SamplingConfig
) -> "Tour":
    """Load a model and a text, and compute everything but the worked example."""
    tour = Tour(load_subject(ref, open_text), user_config)
    for number in (*_TEXT_LINES, *_NETWORK_LINES, 10):
        tour.lines(number)
        tour.question(number)
    return tour


class Tour:
    """The content of each stage, by its number.

    ``user_config`` are the user's sampling settings. ``example`` is None until the child process
    has computed it.
    """

    def __init__(self, subject: TourSubject, user_config: SamplingConfig) -> None:
        self.subject = subject
        self.example: WorkedExample | None = None
        self._user_config = user_config
        self._lines: dict[int, tuple[str, ...]] = {}
        self._questions: dict[int, QuizQuestion] = {}

    @cached_property
    def sampling_stage(self) -> SamplingStage:
        """The data of stage 10."""
        return SamplingStage(self.subject, self._user_config)

    def lines(self, number: int) -> tuple[str, ...]:
        """Return the lines of a stage, of at most 76 columns; none if it needs the example."""
        if number not in self._lines:
            if number in NETWORK_STAGES:
                if self.example is None:
                    return ()
                lines = _NETWORK_LINES[number](self.subject, self.example)
            elif number == 10:
                lines = self.sampling_stage.lines()
            else:
                lines = _TEXT_LINES[number](self.subject)
            self._lines[number] = tuple(lines)
        return self._lines[number]

    def question(self, number: int) -> QuizQuestion | None:
        """Return the quiz question of a stage; None if it needs the example."""
        if number not in self._questions:
            if number == 9:
                if self.example is None:
                    return None
                question = quiz.step_question(self.example)
            elif number == 10:
                question = quiz.sampling_question(self.sampling_stage)
            else:
                question = _QUESTIONS[number](self.subject)
            self._questions[number] = question
        return self._questions[number]
