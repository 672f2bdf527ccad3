"""Screen that shows the surprise of a model on a text, or the activity of its units."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from textual import on, work
from textual.binding import BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widget import Widget
from textual.widgets import Static
from textual.worker import get_current_worker

from charloom.core.analysis.activations import MAX_CHARACTERS, Trace, UnitSignal, trace
from charloom.core.analysis.comparison import held_out_text
from charloom.core.analysis.unit_probes import Span, UnitProbe, rank_units, strong_spans
from charloom.core.data import catalog
from charloom.core.data.corpus import Corpus
from charloom.core.data.slicing import span
from charloom.core.data.text_file import Characters
from charloom.core.errors import CharloomError
from charloom.core.sanitize import quoted
from charloom.core.store.ref import CheckpointRef
from charloom.core.wording import plural
from charloom.tui.analysis.unit_panel import UnitPanel
from charloom.tui.dialogs.basic import InputDialog
from charloom.tui.dialogs.text_picker import pick_text
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.background import run_in_background
from charloom.tui.services.model_cache import LoadedModel
from charloom.tui.widgets.action_bar import ActionBar, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.color_scale import BITS, scale_for
from charloom.tui.widgets.heatmap_text import HeatmapLegend, HeatmapText
from charloom.tui.widgets.keys import key_binding

_SIGNALS = tuple(UnitSignal)
_MAX_HEADING = 200  # characters
_MIN_HELD_OUT = 100  # characters: units are ranked on them
_BUNDLED_TALE = "loom"


class InspectorScreen(BaseScreen):
    """Shows the trace of ``model`` on a text.

    ``get_text`` returns the title and the text to begin with. It runs in the background and may
    raise :class:`CharloomError`.
    """

    TITLE = "Inside"
    CSS_PATH = "inspector.tcss"
    HELP = """
**Surprise** is the cost of each character to the model, in bits: 1 bit is a coin toss, 10 bits are
one chance in a thousand. The panel next to the text shows what the model expected at the cursor.

