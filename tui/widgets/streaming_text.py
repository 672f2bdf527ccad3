"""A text that grows: only its last row is wrapped and rendered again."""

from bisect import bisect_left
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.content import Content
from textual.geometry import Size
from textual.reactive import reactive
from textual.strip import Strip
from textual.visual import Visual

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.flowing import soft_newlines
from charloom.tui.formatting.graphemes import graphemes, is_simple
from charloom.tui.widgets.direct_lines import DirectLines
from charloom.tui.widgets.token_readout import text_label
from charloom.tui.widgets.wrapped_text import WrappedText

_CARET, _NEWLINE = "▌", "↵"


class StreamingText(DirectLines, WrappedText):
    """A prompt and its continuation, between lines of notes.

    Three columns on the left have the ``bar``, in the first line the ``sign``, and a space.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "streaming--prompt",
        "streaming--sign",
        "streaming--match",
        "streaming--found",
        "streaming--newline",
    }

    bar: reactive[str] = reactive(" ", init=False)
    """The character at the start of every line, which marks the current text."""

    raw: reactive[bool] = reactive(False, init=False)
    """True if the newlines at which a text was wrapped break its lines, in any width."""

    _reserved_columns = 3

    def __init__(self, prompt: str = "", *, sign: str = " ") -> None:
        super().__init__(prompt)
        self._prompt_end = len(prompt)
        self._match = slice(0, 0)
        self._found: Sequence[tuple[int, int]] = ()
        self._soft: list[int] = []  # positions of newlines that are shown as spaces
        self._sign = sign
        self._caret = ""
        self._before: Sequence[Content] = ()
        self._after: Sequence[Content] = ()
        self._note_strips: tuple[list[Strip], list[Strip]] | None = None  # of both, once rendered

    @property
    def text(self) -> str:
        """The prompt and the continuation."""
        return self._original

    def append(self, text: str) -> None:
        """Append untrusted ``text``."""
        follows_newline = self._original.endswith("\n")
        self._original += text
        self._text += sanitize(text)
        if self._wrap_width:
            before, changed = len(self._rows), None
            if follows_newline or "\n" in text:
                changed = self._flow()
            first = before - 1 if changed is None else min(before - 1, self._rows.at(changed))
            self._rows.grow(self._text, changed)
            if changed is not None:
                self._clear_cache()
            self._refresh_from(first)
            if len(self._rows) != before:
                self.refresh(layout=True)

    def _flow(self) -> int | None:
        """Show the newlines of a hard-wrapped text as spaces if its lines are too long.

        Returns the first position that has changed, if any.
        """
        before, longest = self._soft, 0
        self._soft = [] if self.raw else soft_newlines(self._original)
        if self._soft:
            longest = max(map(len, self._original[self._prompt_end :].split("\n")))
        if longest <= self._wrap_width:
            self._soft = []
        if self._soft == before:
            return None
        characters = list(self._text)
        for positions, character in ((before, "\n"), (self._soft, " ")):
            for position in positions:
                characters[position] = character
        self._text = "".join(characters)
        return min(set(before) ^ set(self._soft), default=None)

    def watch_raw(self) -> None:
        self._wrap_width = 0  # wrapped again at the layout
        self.refresh(layout=True)

    def mark_found(self, spans: Sequence[tuple[int, int]]) -> None:
        """Highlight these parts of prompt and continuation only."""
        if list(spans) != list(self._found):
            self._found = spans
            self._clear_cache()
            self.refresh()

    def line_of(self, position: int) -> int:
        """Return the line of the widget that shows the character at ``position``."""
        return len(self._notes[0]) + self._rows.at(position)

    def set_caret(self, on: bool, pending: str = "") -> None:
        """Show or hide the caret that marks an unfinished text, before what may follow."""
        caret = _CARET + text_label(pending) if on else ""
        if caret != self._caret:
            self._caret = caret
            self._refresh_from(len(self._rows) - 1)

    def mark_match(self, match: slice) -> None:
        """Underline this part of the continuation only."""
        match = slice(self._prompt_end + match.start, self._prompt_end + match.stop)
        if match != self._match:
            self._match = match
            self._clear_cache()
            self.refresh()

    def set_notes(
        self, before: Sequence[Content], after: Sequence[Content], sign: str | None = None
    ) -> None:
        """Show these lines before and after the text."""
        self._before, self._after = before, after
        self._sign = self._sign if sign is None else sign
        self._clear_cache()
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        self._wrap(width)
        return len(self._rows) + sum(map(len, self._notes))

    def watch_bar(self) -> None:
        self._clear_cache()

    def render_line(self, y: int) -> Strip:
        before, after = self._notes
        row, count = y - len(before), len(self._rows)
        if 0 <= row < count - 1:
            return self._cached(row, lambda: self._with_margin(self._render_row(row), y))
        if row == count - 1:  # it may grow
            return self._with_margin(self._render_row(row), y)
        notes = [*before, *after]
        index = y if row < 0 else y - count
        return self._with_margin(notes[index] if index < len(notes) else Strip([]), y)

    @property
    def _notes(self) -> tuple[list[Strip], list[Strip]]:
        """The rendered lines before and after the text."""
        if self._note_strips is None:
            self._note_strips = self._render_notes(self._before), self._render_notes(self._after)
        return self._note_strips

    def _render_notes(self, notes: Sequence[Content]) -> list[Strip]:
        width, style = self._wrap_width, self.visual_style
        return [
            strip
            for note in notes
            for strip in Visual.to_strips(self, note, width, None, style, apply_selection=False)
        ]

    def _clear_cache(self) -> None:
        super()._clear_cache()
        self._note_strips = None

    def _refresh_from(self, row: int) -> None:
        """Refresh ``row`` and everything below it."""
        line = len(self._notes[0]) + row
        self._refresh_lines(line, self.size.height - line)

    def _with_margin(self, line: Strip, y: int) -> Strip:
        """Return a line in the width of the widget, with bar and sign before it."""
        style = self.component_style("streaming--sign")
        sign = self._sign if y == 0 else " "
        margin = Segment(f"{self.bar}{sign} ", style)
        return Strip([margin, *line]).adjust_cell_length(self.size.width, self.component_style())

    @property
    def _selection_style(self) -> Style:
        """The background of selected text and the colour of text, whatever the text's own is."""
        style = self.selection_style
        if self.screen.get_component_styles("screen--selection").color.a:  # in an ANSI theme
            return style
        return Style(color=self.component_style().color, bgcolor=style.bgcolor)

    def _render_row(self, number: int) -> Strip:
        """Return a row in segments: prompt, continuation, match and selection."""
        base_style = self.component_style()
        row, last = self._rows[number], number + 1 == len(self._rows)
        text = self._text[slice(*self._row_span(number))]
        text = text if last else text.rstrip("\n ")  # spaces that hang over the end
        prompt_end = self._prompt_end - row.start
        match_start, match_end = self._match.start - row.start, self._match.stop - row.start
        selected_start = selected_end = 0
        selection = self.text_selection if self.is_attached else None  # drawn until the next layout
        if selection and (span := selection.get_span(row.paragraph)):
            selected_start, selected_end = (column - row.column for column in span)
            selected_end = len(text) if span[1] < 0 else selected_end
        found = [
            (max(0, start - row.start), end - row.start)
            for start, end in self._found
            if start < row.start + len(text) and end > row.start
        ]
        newlines = self._newlines(row.start, len(text))
        for index in newlines:
            text = f"{text[:index]}{_NEWLINE}{text[index + 1 :]}"
        edges = [prompt_end, match_start, match_end, selected_start, selected_end]
        edges += [edge for span in found for edge in span]
        edges += [edge for index in newlines for edge in (index, index + 1)]
        cuts = {0, *(_grapheme_end(text, edge) for edge in (*edges, len(text)))}
        segments = []
        for start, end in pairwise(sorted(cuts)):
            in_prompt = start < prompt_end
            style = self.component_style("streaming--prompt") if in_prompt else base_style
            if match_start <= start < match_end:
                style += self.component_style("streaming--match", partial=True)
            if start in newlines:
                style += self.component_style("streaming--newline", partial=True)
            if any(first <= start < last for first, last in found):
                style += self.component_style("streaming--found", partial=True)
            if selected_start <= start < selected_end:
                style += self._selection_style
            segments.append(Segment(text[start:end], style))
        if last and self._caret:
            segments.append(Segment(self._caret, self.component_style("streaming--sign")))
        return Strip(segments).apply_offsets(row.column, row.paragraph)

    def _newlines(self, start: int, length: int) -> list[int]:
        """Return where, in a row, newlines are shown as spaces."""
        first = bisect_left(self._soft, start)
        return [
            place - start for place in self._soft[first : bisect_left(self._soft, start + length)]
        ]


def _grapheme_end(text: str, edge: int) -> int:
    """Return ``edge``, or the end of the grapheme within which it is."""
    if edge <= 0 or is_simple(text):
        return min(max(0, edge), len(text))
    return next((end for _, end, _ in graphemes(text) if end >= edge), len(text))
