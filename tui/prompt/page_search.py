"""Search in the texts of the page."""

import re

from textual.widget import Widget

from charloom.tui.widgets.streaming_text import StreamingText


class PageSearch:
    """Finds a phrase in the texts of ``page``, which scrolls to the places."""

    def __init__(self, page: Widget) -> None:
        self._page = page
        self.phrase = ""
        self._place: tuple[StreamingText, int] | None = None  # view and position, shown last

    def find(self, phrase: str, by: int = 1) -> str:
        """Mark a phrase everywhere, scroll to the next (1) or previous (-1) one, and return which.

        Case is ignored, and any blanks match any others. An empty phrase removes the marks.
        """
        self.phrase, words = phrase, phrase.split()
        pattern = re.compile(r"\s+".join(map(re.escape, words)), re.IGNORECASE)
        places: list[tuple[StreamingText, int]] = []
        for view in self._page.query(StreamingText):
            spans = [match.span() for match in pattern.finditer(view.text)] if words else []
            view.mark_found(spans)
            if view.display:
                places += [(view, start) for start, _ in spans]
        if not places:
            self._place = None
            return f"{phrase!r} is not on this page." if words else ""
        if self._place in places:
            number = (places.index(self._place) + by) % len(places)
        else:
            number = 0 if by > 0 else len(places) - 1
        self._place = view, position = places[number]
        self._scroll_to(view, view.line_of(position))
        return f"{number + 1} of {len(places)}"

    def _scroll_to(self, view: StreamingText, line: int) -> None:
        top = view.region.y - self._page.region.y + self._page.scroll_offset.y + line
        height = self._page.size.height
        self._page.release_anchor()
        if not 0 <= top - self._page.scroll_offset.y < height - 1:
            self._page.scroll_to(y=max(0, top - height // 3), animate=False, force=True)
