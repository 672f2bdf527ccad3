"""Find a phrase in a list or a text with /, and its next and previous place with n and N."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Offset, Region
from textual.selection import Selection
from textual.widget import Widget
from textual.widgets import Static

from charloom.tui.messages import AskForPhrase
from charloom.tui.widgets.keys import SCROLLING_KEYS, key_binding
from charloom.tui.widgets.streaming_text import StreamingText

if TYPE_CHECKING:
    _Widget = Widget
else:
    _Widget = object  # Textual finds styles and component classes by the first base only

FINDING_KEYS = [
    key_binding("list.find", "Find", "Find a phrase here"),
    key_binding("list.next_match", "Next match", action="find_next(1)"),
    key_binding("list.previous_match", "Previous match", action="find_next(-1)"),
]


class _Place(NamedTuple):
    """A place of a phrase: in a row of a widget, from a character on or in a selection."""

    widget: Widget
    row: int
    start: int = 0
    selection: Selection | None = None

    def reveal(self) -> None:
        """Scroll the page to the row, if it is not in view."""
        page = next(node for node in self.widget.ancestors if isinstance(node, VerticalScroll))
        page.release_anchor()
        top = self.widget.region.y - page.region.y + page.scroll_offset.y + self.row
        if not 0 <= top - page.scroll_offset.y < page.size.height - 1:
            page.scroll_to(y=max(0, top - page.size.height // 3), animate=False, force=True)


class Finding(_Widget):
    """Mixin of what a phrase can be found in."""

    phrase = ""
    """The phrase that was searched for last."""
    _shown: _Place | None = None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return (
            bool(self.phrase) if action == "find_next" else super().check_action(action, parameters)
        )

    def action_find(self) -> None:
        self.post_message(AskForPhrase(self.phrase, self.find))

    def action_find_next(self, by: int) -> None:
        self.find(self.phrase, by)

    def find(self, phrase: str, by: int = 1) -> None:
        """Go to the next (1) or previous (-1) place of ``phrase``; case and blanks are ignored."""
        raise NotImplementedError

    def next_place(self, places: Sequence[_Place], by: int) -> int:
        """Return the index of the place after (1) or before (-1) the one that was shown last."""
        if not places:
            return -1
        first = 0 if by > 0 else len(places) - 1
        index = (places.index(self._shown) + by) % len(places) if self._shown in places else first
        self._shown = places[index]
        return index

    def report(self, index: int, count: int) -> None:
        """Show which place was found, or that there is none."""
        if self.phrase.strip():
            self.notify(f"{index + 1} of {count}" if count else f"{self.phrase!r} is not here.")


def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Return a pattern for a phrase in any case and with any blanks."""
    return re.compile(r"\s+".join(map(re.escape, phrase.split())), re.IGNORECASE)


class FindableList(Finding):
    """Mixin of a list, whose ``lines`` are searched from the one that is ``current``."""

    def lines(self) -> Sequence[str]:
        raise NotImplementedError

    @property
    def current(self) -> int:
        raise NotImplementedError

    def go_to(self, index: int) -> None:
        raise NotImplementedError

    def find(self, phrase: str, by: int = 1) -> None:
        self.phrase, pattern = phrase, phrase_pattern(phrase)
        places = [index for index, line in enumerate(self.lines()) if pattern.search(line)]
        beyond = [index for index in places if (index - self.current) * by > 0]
        if places and phrase.strip():
            self.go_to((beyond or places)[0] if by > 0 else (beyond or places)[-1])
        self.report(places.index(self.current) if self.current in places else -1, len(places))


class FindableText(Finding, VerticalScroll):
    """A scrolled text in several widgets."""

    BINDINGS: ClassVar[list[BindingType]] = [*SCROLLING_KEYS, *FINDING_KEYS]

    def find(self, phrase: str, by: int = 1) -> None:
        self.phrase = phrase
        places = list(self._places(phrase_pattern(phrase))) if phrase.strip() else []
        index = self.next_place(places, by)
        if places:
            place = places[index]
            self.screen.selections = {place.widget: place.selection} if place.selection else {}
            place.reveal()
        self.report(index, len(places))

    def _places(self, pattern: re.Pattern[str]) -> Iterator[_Place]:
        for widget in self.query(Static):
            visual = widget.visual
            if not widget.region:
                continue
            if not (isinstance(visual, Content) and visual.plain):  # a table
                for row, strip in enumerate(widget.render_lines(Region(0, 0, *widget.size))):
                    if pattern.search(strip.text):
                        yield _Place(widget, row)
                continue
            for match in pattern.finditer(visual.plain):
                before = visual[: match.start() + 1]
                row = before.get_height(widget.styles.get_rules(), widget.content_size.width) - 1
                ends = (_offset(visual.plain, position) for position in match.span())
                yield _Place(widget, row + widget.gutter.top, match.start(), Selection(*ends))


class FindableTexts(Finding):
    """Mixin of what has growing texts in it: a phrase is marked in all of them."""

    def find(self, phrase: str, by: int = 1) -> None:
        self.phrase, pattern = phrase, phrase_pattern(phrase)
        places = []
        for view in self.query(StreamingText):
            matches = pattern.finditer(view.text) if phrase.strip() else ()
            spans = [match.span() for match in matches]
            view.mark_found(spans)
            if view.display:
                places += [_Place(view, view.line_of(start), start) for start, _ in spans]
        index = self.next_place(places, by)
        if places:
            places[index].reveal()
        self.report(index, len(places))


def _offset(text: str, position: int) -> Offset:
    """Return the column and line of a position."""
    start = text.rfind("\n", 0, position) + 1
    return Offset(position - start, text.count("\n", 0, position))
