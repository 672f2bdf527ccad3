"""Looking inside: what a network makes of a text, its surprise or one of its units at a time."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import get_current_worker

from charloom.core.analysis.activations import MAX_CHARACTERS, Trace, UnitSignal, trace
from charloom.core.analysis.unit_probes import Span, UnitProbe, rank_units, strong_spans
from charloom.core.data import catalog
from charloom.core.data.slicing import span
from charloom.core.errors import CharloomError
from charloom.core.runs.training_text import find_training_text
from charloom.core.store.read import find_checkpoint
from charloom.tui.analysis.unit_panel import UnitPanel
from charloom.tui.dialogs.basic import InputDialog
from charloom.tui.dialogs.text_picker import TextPicker
from charloom.tui.formatting.content import in_the_app, safe_content, safe_line
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.services.text_source import TextSource
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.color_scale import BITS, scale_for
from charloom.tui.widgets.heatmap_text import HeatmapLegend, HeatmapText

_SIGNALS = tuple(UnitSignal)


class InspectorScreen(BaseScreen):
    """Shows ``text``, called ``title``, as ``voice`` read it.

    ``find`` returns a title and the text to look into, when there is none yet; it may take a while,
    and raise :class:`CharloomError`.
    """

    TITLE = "Inside"
    CSS_PATH = "inspector.tcss"
    HELP = """
**Surprise** is what each character cost the model, in bits: 1 bit is a coin that fell as it did, 10
bits are one chance in a thousand. Beside the text stands what the model expected at the cursor.

