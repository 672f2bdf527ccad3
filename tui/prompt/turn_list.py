"""The turns, one below the other; the view follows the end until the user scrolls up."""

from textual import events, on
from textual.app import ComposeResult
from textual.containers import VerticalGroup, VerticalScroll
from textual.message import Message
from textual.reactive import reactive

from charloom.core.sampling.conversation import Conversation
from charloom.tui.prompt.turn import Turn
from charloom.tui.prompt.welcome import WelcomeText
from charloom.tui.textual_patches import LaidOutOnce
from charloom.tui.widgets.finding import FindableTexts
from charloom.tui.widgets.streaming_text import StreamingText


class TranscriptBody(VerticalGroup, LaidOutOnce):
    """At least as high as the scroll view, which anchors short content at its bottom."""

    BLANK = True


class TurnList(FindableTexts, VerticalScroll, LaidOutOnce, can_focus=False):
    """Shows the turns and knows the current one."""

    BLANK = True  # only its content is drawn

    unseen_below: reactive[bool] = reactive(False)
    """True if new text is below the view."""

    class Changed(Message):
        """Another turn is current, or a generation has started or ended."""

    def __init__(self) -> None:
        super().__init__()
        self._turns: list[Turn] = []
        self._current: Turn | None = None
        self.raw = False
        """True if lines break as written, in any width."""

    def compose(self) -> ComposeResult:
        with TranscriptBody():
            yield WelcomeText()

    def on_mount(self) -> None:
        self.action_follow()

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self.unseen_below = self.unseen_below and not self.following

    @property
    def current(self) -> Turn | None:
        """The turn that actions apply to: the focused, the last focused or the newest, if any."""
        focused = self.screen.focused if self._turns else None  # may be ahead of its message
        return focused if isinstance(focused, Turn) and focused in self._turns else self._current

    @property
    def generating(self) -> Turn | None:
        """The turn that is being generated."""
        return next((turn for turn in reversed(self._turns) if turn.generating), None)

    @property
    def deleted(self) -> Turn | None:
        """The deleted turn that can be restored."""
        return next((turn for turn in self._turns if turn.deleted), None)

    @property
    def following(self) -> bool:
        """True if the end is in view."""
        return self.scroll_y >= self.max_scroll_y

    def context(self, conversation: Conversation | None) -> str:
        """Return the part of the page that a model reads before the next prompt."""
        texts: list[str] = []
        for turn in self._turns:
            if turn.deleted:
                continue
            if turn.origin and texts:  # its prompt is the text of the turn above
                texts.pop()
            texts.append(turn.chosen.full_text)
        return (conversation or Conversation()).context(texts)

    async def append(self, turn: Turn) -> None:
        """Append ``turn`` and make it the current one."""
        self._turns.append(turn)
        await self.query_one(TranscriptBody).mount(turn)
        self.set_raw(self.raw)
        self._set_current(turn)
        self.action_follow()

    async def prepend(self, turns: list[Turn]) -> None:
        """Show ``turns`` above the others; the last one is current if there are no others."""
        self._turns[:0] = turns
        await self.query_one(TranscriptBody).mount(*turns, after=self.query_one(WelcomeText))
        self.set_raw(self.raw)
        if self._current is None:
            self._set_current(turns[-1])
        self.action_follow()

    def _set_current(self, turn: Turn | None) -> None:
        previous, self._current = self._current, turn
        if previous and previous is not turn:
            previous.set_current(False)
        if turn:
            turn.set_current(True)
        self.post_message(self.Changed())

    def select(self, turn: Turn) -> None:
        """Make ``turn`` the current one, unless it was removed."""
        if turn in self._turns:
            self._set_current(turn)

    @on(events.DescendantFocus)
    def follow_focus(self, event: events.DescendantFocus) -> None:
        if isinstance(event.widget, Turn):
            self._set_current(event.widget)

    def action_go(self, offset: int) -> None:
        """Focus the current turn or, if it has the focus, the one ``offset`` further down."""
        if self.current:
            index = self._turns.index(self.current) + (offset if self.current.has_focus else 0)
            self._turns[max(0, min(index, len(self._turns) - 1))].focus()

    def set_raw(self, raw: bool) -> None:
        """Break lines as written, or let those of hard-wrapped texts flow where it is narrow."""
        self.raw = raw
        for view in self.query(StreamingText):
            view.raw = raw

    def action_follow(self) -> None:
        """Scroll to the end and follow it."""
        self.anchor()
        self.unseen_below = False
