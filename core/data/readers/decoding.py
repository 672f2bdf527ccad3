"""The decoded text of a file, which is read in pieces or in lines."""

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from charloom.core.data.encodings import Encoding, misfit, unreadable
from charloom.core.data.readers.base import File, Reading
from charloom.core.data.text_file import PIECE_CHARACTERS

_START_CHARACTERS = 1 << 20
_LINES = 10_000  # between reports of progress


class TextStream:
    """The text of ``file`` without its byte order mark, which can be read several times.

    Reading it raises :class:`CharloomError` if the file does not fit its encoding or has NULs.
    """

    def __init__(self, file: File, encoding: Encoding, reading: Reading) -> None:
        self._file, self._encoding, self._reading = file, encoding, reading
        self._position = 0
        self.is_checked = reading.encoding is None or not file.listed
        """Whether binary data are refused."""
        self.has_mark = False
        with self._opened() as text:
            start = self._next(text.read, _START_CHARACTERS)
        self.has_mark = start.startswith("\ufeff")
        self.start = start.removeprefix("\ufeff")
        """The beginning of the text: about a million characters."""

    def pieces(self) -> Iterator[str]:
        """Yield the text in pieces."""
        with self._opened() as text:
            while piece := self._next(text.read, PIECE_CHARACTERS):
                if self.is_checked and "\0" in piece:
                    raise unreadable(self._file.label, " (NULs)", self._encoding.name)
                yield piece
                self._report()

    def lines(self) -> Iterator[str]:
        """Yield the lines of the text, with their ends as they are."""
        with self._opened() as text:
            count = 0
            while line := self._next(text.readline, -1):
                yield line
                count += 1
                if count % _LINES == 0:
                    self._report()
        self._report()

    @contextmanager
    def _opened(self) -> Iterator[io.TextIOWrapper]:
        stream, (name, errors, _) = self._file.stream, self._encoding
        stream.seek(0)
        text = io.TextIOWrapper(stream, name, errors, newline="")
        try:
            if self.has_mark:
                text.read(1)
            yield text
        finally:
            with suppress(ValueError):  # the stream was closed
                text.detach()

    def _next(self, read: Callable[[int], str], size: int) -> str:
        try:
            return read(size)
        except ValueError as error:
            raise misfit(self._encoding.name, self._file.label) from error

    def _report(self) -> None:
        """Report how far the file is read, the first time that it is."""
        position = self._file.stream.tell()
        if position > self._position:
            self._reading.on_progress(position - self._position)
            self._position = position
