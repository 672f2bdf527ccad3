"""Find a phrase in a list or a text with /, and its next and previous place with n and N."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.geometry import Offset, Region
from textual.selection import Selection
from textual.widgets import Static

from charloom.tui.messages import AskForPhrase
from charloom.tui.widgets.keys import SCROLLING_KEYS, key_binding

if TYPE_CHECKING:
    from textual.widget import Widget as _Widget
else:
    _Widget = object  # Textual finds styles and component classes by the first base only

FINDING_KEYS: list[BindingType] = [
    key_binding("list.find", "Find", "Find a phrase here"),
    key_binding("list.next_match", "Next match", action="find_next(1)"),
    key_binding("list.previous_match", "Previous match", action="find_next(-1)"),
]


class Finding(_Widget):
    """Mixin of a list, whose ``lines`` are searched from the one that is ``current``."""

    phrase = ""
    """The phrase that was searched for last."""

    def lines(self) -> Sequence[str]:
        raise NotImplementedError

    @property
    def current(self) -> int:
        raise NotImplementedError

    def go_to(self, index: int) -> None:
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return (
            bool(self.phrase) if action == "find_next" else super().check_action(action, parameters)
        )

    def action_find(self) -> None:
        self.post_message(AskForPhrase(self.phrase, self.find))

    def action_find_next(self, by: int) -> None:
        self.find(self.phrase, by)

    def find(self, phrase: str, by: int = 1) -> None:
        """Go to the next (1) or previous (-1) line with ``phrase``; case and blanks are ignored."""
        self.phrase, pattern = phrase, phrase_pattern(phrase)
        places = [index for index, line in enumerate(self.lines()) if pattern.search(line)]
        beyond = [index for index in places if (index - self.current) * by > 0]
        if places and phrase.strip():
            self.go_to((beyond or places)[0] if by > 0 else (beyond or places)[-1])
        self.report(places.index(self.current) if self.current in places else -1, len(places))

    def report(self, index: int, count: int) -> None:
        """Show which place was found, or that there is none."""
        if self.phrase.strip():
            self.notify(f"{index + 1} of {count}" if count else f"{self.phrase!r} is not here.")


def phrase_pattern(phrase: str) -> re.Pattern[str]:
    """Return a pattern for a phrase in any case and with any blanks."""
    return re.compile(r"\s+".join(map(re.escape, phrase.split())), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Place:
    """A place of a phrase: in a row of a widget, which is to be selected if possible."""

    widget: Static
    row: int
    selection: Selection | None = None


class FindableText(Finding, VerticalScroll):
    """A scrolled text in several widgets."""

    BINDINGS: ClassVar[list[BindingType]] = [*SCROLLING_KEYS, *FINDING_KEYS]
    _place: _Place | None = None  # that was found last

    def find(self, phrase: str, by: int = 1) -> None:
        self.phrase = phrase
        places = list(self._places(phrase_pattern(phrase))) if phrase.strip() else []
        if places:
            start = 0 if by > 0 else -1
            index = places.index(self._place) + by if self._place in places else start
            self._place = place = places[index % len(places)]
            self.screen.selections = {place.widget: place.selection} if place.selection else {}
            top = place.widget.region.y - self.region.y + self.scroll_offset.y + place.row
            if not 0 <= top - self.scroll_offset.y < self.size.height - 1:
                self.scroll_to(y=max(0, top - self.size.height // 3), animate=False)
        self.report(index % len(places) if places else -1, len(places))

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
                yield _Place(widget, row + widget.gutter.top, Selection(*ends))


def _offset(text: str, position: int) -> Offset:
    """Return the column and line of a position."""
    start = text.rfind("\n", 0, position) + 1
    return Offset(position - start, text.count("\n", 0, position))
