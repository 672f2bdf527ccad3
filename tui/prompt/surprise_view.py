"""A text of the page with what each of its characters cost, and what might have come instead."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalGroup, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static
from textual.worker import get_current_worker

from charloom.core.analysis.activations import MAX_CHARACTERS, NextCharacter, Trace, trace
from charloom.core.errors import CharloomError
from charloom.tui.formatting.content import safe_content
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.widgets.color_scale import BITS
from charloom.tui.widgets.heatmap_text import HeatmapLegend, HeatmapText
from charloom.tui.widgets.token_readout import char_label, share, surprise

_OFFERED = 5  # alternatives


class SurpriseView(VerticalGroup):
    """Reads ``text`` with the model of ``voice``; a digit takes an alternative at the cursor."""

    DEFAULT_CSS = """
    SurpriseView {
        padding-left: 3;
        VerticalScroll { height: auto; max-height: 50vh; scrollbar-size-vertical: 1; }
        #told { height: 2; margin-top: 1; text-wrap: nowrap; }
    }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        *(
            Binding(str(n), f"branch({n - 1})", f"Branch with alternative {n}", show=False)
            for n in range(1, _OFFERED + 1)
        ),
        Binding("m", "marks", "Marks or colours", show=False),
        Binding("escape", "screen.surprise", "Back to the text", show=False),
    ]

    @dataclass
    class Branched(Message):
        """The person wants another character at ``position``, and the text gone on with there."""

        position: int
        character: str

    def __init__(self, voice: LoadedModel, text: str) -> None:
        super().__init__()
        self._voice, self._text = voice, text
        self._reading: Trace | None = None
        self._expected: list[NextCharacter] = []

    def compose(self) -> ComposeResult:
        """Lay out the text over what is told of a character and what the grounds mean."""
        with VerticalScroll(can_focus=False):  # so that what is told of it stays in sight
            yield HeatmapText(self._text[:MAX_CHARACTERS])
        yield Static("reading …", id="told", markup=False)
        yield HeatmapLegend()

    def on_mount(self) -> None:
        """Begin to read."""
        self.query_one(HeatmapText).focus()
        self.read()

    @work
    async def read(self) -> None:
        """Let the model read the text, and show what each character cost."""
        worker = get_current_worker()
        try:
            self._reading = await run_in_background(
                lambda: trace(self._voice.model, self._text, lambda: worker.is_cancelled)
            )
        except CharloomError as error:
            self._tell(safe_content(str(error), "$text-error"))
            return
        self.show()

    def show(self) -> None:
        """Show the levels, the legend, and what is under the cursor."""
        if self._reading:
            tinted, scale = self.query_one(HeatmapText), BITS
            tinted.show(scale.levels(self._reading.bits), scale)
            mean = f"{self._reading.bits_per_char:.2f} on average"
            self.query_one(HeatmapLegend).show(scale, marks=tinted.marks, more=mean)
            self.tell()

    @on(HeatmapText.Moved)
    def tell(self) -> None:
        """Tell of the character under the cursor, and of others that might stand there."""
        if reading := self._reading:
            position = self.query_one(HeatmapText).position
            self._expected = reading.alternatives(position, _OFFERED)
            others = [
                Content.assemble(
                    (str(number), "$accent"),
                    f" {char_label(each.character)} {share(each.probability)}",
                )
                for number, each in enumerate(self._expected, 1)
            ]
            self._tell(surprise(reading, position), Content("  ").join(others))

    def _tell(self, *lines: Content) -> None:
        self.query_one("#told", Static).update(Content("\n").join(lines), layout=False)

    def action_branch(self, number: int) -> None:
        """Take an alternative."""
        if number < len(self._expected):
            position = self.query_one(HeatmapText).position
            self.post_message(self.Branched(position, self._expected[number].character))

    def action_marks(self) -> None:
        """Show marks, or colours."""
        tinted = self.query_one(HeatmapText)
        tinted.marks = not tinted.marks
        self.show()
