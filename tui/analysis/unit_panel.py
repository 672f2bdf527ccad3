"""Panel of the inspector: the prediction, or the signals of a unit, at the cursor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from charloom.core.analysis.activations import Trace, UnitSignal
from charloom.core.analysis.unit_probes import UnitProbe
from charloom.tui.formatting.content import safe_content
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.widgets.option_list import PlainOptionList
from charloom.tui.widgets.token_readout import alternatives, char_label, surprise, text_label

_ALTERNATIVES = 9
_MAX_LISTED_UNITS = 300
_CONTEXT_CHARACTERS = 12
_SHORT_NAMES = {"inside quotation marks": "in quotes", "inside brackets": "in brackets"}


_NO_UNITS = "No unit tracks a known property of this text. {inspector.unit|:} shows any unit."


class UnitPanel(Vertical):
    """Shows the values at the cursor and, with ``-units``, the list of units below them."""

    DEFAULT_CSS = """
    UnitPanel {
        width: 32;
        padding: 0 1;
        border-left: vkey $border-blurred;
        #values { height: 13; text-wrap: nowrap; }
        #list-heading { height: auto; color: $text-muted; margin-top: 1; display: none; }
        PlainOptionList { height: 1fr; display: none; }
        &.-units {
            #values { height: 6; }
            #list-heading, PlainOptionList { display: block; }
        }
    }
    """

    @dataclass
    class Chosen(Message):
        """The user has highlighted a unit in the list."""

        layer: int
        unit: int

    def compose(self) -> ComposeResult:
        yield Static("", id="values", markup=False)
        yield Static("", id="list-heading", markup=False)
        yield PlainOptionList()

    def set_probes(self, probes: Sequence[UnitProbe]) -> None:
        """List the units of ``probes``."""
        self._probes = probes[:_MAX_LISTED_UNITS]
        units = self.query_one(PlainOptionList)
        with self.prevent(OptionList.OptionHighlighted):
            units.clear_options().add_options([_option(probe) for probe in self._probes])
            units.highlighted = 0 if self._probes else None
        empty = with_keys(self.app, _NO_UNITS)
        self.query_one("#list-heading", Static).update("unit      r tracks" if probes else empty)

    def move(self, by: int) -> None:
        """Highlight the unit above (-1) or below (1)."""
        units = self.query_one(PlainOptionList)
        if by < 0:
            units.action_cursor_up()
        else:
            units.action_cursor_down()

    @on(OptionList.OptionHighlighted)
    def choose(self, event: OptionList.OptionHighlighted) -> None:
        probe = self._probes[event.option_index]
        self.post_message(self.Chosen(probe.layer, probe.unit))

    def show_surprise(self, trace: Trace, position: int) -> None:
        """Show the surprise and the expected characters at ``position``."""
        expected = trace.alternatives(position, _ALTERNATIVES)
        lines = [surprise(trace, position)]
        if expected:
            context = trace.text[max(0, position - _CONTEXT_CHARACTERS) : position]
            context_label = safe_content(text_label(context))
            lines += [
                Content.assemble(("\nexpected after …", "$text-muted"), context_label),
                alternatives(expected, trace.text[position]),
            ]
        self._show_lines(lines)

    def show_unit(
        self, character: str, values: Mapping[UnitSignal, float], probe: UnitProbe | None
    ) -> None:
        """Show the signals of a unit as it read ``character``."""
        lines = [Content.assemble("at ‘", safe_content(char_label(character)), "’")]
        for signal, value in values.items():
            figure = "    –" if math.isnan(value) else f"{value:+5.2f}"
            name = "tanh c" if signal is UnitSignal.CELL else f"{signal} gate"
            lines.append(Content.assemble(f"{name:<12}", (figure, "bold")))
        if probe:
            level = "high" if probe.sign > 0 else "low"
            lines.append(Content.styled(f"{level}: {probe.tracks}", "$text-muted"))
        self._show_lines(lines)

    def _show_lines(self, lines: Sequence[Content]) -> None:
        self.query_one("#values", Static).update(Content("\n").join(lines), layout=False)


def _option(probe: UnitProbe) -> Option:
    number = f"{probe.layer + 1}.{probe.unit + 1}"
    tracks = _SHORT_NAMES.get(probe.tracks, probe.tracks)
    return Option(safe_content(f"{number:<6}{probe.score:5.2f} {tracks}"))
