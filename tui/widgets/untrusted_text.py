"""Text that is shown sanitized and copied by mouse as it is."""

from itertools import accumulate

from textual.content import Content
from textual.geometry import Offset
from textual.selection import Selection
from textual.widgets import Static


def selected_part(selection: Selection, text: str, lines: str = "") -> str:
    """Return the part of ``text`` between two offsets (character, line).

    The lines are those of ``lines``, a text of the same length, if it is given. Only newlines end
    a line, as in sanitized text: :meth:`Selection.extract` would also split at form feeds and the
    like.
    """
    starts = [0, *accumulate(len(line) + 1 for line in (lines or text).split("\n"))]

    def position(offset: Offset) -> int:
        if offset.y >= len(starts) - 1:
            return len(text)
        return min(starts[offset.y] + offset.x, starts[offset.y + 1] - 1)

    start = position(selection.start) if selection.start else 0
    return text[start : position(selection.end) if selection.end else len(text)]


class UntrustedText(Static):
    """A Static of sanitized text; selecting it copies the original."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id, markup=False)
        self._original = self._lines = ""

    def set_text(self, content: Content, original: str, lines: str = "") -> None:
        """Show ``content``, which begins with ``original`` in sanitized form.

        Its lines are those of ``lines``, a text of the same length, if it is given.
        """
        self._original, self._lines = original, lines
        self.update(content)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        return selected_part(selection, self._original, self._lines), "\n"