**Units** (`u`): every unit of the network has a *cell*, its memory, and three gates. The *forget*
gate says how much of the cell stays, the *input* gate how much is let in, the *output* gate how
much the others get to see. The list begins with the units that track best something that has a
name; the score is a correlation, measured on a half of the text that was not used to find them.
`n` and `N` go from one strong place to the next.
"""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("u", "switch", "Surprise or units", show=False,
                tooltip="Show what each character cost, or what a unit did"),
        Binding("g", "signal", "Cell or gate", show=False,
                tooltip="Show the cell, the forget, the input or the output gate"),
        Binding("left_square_bracket", "unit(-1)", "Unit before", show=False, key_display="[",
                tooltip="Show the unit before in the list"),
        Binding("right_square_bracket", "unit(1)", "Next unit", show=False, key_display="]",
                tooltip="Show the next unit of the list"),
        Binding("number_sign", "choose", "Unit by number", show=False, key_display="#",
                tooltip="Show any unit, by its layer and number"),
        Binding("n", "span(1)", "Next strong place", show=False,
                tooltip="Go to where the unit is strong next"),
        Binding("N", "span(-1)", "Strong place before", show=False,
                tooltip="Go to where the unit was strong before"),
        Binding("m", "marks", "Marks", show=False,
                tooltip="Show marks under the characters, or colours behind them"),
        Binding("c", "text", "Another text", show=False, tooltip="Choose what is read"),
        Binding("b", "begin", "Begin elsewhere", show=False,
                tooltip="Begin at a phrase of the text, or at an offset"),
        Binding("escape", "back", "Back", show=False, tooltip="Back to where you were"),
    ]  # fmt: skip

    def __init__(
        self, services: AppServices, voice: LoadedModel, find: Callable[[], tuple[str, str]]
    ) -> None:
        super().__init__(services)
        self._voice, self._find = voice, find
        self._title = self._begin = ""  # the text's, and where to begin in it
        self._reading: Trace | None = None
        self._signal: UnitSignal | None = None  # None: the surprise
        self._unit = (0, 0)
        self._trackers: list[UnitProbe] = []
        self._signals: dict[UnitSignal, NDArray[np.floating]] = {}
        self._spans: list[Span] = []

    def body(self) -> Iterator[Widget]:
        """Lay out the heading over the text, beside it what there is at the cursor."""
        yield Static("", id="heading", markup=False)
        with Horizontal(id="parts"):
            with VerticalScroll(can_focus=False):
                yield HeatmapText("")
            yield UnitPanel()
        yield HeatmapLegend()
        yield ActionBar()

    def on_mount(self) -> None:
        """Begin to read."""
        self.tell_context(safe_content(self._voice.exact))
        self.look()

    @property
    def _tinted(self) -> HeatmapText:
        return self.query_one(HeatmapText)

    @work(exclusive=True)
    async def look(self) -> None:
        """Let the model read the text, from where it is to begin, and show that."""
        worker = get_current_worker()
        self._tell("reading …")
        try:
            title, text = await run_in_background(self._passage)
            self._tinted.put(text)
            reading = await run_in_background(
                lambda: trace(self._voice.model, text, lambda: worker.is_cancelled)
            )
            trackers = await run_in_background(lambda: rank_units(reading))
        except CharloomError as error:
            self._tell(in_the_app(str(error)), "$text-error")
            self._tinted.focus()
            return
        self._title, self._reading, self._trackers = title, reading, trackers
        if trackers:
            self._unit = trackers[0].layer, trackers[0].unit
        self.query_one(UnitPanel).list(trackers)
        self._tinted.focus()
        self.show()

    def _passage(self) -> tuple[str, str]:
        """Return the title of the text, and as much of it as is read."""
        title, text = self._find()
        start, _ = span(text, self._begin or None, None)
        return title, text[start : start + MAX_CHARACTERS]

    def show(self) -> None:
        """Show the surprise, or the signal of the unit that was chosen."""
        reading = self._reading
        if reading is None:
            return
        if self._signal is None:
            scale = BITS
            values: NDArray[np.floating] = reading.bits
            cost = f"{reading.bits_per_char:.2f} bits/char over {reading.predicted:,} characters"
            self._tell(f"Surprise: {cost} · {self._title}")
        else:
            scale = scale_for(self._signal)
            self._signals = {each: reading.signal(each, *self._unit) for each in UnitSignal}
            values = self._signals[self._signal]
            sign = self._tracker.sign if self._tracker else 1
            self._spans = strong_spans(self._signals[UnitSignal.CELL], sign)
            layer, unit = (number + 1 for number in self._unit)
            self._tell(f"{self._signal.title()} of unit {layer}.{unit} · {self._title}")
        self._tinted.show(scale.levels(values), scale)
        self.query_one(HeatmapLegend).show(scale, marks=self._tinted.marks)
        self._offer()
        self._read_out()

    @property
    def _tracker(self) -> UnitProbe | None:
        """What is known of the unit that is shown."""
        return next((each for each in self._trackers if each[:2] == self._unit), None)

    @on(HeatmapText.Moved)
    def _read_out(self) -> None:
        if self._reading:
            panel = self.query_one(UnitPanel)
            if self._signal is None:
                panel.show_surprise(self._reading, self._tinted.position)
            else:
                at = self._tinted.position
                figures = {signal: float(v[at]) for signal, v in self._signals.items()}
                panel.show_unit(self._reading.text[at], figures, self._tracker)

    @on(UnitPanel.Chosen)
    def take_unit(self, event: UnitPanel.Chosen) -> None:
        """Show the unit that was chosen in the list."""
        self._unit = event.layer, event.unit
        self.show()

    def _tell(self, told: str, style: str = "") -> None:
        self.query_one("#heading", Static).update(safe_line(told, 200, style))

    def _offer(self) -> None:
        surprise = self._signal is None
        here = [("u", "units" if surprise else "surprise", "screen.switch")]
        if not surprise:
            here += [
                ("g", "gate", "screen.signal"),
                ("[]", "unit", "screen.unit(1)"),
                ("#", "any", "screen.choose"),
                ("n", "next", "screen.span(1)"),
            ]
        here += [("m", "marks", "screen.marks"), ("c", "text", "screen.text")]
        here += [("b", "begin", "screen.begin"), ("esc", "back", "screen.back")]
        self.query_one(ActionBar).show(here)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        """Offer what can be done with what is shown."""
        units = self._signal is not None
        if action in ("signal", "unit", "choose", "span"):
            return units
        return self._reading is not None or action not in ("switch", "marks")

    def action_switch(self) -> None:
        """Show the surprise, or units."""
        self._signal = UnitSignal.CELL if self._signal is None else None
        self.query_one(UnitPanel).set_class(self._signal is not None, "-units")
        self.show()

    def action_signal(self) -> None:
        """Show the next of cell and gates."""
        if self._signal:
            self._signal = _SIGNALS[(_SIGNALS.index(self._signal) + 1) % len(_SIGNALS)]
            self.show()

    def action_unit(self, by: int) -> None:
        """Show another unit of the list."""
        self.query_one(UnitPanel).move(by)

    @work
    async def action_choose(self) -> None:
        """Ask for a unit by its number."""
        settings = self._voice.model.settings
        ask = InputDialog(
            "Which unit? Its layer, a dot, and its number.",
            ".".join(str(number + 1) for number in self._unit),
            detail=f"From 1.1 to {settings.layers}.{settings.hidden}.",
            check=self._parsed,
        )
        if typed := await self.app.push_screen_wait(ask):
            self._unit = self._parsed(typed)
            self.show()

    def _parsed(self, typed: str) -> tuple[int, int]:
        layer, _, unit = typed.strip().partition(".")
        if not (layer.isdecimal() and unit.isdecimal() and len(layer + unit) < 12):
            raise CharloomError("A unit is its layer, a dot and its number, such as 1.37.")
        found = int(layer) - 1, int(unit) - 1
        if self._reading:
            self._reading.signal(UnitSignal.CELL, *found)  # refuses what does not exist
        return found

    def action_span(self, by: int) -> None:
        """Go to where the unit is strong next, or was before."""
        here = self._tinted.position
        starts = [span.start for span in self._spans][::by]
        beyond = (start for start in starts if (start - here) * by > 0)
        if starts:
            self._tinted.position = next(beyond, starts[0])

    def action_marks(self) -> None:
        """Show marks, or colours."""
        self._tinted.marks = not self._tinted.marks
        self.show()

    @work
    async def action_text(self) -> None:
        """Choose another text, and look into that."""
        picker = TextPicker("Which text is to be read?", self.services.preferences.texts)
        if source := await self.app.push_screen_wait(picker):
            self._find, self._begin = partial(_opened, source), ""
            self.look()

    @work
    async def action_begin(self) -> None:
        """Ask where in the text to begin."""
        detail = (
            f"A phrase that stands there, or an offset; {MAX_CHARACTERS:,} characters are read."
        )
        ask = InputDialog("Where does it begin?", self._begin, detail=detail)
        typed = await self.app.push_screen_wait(ask)
        if typed is not None:
            self._begin = typed.strip()
            self.look()

    def action_back(self) -> None:
        """Go back."""
        self.dismiss()


def _opened(source: TextSource) -> tuple[str, str]:
    corpus = source.open(short=True)
    return corpus.title, corpus.text


_TALE = "loom"  # is always there
_FEWEST = 100  # characters: units are ranked on them


def specimen(address: str) -> tuple[str, str]:
    """Return a title and the held-out end of the text that the model at ``address`` learned.

    Where that is not at hand, or is next to nothing, it is a tale that comes with Charloom.
    """
    info, found = find_checkpoint(address)
    origin = None
    with suppress(CharloomError):
        origin = find_training_text(info.name, found.card) if found.card else None
    if origin and len(origin.held_out) >= _FEWEST:
        return f"the held-out end of {origin.title}", origin.held_out
    tale = catalog.fetch(_TALE)
    return f"{tale.title} (what the model learned is not here)", tale.text
