"""A text that a model is writing: shown as it comes, at a steady pace, and kept to its end."""

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from io import StringIO
from time import perf_counter

from charloom.core.library.generation import MAX_STORED_CHARACTERS
from charloom.core.sampling.sampler import Sampled
from charloom.tui.console.output import write_stdout

_FRAME_SECONDS = 1 / 60


class OutputStream:
    """What came of one generation; ``shown`` on stdout as it comes, or kept only."""

    def __init__(self, shown: bool) -> None:
        self.length = 0
        self._shown = shown
        self._text = StringIO()
        self._written = 0  # how many characters of it stdout has got
        self._bits = 0.0
        self._first = self._last = 0.0  # when characters came

    def write(self, prompt: str, draft: Callable[[], Iterable[Sampled]]) -> BaseException | None:
        """Write the prompt, what is drawn and a newline; ``draft`` may take its time to begin.

        Returns what ended it too early, if anything did: Ctrl-C, or a stdout that takes no more.
        """
        ending: BaseException | None = None
        try:
            if self._shown:
                write_stdout(prompt, bold=True)
            self._write(draft())
        except (KeyboardInterrupt, OSError) as error:
            ending = error
        with suppress(OSError):
            self._show(final="\n")
        return ending

    @property
    def text(self) -> str:
        """All characters, if they were shown not more than :data:`MOST_KEPT`."""
        return self._text.getvalue()

    @property
    def chars_per_second(self) -> float:
        """The pace after the first character, which also waited for the prompt to be read."""
        seconds = self._last - self._first
        return (self.length - 1) / seconds if seconds > 0 else 0.0

    @property
    def bits_per_char(self) -> float | None:
        """The mean of what the network itself made of the characters; None if there are none."""
        return self._bits / self.length if self.length else None

    def _write(self, drawn: Iterable[Sampled]) -> None:
        due = 0.0
        for character, probability in drawn:
            self._last = perf_counter()
            if not self.length:
                self._first = self._last
            self._text.write(character)
            self.length += 1
            self._bits -= math.log2(probability)
            if self._last >= due:
                self._show()
                due = self._last + _FRAME_SECONDS

    def _show(self, final: str = "") -> None:
        if not self._shown:
            return
        # Counted before it is written: a write that Ctrl-C interrupts is completed by the next.
        self._text.seek(self._written)
        waiting = self._text.read()
        self._written += len(waiting)
        if self.length > MAX_STORED_CHARACTERS:
            self._text, self._written = StringIO(), 0
        write_stdout(waiting + final)
