"""The tour: ten stations from a text back to a text, on a person's own text and model.

The words are in :mod:`tui.tour.stages`; what they come to here is computed when it is asked for.
"""

from collections.abc import Callable
from functools import cached_property

from charloom.core.sampling.config import Settings
from charloom.tui.tour import network_stages as network_exhibits
from charloom.tui.tour import quiz as selfchecks
from charloom.tui.tour import text_stages as text_exhibits
from charloom.tui.tour.quiz import Check
from charloom.tui.tour.sampling_stage import Sampling
from charloom.tui.tour.stages import STATIONS, Station
from charloom.tui.tour.subject import Subject
from charloom.tui.tour.worked_example import Example

__all__ = ["NETWORK", "STATIONS", "Check", "Station", "Tour"]

NETWORK = (6, 7, 8, 9)
"""The stations that wait for the child process."""

_OF_TEXT: dict[int, Callable[[Subject], list[str]]] = {
    1: text_exhibits.load_text,
    2: text_exhibits.characters,
    3: text_exhibits.vocabulary,
    4: text_exhibits.ids,
    5: text_exhibits.windows,
}
_OF_NETWORK: dict[int, Callable[[Subject, Example], list[str]]] = {
    6: network_exhibits.batch,
    7: network_exhibits.model,
    8: network_exhibits.loss,
    9: network_exhibits.step,
}
_CHECKS: dict[int, Callable[[Subject], Check]] = {
    1: selfchecks.of_text,
    2: selfchecks.of_characters,
    3: selfchecks.of_vocabulary,
    4: selfchecks.of_ids,
    5: selfchecks.of_windows,
    6: selfchecks.of_batch,
    7: selfchecks.of_model,
    8: selfchecks.of_loss,
}


class Tour:
    """What is to be seen at each station, by its number.

    ``chosen`` are the settings with which the person lets models write. ``example`` is None until
    the child has answered.
    """

    def __init__(self, subject: Subject, chosen: Settings) -> None:
        self.subject = subject
        self.example: Example | None = None
        self._chosen = chosen
        self._seen: dict[int, tuple[str, ...]] = {}
        self._checks: dict[int, Check] = {}

    @cached_property
    def sampling(self) -> Sampling:
        """What station 10 is about."""
        return Sampling(self.subject, self._chosen)

    def figures(self, number: int) -> tuple[str, ...]:
        """Return the lines of a station, of at most 76 columns; none while they are awaited."""
        if number in NETWORK and self.example is None:
            return ()
        if number not in self._seen:
            self._seen[number] = tuple(self._computed(number))
        return self._seen[number]

    def check(self, number: int) -> Check | None:
        """Return the question with one right answer; None while it is awaited."""
        if number == 9 and self.example is None:
            return None
        if number not in self._checks:
            self._checks[number] = self._made(number)
        return self._checks[number]

    def _made(self, number: int) -> Check:
        if number == 10:
            return selfchecks.of_sampling(self.sampling)
        if number == 9:
            assert self.example is not None
            return selfchecks.of_step(self.example)
        return _CHECKS[number](self.subject)

    def _computed(self, number: int) -> list[str]:
        if number == 10:
            return self.sampling.lines()
        if number in NETWORK:
            assert self.example is not None
            return _OF_NETWORK[number](self.subject, self.example)
        return _OF_TEXT[number](self.subject)
