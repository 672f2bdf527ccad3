"""Beside a text that is looked into: what was expected at the cursor, or what a unit did there."""

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
from charloom.tui.widgets.option_list import PlainOptionList
from charloom.tui.widgets.token_readout import alternatives, char_label, surprise

_EXPECTED = 9
_LISTED = 300
_SHORT = {"inside quotation marks": "in quotes", "inside brackets": "in brackets"}


class UnitPanel(Vertical):
    """The figures at the cursor, and under them, where units are shown, the list of these."""

    DEFAULT_CSS = """
    UnitPanel {
        width: 32;
        padding: 0 1;
        border-left: vkey $border-blurred;
        #there { height: 13; text-wrap: nowrap; }
        #tracked { height: auto; color: $text-muted; margin-top: 1; display: none; }
        PlainOptionList { height: 1fr; display: none; }
        &.-units {
            #there { height: 6; }
            #tracked, PlainOptionList { display: block; }
        }
    }
    """

    @dataclass
    class Chosen(Message):
        """A unit of the list is under its cursor."""

        layer: int
        unit: int

    def compose(self) -> ComposeResult:
        """Lay out the figures over the list."""
        yield Static("", id="there", markup=False)
        yield Static("", id="tracked", markup=False)
        yield PlainOptionList()

    def list(self, trackers: Sequence[UnitProbe]) -> None:
        """Offer units."""
        self._trackers = trackers[:_LISTED]
        listing = self.query_one(PlainOptionList)
        with self.prevent(OptionList.OptionHighlighted):
            listing.clear_options().add_options([_option(each) for each in self._trackers])
            listing.highlighted = 0 if self._trackers else None
        none = "Of this text nothing is tracked that has a name; # shows any unit."
        self.query_one("#tracked", Static).update("unit      r tracks" if trackers else none)

    def move(self, by: int) -> None:
        """Choose the unit above or below."""
        listing = self.query_one(PlainOptionList)
        if by < 0:
            listing.action_cursor_up()
        else:
            listing.action_cursor_down()

    @on(OptionList.OptionHighlighted)
    def choose(self, event: OptionList.OptionHighlighted) -> None:
        """Tell which one was chosen."""
        chosen = self._trackers[event.option_index]
        self.post_message(self.Chosen(chosen.layer, chosen.unit))

    def show_surprise(self, reading: Trace, position: int) -> None:
        """Show what was expected where the cursor is."""
        found = reading.alternatives(position, _EXPECTED)
        actual = reading.text[position]
        before = reading.text[max(0, position - 12) : position]
        lines = [surprise(reading, position)]
        if found:
            after = safe_content("".join(map(char_label, before)))
            lines += [
                Content.assemble(("\nexpected after …", "$text-muted"), after),
                alternatives(found, actual),
            ]
        self._tell(lines)

    def show_unit(
        self, character: str, figures: Mapping[UnitSignal, float], tracker: UnitProbe | None
    ) -> None:
        """Show what a unit did as it read the ``character`` under the cursor."""
        lines = [Content.assemble("at ‘", safe_content(char_label(character)), "’")]
        for signal, value in figures.items():
            figure = "    –" if math.isnan(value) else f"{value:+5.2f}"
            name = "tanh c" if signal is UnitSignal.CELL else f"{signal} gate"
            lines.append(Content.assemble(f"{name:<12}", (figure, "bold")))
        if tracker:
            way = "high" if tracker.sign > 0 else "low"
            told = f"{way}: {tracker.tracks}"
            lines.append(Content.styled(told, "$text-muted"))
        self._tell(lines)

    def _tell(self, lines: Sequence[Content]) -> None:
        self.query_one("#there", Static).update(Content("\n").join(lines), layout=False)


def _option(tracker: UnitProbe) -> Option:
    number = f"{tracker.layer + 1}.{tracker.unit + 1}"
    tracks = _SHORT.get(tracker.tracks, tracker.tracks)
    return Option(safe_content(f"{number:<6}{tracker.score:5.2f} {tracks}"))
