"""How a model is to write: a line for each choice."""

import re
from dataclasses import dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.message import Message
from textual.widgets import Static

from charloom.core.library.generation import MAX_STORED_CHARACTERS
from charloom.core.sampling.config import MAX_TEMPERATURE, SamplingConfig
from charloom.tui.services.generation_request import MAX_CANDIDATES, VARY_OPTIONS, GenerationRequest
from charloom.tui.services.preferences import Preferences
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.number_slider import NumberSlider
from charloom.tui.widgets.option_row import OptionRow

_TEMPERATURES = tuple(tenths / 10 for tenths in range(21))
_TOP_K = (0, 1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100)
_MOST_CHARACTERS = 65_536  # that a model can know
_TOP_P = tuple(twentieths / 20 for twentieths in range(1, 21))
_LENGTHS = (50, 100, 200, 300, 500, 800, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_COLUMNS = tuple(range(1, MAX_CANDIDATES + 1))
_ESCAPES = {r"\n": "\n", r"\t": "\t", r"\\": "\\"}


class SamplingControls(VerticalScroll, can_focus=False):
    """Dials and fields for what is remembered of how a person lets a model write."""

    DEFAULT_CSS = """
    SamplingControls {
        scrollbar-size-vertical: 1;
        .row { height: 1; }
        .label { width: 9; padding-left: 1; color: $text-muted; }
        .row SafeInput { width: 1fr; margin-right: 1; }
        .gap { margin-top: 1; }
    }
    """

    @dataclass
    class Changed(Message):
        """The person has changed something."""

    def __init__(self, remembered: Preferences) -> None:
        super().__init__()
        self._first = remembered

    def compose(self) -> ComposeResult:
        """Lay out the lines."""
        first = self._first
        yield NumberSlider(
            "temp", first.temperature, _TEMPERATURES, high=MAX_TEMPERATURE, id="temperature"
        )
        yield NumberSlider(
            "top-k", first.top_k, _TOP_K, high=_MOST_CHARACTERS, names={0: "all"}, id="top-k"
        )
        yield NumberSlider("top-p", first.top_p, _TOP_P, low=1e-6, names={1.0: "all"}, id="top-p")
        yield NumberSlider(
            "length", first.length, _LENGTHS, low=1, high=MAX_STORED_CHARACTERS - 1, id="length"
        )
        with Horizontal(classes="row gap"):
            yield Static("seed", classes="label", markup=False)
            yield SafeInput(placeholder="fresh", restrict=r"\d*", max_length=18, id="seed")
        with Horizontal(classes="row"):
            yield Static("stop at", classes="label", markup=False)
            yield SafeInput(placeholder=r"such as \n\n", id="stop")
        yield NumberSlider("columns", first.candidate_count, _COLUMNS, id="columns")
        yield OptionRow("vary", ("seed", "temp"))

    def on_mount(self) -> None:
        """Show what a field and a choice of words are not made with."""
        self.take(self._first)

    @property
    def settings(self) -> SamplingConfig:
        """How the next character is to be drawn."""
        temperature, top_k, top_p = (self._dial(n) for n in ("temperature", "top-k", "top-p"))
        return SamplingConfig(float(temperature), int(top_k), float(top_p))

    @property
    def length(self) -> int:
        """How many characters are wanted."""
        return int(self._dial("length"))

    @property
    def remembered(self) -> dict[str, Any]:
        """What is to be remembered: fields of the preferences."""
        settings = self.settings
        return {
            "temperature": settings.temperature,
            "top_k": settings.top_k,
            "top_p": settings.top_p,
            "length": self.length,
            "seed": int(self._field("seed").value or -1),
            "stop": _unescaped(self._field("stop").value),
            "candidate_count": int(self._dial("columns")),
            "vary_by": VARY_OPTIONS[self.query_one(OptionRow).chosen],
        }

    def take(self, chosen: Preferences | GenerationRequest) -> None:
        """Show what was chosen elsewhere, without telling of it."""
        settings = chosen.sampling if isinstance(chosen, GenerationRequest) else chosen
        with self.prevent(NumberSlider.Changed, SafeInput.Changed, OptionRow.Changed):
            for name, value in (
                ("temperature", settings.temperature),
                ("top-k", settings.top_k),
                ("top-p", settings.top_p),
                ("length", chosen.length),
                ("columns", chosen.candidate_count),
            ):
                self.query_one(f"#{name}", NumberSlider).value = value
            self._field("seed").value = "" if chosen.seed < 0 else str(chosen.seed)
            self._field("stop").value = _escaped(chosen.stop)
            self.query_one(OptionRow).chosen = VARY_OPTIONS.index(chosen.vary_by)

    @on(NumberSlider.Changed)
    @on(SafeInput.Changed)
    @on(OptionRow.Changed)
    def change(self) -> None:
        """Tell of it."""
        self.post_message(self.Changed())

    def _dial(self, name: str) -> float:
        return self.query_one(f"#{name}", NumberSlider).value

    def _field(self, name: str) -> SafeInput:
        return self.query_one(f"#{name}", SafeInput)


def _escaped(text: str) -> str:
    return re.sub(r"[\n\t\\]", lambda found: {v: k for k, v in _ESCAPES.items()}[found[0]], text)


def _unescaped(text: str) -> str:
    return re.sub(r"\\[nt\\]", lambda found: _ESCAPES[found[0]], text)
