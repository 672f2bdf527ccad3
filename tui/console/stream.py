"""Writes a text to stdout while it is generated, and collects it."""

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
    """Collects one generated text and its figures; with ``echo``, also writes it to stdout."""

    def __init__(self, echo: bool) -> None:
        self.length = 0
        self._echo = echo
        self._text = StringIO()
        self._written = 0  # characters of it that were written to stdout
        self._bits = 0.0
        self._first_time = self._last_time = 0.0  # of the first and the last character

    def write(
        self, prompt: str, completion: Callable[[], Iterable[Sampled]]
    ) -> BaseException | None:
        """Write the prompt, the characters of ``completion`` and a newline.

        ``completion`` is called after the prompt is written. Returns what ended the text too early,
        if anything: Ctrl-C or an error of stdout.
        """
        interruption: BaseException | None = None
        try:
            if self._echo:
                write_stdout(prompt, bold=True)
            self._collect(completion())
        except (KeyboardInterrupt, OSError) as error:
            interruption = error
        with suppress(OSError):
            self._flush(end="\n")
        return interruption

    @property
    def text(self) -> str:
        """The text; if it is echoed and longer than can be stored, only its last part."""
        return self._text.getvalue()

    @property
    def chars_per_second(self) -> float:
        """The speed after the first character, whose time includes reading the prompt."""
        seconds = self._last_time - self._first_time
        return (self.length - 1) / seconds if seconds > 0 else 0.0

    @property
    def bits_per_char(self) -> float | None:
        """The mean bits of the characters under the model; None without characters."""
        return self._bits / self.length if self.length else None

    def _collect(self, characters: Iterable[Sampled]) -> None:
        next_flush = 0.0
        for character, probability in characters:
            self._last_time = perf_counter()
            if not self.length:
                self._first_time = self._last_time
            self._text.write(character)
            self.length += 1
            self._bits -= math.log2(probability)
            if self._last_time >= next_flush:
                self._flush()
                next_flush = self._last_time + _FRAME_SECONDS

    def _flush(self, end: str = "") -> None:
        if not self._echo:
            return
        # Counted before it is written: if Ctrl-C interrupts the write, the next one completes it.
        self._text.seek(self._written)
        new_text = self._text.read()
        self._written += len(new_text)
        if self.length > MAX_STORED_CHARACTERS:
            self._text, self._written = StringIO(), 0
        write_stdout(new_text + end)
