"""Text that grows: whatever its length, only its last row is broken and drawn anew."""

from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

from rich.segment import Segment
from textual.content import Content
from textual.geometry import Region, Size
from textual.reactive import reactive
from textual.selection import Selection
from textual.strip import Strip
from textual.visual import Visual
from textual.widget import Widget

from charloom.core.sanitize import sanitize
from charloom.tui.formatting.wrapping import WrappedRows
from charloom.tui.textual_patches import clear_styles_cache

MEASURE = 88  # columns: longer lines are hard to read
GUTTER = 3  # columns before every line: a bar, a mark before the first, and a space
CARET = "▌"

_AT_HAND = 200  # rows that are kept as they were drawn


class StreamingText(Widget):
    """A prompt and what came after it, in a readable measure, between lines about them.

    Nothing in it is markup or acts on the terminal.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"flow--prompt", "flow--mark", "flow--copied"}
    DEFAULT_CSS = """
    StreamingText {
        height: auto;
        .flow--prompt { color: $primary; text-style: bold; }
        .flow--mark { color: $accent; text-style: bold; }
        .flow--copied { text-style: underline; }
    }
    """

    bar: reactive[str] = reactive(" ", init=False)
    """What stands before every line, to show that this is the one that is acted on."""

    def __init__(self, prompt: str = "", *, mark: str = " ") -> None:
        super().__init__()
        self._text = sanitize(prompt)
        self._prompt = len(prompt)
        self._copied = slice(self._prompt, self._prompt)
        self._mark = mark
        self._caret = False
        self._before: Sequence[Content] = ()
        self._after: Sequence[Content] = ()
        self._about: tuple[list[Strip], list[Strip]] | None = None  # these two, once drawn
        self._width = 0  # that the text is broken into rows for; 0: not yet
        self._rows = WrappedRows("", 1)
        self._drawn_rows: dict[int, Strip] = {}

    def add(self, text: str) -> None:
        """Show ``text``, which anybody may have written, after what is there."""
        self._text += sanitize(text)
        if self._width:
            before = len(self._rows)
            self._rows.grow(self._text)
            self._drawn_rows.pop(before - 1, None)
            self._refresh_from(before - 1, grown=len(self._rows) > before)

    def set_caret(self, on: bool) -> None:
        """Show that there is more to come, or no longer."""
        if on != self._caret:
            self._caret = on
            self._refresh_from(len(self._rows) - 1, grown=False)

    def mark(self, copied: slice) -> None:
        """Mark this part of what came after the prompt as copied, and no other."""
        copied = slice(self._prompt + copied.start, self._prompt + copied.stop)
        if copied != self._copied:
            self._copied = copied
            self._drawn_rows.clear()
            self.refresh()

    def tell(
        self, before: Sequence[Content], after: Sequence[Content], mark: str | None = None
    ) -> None:
        """Show these lines before and after the text."""
        self._before, self._after = before, after
        self._mark = self._mark if mark is None else mark
        self._about = None
        self._drawn_rows.clear()
        self.refresh(layout=True)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 - Textual's signature
        """Return the number of lines that there are."""
        self._break(max(1, min(width - GUTTER, MEASURE)))
        return len(self._rows) + sum(map(len, self._lines))

    def watch_bar(self) -> None:
        """Draw everything anew."""
        self._drawn_rows.clear()

    def notify_style_update(self) -> None:
        """Draw everything anew: the colours may be others."""
        super().notify_style_update()
        self._about = None
        self._drawn_rows.clear()

    def selection_updated(self, selection: Selection | None) -> None:
        """Show what was selected with the mouse."""
        self._drawn_rows.clear()
        super().selection_updated(selection)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Draw some lines. Rows that were drawn before are at hand, though the text has grown."""
        clear_styles_cache(self)
        background = self.background_colors[1]
        strips = [self.render_line(y) for y in crop.line_range]
        for each in self.get_line_filters():
            strips = [strip.apply_filter(each, background) for strip in strips]
        if crop.column_span != (0, self.size.width):
            strips = [strip.crop(*crop.column_span) for strip in strips]
        return strips

    def render_line(self, y: int) -> Strip:
        """Draw one line."""
        before, after = self._lines
        row = y - len(before)
        if 0 <= row < len(self._rows):
            if row not in self._drawn_rows or row + 1 == len(self._rows):
                if len(self._drawn_rows) > _AT_HAND:
                    self._drawn_rows.clear()
                self._drawn_rows[row] = self._whole(self._row(row), y)
            return self._drawn_rows[row]
        about = [*before, *after]
        place = y if row < 0 else y - len(self._rows)
        return self._whole(about[place] if place < len(about) else Strip([]), y)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """Return what of the text was selected with the mouse."""
        return selection.extract(self._text), "\n"

    def _break(self, width: int) -> None:
        """Break everything into lines of ``width`` cells."""
        if width != self._width:
            self._width = width
            self._rows = WrappedRows(self._text, width)
            self._drawn_rows.clear()
            self._about = None

    @property
    def _lines(self) -> tuple[list[Strip], list[Strip]]:
        """The lines before and after the text."""
        if self._about is None:
            self._about = self._drawn(self._before), self._drawn(self._after)
        return self._about

    def _drawn(self, contents: Sequence[Content]) -> list[Strip]:
        style = self.visual_style
        drawn = (
            Visual.to_strips(self, each, self._width, None, style, apply_selection=False)
            for each in contents
        )
        return [strip for strips in drawn for strip in strips]

    def _refresh_from(self, row: int, *, grown: bool) -> None:
        top = len(self._lines[0]) + row
        self.refresh(Region(0, top, self.size.width, max(1, self.size.height - top)))
        if grown:
            self.refresh(layout=True)

    def _whole(self, line: Strip, y: int) -> Strip:
        """Return a line as wide as this is, with what stands before it."""
        style = self.rich_style
        bar = self.get_component_rich_style("flow--mark")
        segments = [Segment(self.bar, bar), Segment((self._mark if y == 0 else " ") + " ", bar)]
        return Strip([*segments, *line]).adjust_cell_length(self.size.width, style)

    def _row(self, number: int) -> Strip:
        style = self.rich_style
        row, last = self._rows[number], number + 1 == len(self._rows)
        end = len(self._text) if last else self._rows[number + 1].start
        text = self._text[row.start : end]
        text = text if last else text.rstrip("\n ")  # which hang over
        prompt = self._prompt - row.start  # its end in this row, if it is not before or behind
        chosen = chosen_end = 0
        if self.text_selection and (span := self.text_selection.get_span(row.paragraph)):
            chosen, chosen_end = (place - row.column for place in span)
            chosen_end = len(text) if span[1] < 0 else chosen_end
        copied, copied_end = self._copied.start - row.start, self._copied.stop - row.start
        edges = (0, prompt, copied, copied_end, chosen, chosen_end, len(text))
        cuts = {min(max(0, cut), len(text)) for cut in edges}
        segments = []
        for start, stop in pairwise(sorted(cuts)):
            looks = self.get_component_rich_style("flow--prompt") if start < prompt else style
            if copied <= start < copied_end:
                looks += self.get_component_rich_style("flow--copied", partial=True)
            if chosen <= start < chosen_end:
                looks += self.screen.get_component_rich_style("screen--selection")
            segments.append(Segment(text[start:stop], looks))
        if last and self._caret:
            segments.append(Segment(CARET, self.get_component_rich_style("flow--mark")))
        return Strip(segments).apply_offsets(row.column, row.paragraph)