**Units** (`{inspector.bits|v}`): every unit of the network has a *cell*, its memory, and three
gates. The *forget* gate says how much of the cell is kept, the *input* gate how much new input is
let in, the *output* gate how much of the cell the other units see. The list begins with the units
that best track a property of the text. The score is a correlation, measured on the half of the text
that was not used to find them. `{inspector.next_match|n}` and `{inspector.previous_match|N}` go to
the next and the previous place where the unit is strong.
"""
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as in Screen
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding(
            "inspector.bits",
            "Surprise or units",
            "Switch between surprise and units",
            action="switch",
        ),
        key_binding(
            "inspector.values",
            "Cell or gate",
            "Show the cell or one of the three gates",
            action="signal",
        ),
        key_binding("inspector.previous", "Previous unit", "Up in the list", action="unit(-1)"),
        key_binding("inspector.next", "Next unit", "Down in the list", action="unit(1)"),
        key_binding("inspector.unit", "Unit by number", "Show any unit", action="choose"),
        key_binding(
            "inspector.next_match",
            "Next strong span",
            "Where the unit is strong next",
            action="span(1)",
        ),
        key_binding(
            "inspector.previous_match",
            "Previous strong span",
            "Where the unit is strong before",
            action="span(-1)",
        ),
        key_binding("inspector.marks", "Marks or colours", "Show the levels as marks or colours"),
        key_binding("inspector.text", "Another text", "Choose the text to read"),
        key_binding(
            "inspector.find", "Start elsewhere", "Start at a phrase or an offset", action="begin"
        ),
        key_binding("inspector.back", "Back", "Back to the previous screen", keys="escape"),
    ]

    def __init__(
        self,
        services: AppServices,
        model: LoadedModel,
        get_text: Callable[[], tuple[str, Characters]],
    ) -> None:
        super().__init__(services)
        self._model, self._get_text = model, get_text
        self._title = self._start = ""  # of the text; where to start in it, as typed
        self._trace: Trace | None = None
        self._signal: UnitSignal | None = None  # None: surprise
        self._unit = (0, 0)
        self._probes: list[UnitProbe] = []
        self._signals: dict[UnitSignal, NDArray[np.floating]] = {}
        self._spans: list[Span] = []

    def body(self) -> Iterator[Widget]:
        yield Static("", id="heading", markup=False)
        with Horizontal(id="parts"):
            with VerticalScroll(can_focus=False):
                yield HeatmapText("")
            yield UnitPanel()
        yield HeatmapLegend()
        yield ActionBar()

    def on_mount(self) -> None:
        self.show_context(safe_content(str(self._model.checkpoint_ref)))
        self._update_hints()
        self.read()

    @property
    def _heatmap(self) -> HeatmapText:
        return self.query_one(HeatmapText)

    @work(exclusive=True)
    async def read(self) -> None:
        """Trace the text from its start position, rank the units and show the result."""
        worker = get_current_worker()
        self._show_heading("reading …")
        try:
            title, text = await run_in_background(self._cut_text)
            self._heatmap.set_text(text)
            new_trace = await run_in_background(
                lambda: trace(self._model.network, text, lambda: worker.is_cancelled)
            )
            probes = await run_in_background(lambda: rank_units(new_trace))
        except CharloomError as error:
            self._show_heading(str(error), "$text-error")
            self._heatmap.focus()
            return
        self._title, self._trace, self._probes = title, new_trace, probes
        if probes:
            self._unit = probes[0].layer, probes[0].unit
        self.query_one(UnitPanel).set_probes(probes)
        self._heatmap.focus()
        self._show_signal()

    def _cut_text(self) -> tuple[str, str]:
        """Return the title of the text, and the part of it to read."""
        title, text = self._get_text()
        start, _ = span(text, self._start or None, None)
        return title, text[start : start + MAX_CHARACTERS]

    def _show_signal(self) -> None:
        """Show the surprise, or the current signal of the current unit."""
        if self._trace is None:
            return
        if self._signal is None:
            scale = BITS
            values: NDArray[np.floating] = self._trace.bits
            score = f"{self._trace.bits_per_char:.2f} bits/char"
            count = plural(self._trace.predicted, "character")
            self._show_heading(f"Surprise: {score} over {count} · {self._title}")
        else:
            scale = scale_for(self._signal)
            self._signals = {
                signal: self._trace.signal(signal, *self._unit) for signal in UnitSignal
            }
            values = self._signals[self._signal]
            sign = self._probe.sign if self._probe else 1
            self._spans = strong_spans(self._signals[UnitSignal.CELL], sign)
            layer, unit = (number + 1 for number in self._unit)
            self._show_heading(f"{self._signal.title()} of unit {layer}.{unit} · {self._title}")
        self._heatmap.set_levels(scale.levels(values), scale)
        self.query_one(HeatmapLegend).set_scale(scale, marks=self._heatmap.marks)
        self._update_hints()
        self._update_panel()

    @property
    def _probe(self) -> UnitProbe | None:
        """The probe of the current unit."""
        return next((probe for probe in self._probes if probe[:2] == self._unit), None)

    @on(HeatmapText.Moved)
    def _update_panel(self) -> None:
        if self._trace:
            panel, position = self.query_one(UnitPanel), self._heatmap.position
            if self._signal is None:
                panel.show_surprise(self._trace, position)
            else:
                values = {signal: float(v[position]) for signal, v in self._signals.items()}
                panel.show_unit(self._trace.text[position], values, self._probe)

    @on(UnitPanel.Chosen)
    def choose_unit(self, event: UnitPanel.Chosen) -> None:
        self._unit = event.layer, event.unit
        self._show_signal()

    def _show_heading(self, text: str, style: str = "") -> None:
        self.query_one("#heading", Static).update(safe_line(text, _MAX_HEADING, style))

    def _update_hints(self) -> None:
        labels = {
            "switch": "units" if self._signal is None else "surprise",
            "signal": "gate",
            "unit(-1)": ("{inspector.previous|[}{inspector.next|]}", "unit", "unit(1)"),
            "unit": "",
            "choose": "any",
            "span(1)": "next",
            "span": "",
            "marks": "marks",
            "text": "text",
            "begin": "begin",
        }
        hints = key_hints(self, **labels)
        self.query_one(ActionBar).update_hints(hints)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002 - Textual's signature
        if action in ("signal", "unit", "choose", "span"):
            return self._signal is not None
        return self._trace is not None or action not in ("switch", "marks")

    def action_switch(self) -> None:
        self._signal = UnitSignal.CELL if self._signal is None else None
        self.query_one(UnitPanel).set_class(self._signal is not None, "-units")
        self._show_signal()

    def action_signal(self) -> None:
        if self._signal:
            self._signal = _SIGNALS[(_SIGNALS.index(self._signal) + 1) % len(_SIGNALS)]
            self._show_signal()

    def action_unit(self, by: int) -> None:
        self.query_one(UnitPanel).move(by)

    @work
    async def action_choose(self) -> None:
        config = self._model.network.config
        dialog = InputDialog(
            "Unit (layer.number), e.g. 1.37:",
            ".".join(str(number + 1) for number in self._unit),
            detail=f"From 1.1 to {config.layers}.{config.hidden_size}.",
            check=self._parse_unit,
        )
        if typed := await self.app.push_screen_wait(dialog):
            self._unit = self._parse_unit(typed)
            self._show_signal()

    def _parse_unit(self, typed: str) -> tuple[int, int]:
        layer, _, unit = typed.strip().partition(".")
        if not (layer.isdecimal() and unit.isdecimal() and len(layer + unit) < 12):
            raise CharloomError(f"{quoted(typed)} is not layer.number, such as 1.37.")
        indices = int(layer) - 1, int(unit) - 1
        if self._trace:
            self._trace.signal(UnitSignal.CELL, *indices)  # raises if there is no such unit
        return indices

    def action_span(self, by: int) -> None:
        position = self._heatmap.position
        starts = [span.start for span in self._spans][::by]
        beyond = (start for start in starts if (start - position) * by > 0)
        if starts:
            self._heatmap.position = next(beyond, starts[0])

    def action_marks(self) -> None:
        self._heatmap.marks = not self._heatmap.marks
        self._show_signal()

    @work
    async def action_text(self) -> None:
        recent = self.services.preferences.recent_texts
        if open_text := await pick_text(self.app, "Text to read", recent):
            self._get_text, self._start = partial(_open, open_text), ""
            self.read()

    @work
    async def action_begin(self) -> None:
        detail = f"A phrase of the text, or an offset. {MAX_CHARACTERS:,} characters are read."
        dialog = InputDialog("Start at:", self._start, detail=detail)
        typed = await self.app.push_screen_wait(dialog)
        if typed is not None:
            self._start = typed.strip()
            self.read()

    def action_back(self) -> None:
        self.dismiss()


def _open(open_text: Callable[[], Corpus]) -> tuple[str, Characters]:
    corpus = open_text()
    return corpus.title, corpus.stored


def sample_text(ref: CheckpointRef) -> tuple[str, Characters]:
    """Return the title and the text of the held-out part of the training text of a model.

    If that is not available or too short to rank units on, return the bundled tale instead.
    """
    with suppress(CharloomError):
        held_out = held_out_text(ref, ref)
        if len(held_out.text) >= _MIN_HELD_OUT:
            return held_out.title, held_out.text
    tale = catalog.fetch(_BUNDLED_TALE)
    return f"{tale.title} (the model's training text is not here)", tale.stored
