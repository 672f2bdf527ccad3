"""A text on the page with the surprise of each character and the likeliest alternatives."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import ScrollableContainer, VerticalGroup, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from charloom.core.analysis.activations import MAX_CHARACTERS, NextCharacter, Trace, trace
from charloom.core.errors import CharloomError
from charloom.tui.formatting.content import safe_content
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.widgets.action_bar import hidden_binding
from charloom.tui.widgets.color_scale import BITS
from charloom.tui.widgets.heatmap_text import HeatmapLegend, HeatmapText
from charloom.tui.widgets.keys import key_binding
from charloom.tui.widgets.token_readout import char_label, short_percent, surprise

_ALTERNATIVES = 5
_MIN_TEXT_LINES = 2  # of text and marks
_OTHER_LINES = 7  # of the page: its padding, two margins, the readout, the legend and the keys


class SurpriseView(VerticalGroup):
    """Shows the surprise of ``text`` for ``model``; digits branch with an alternative."""

    DEFAULT_CSS = """
    SurpriseView {
        padding-left: 3;
        VerticalScroll { height: auto; scrollbar-size-vertical: 1; }
        #readout { height: 2; margin-top: 1; text-wrap: nowrap; text-overflow: ellipsis; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            hidden_binding(str(n), f"branch({n - 1})", f"Branch with alternative {n}")
            for n in range(1, _ALTERNATIVES + 1)
        ),
        key_binding("surprise.marks", "Marks or colours"),
        key_binding("surprise.bits", "Back to the text", action="screen.bits", keys="escape"),
    ]

    @dataclass
    class Branched(Message):
        """The user asks for ``character`` at ``position``, and the text continued from there."""

        position: int
        character: str

    def __init__(self, model: LoadedModel, text: str) -> None:
        super().__init__()
        self._model, self._text = model, text
        self._trace: Trace | None = None
        self._alternatives: list[NextCharacter] = []

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False):
            yield HeatmapText(self._text[:MAX_CHARACTERS])
        yield Static("reading …", id="readout", markup=False)
        yield HeatmapLegend()

    def on_mount(self) -> None:
        self.query_one(HeatmapText).focus()
        self.screen.screen_layout_refresh_signal.subscribe(self, lambda _: self._fit())
        self._fit()
        self.read()

    def _fit(self) -> None:
        """Scroll the text where it would push the readout or the keys out of view."""
        page = next(box for box in self.ancestors if isinstance(box, ScrollableContainer))
        lines = max(_MIN_TEXT_LINES, page.size.height - _OTHER_LINES)
        self.query_one(VerticalScroll).styles.max_height = lines

    @work
    async def read(self) -> None:
        """Trace the text and show the surprise of each character."""
        worker = get_current_worker()
        try:
            self._trace = await run_in_background(
                lambda: trace(self._model.network, self._text, lambda: worker.is_cancelled)
            )
        except CharloomError as error:
            self._show_readout(safe_content(str(error), "$text-error"))
            return
        self._show_trace(self._trace)

    def _show_trace(self, trace: Trace) -> None:
        heatmap = self.query_one(HeatmapText)
        heatmap.set_levels(BITS.levels(trace.bits), BITS)
        note = f"{trace.bits_per_char:.2f} on average"
        self.query_one(HeatmapLegend).set_scale(BITS, marks=heatmap.marks, note=note)
        self.update_readout()

    @on(HeatmapText.Moved)
    def follow_cursor(self) -> None:
        self.update_readout()
        self.scroll_visible(animate=False)

    def update_readout(self) -> None:
        """Show the surprise of the character under the cursor, and the alternatives to it."""
        if self._trace:
            position = self.query_one(HeatmapText).position
            self._alternatives = self._trace.alternatives(position, _ALTERNATIVES)
            alternatives = [
                Content.assemble(
                    (str(number), "$accent"),
                    f" {char_label(next_char.character)} {short_percent(next_char.probability)}",
                )
                for number, next_char in enumerate(self._alternatives, 1)
            ]
            self._show_readout(surprise(self._trace, position), Content("  ").join(alternatives))

    def _show_readout(self, *lines: Content) -> None:
        self.query_one("#readout", Static).update(Content("\n").join(lines), layout=False)

    def action_branch(self, number: int) -> None:
        if number < len(self._alternatives):
            position = self.query_one(HeatmapText).position
            self.post_message(self.Branched(position, self._alternatives[number].character))

    def action_marks(self) -> None:
        heatmap = self.query_one(HeatmapText)
        heatmap.marks = not heatmap.marks
        if self._trace:
            self._show_trace(self._trace)
