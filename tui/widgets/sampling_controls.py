"""A form for the sampling settings, one line each."""

from dataclasses import asdict, dataclass
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from charloom.core.library.generation import MAX_STORED_CHARACTERS
from charloom.core.sampling.config import (
    MAX_TEMPERATURE,
    WORDS,
    SamplingConfig,
    format_stops,
    parse_stops,
)
from charloom.core.sampling.ending import UNITS
from charloom.tui.services.generation_request import GenerationRequest
from charloom.tui.services.pace import PACES
from charloom.tui.services.preferences import MAX_CANDIDATES, VARY_OPTIONS, Preferences
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.number_slider import NumberSlider
from charloom.tui.widgets.option_row import OptionRow

_NUMBERS = ("temperature", "top_k", "top_p", "min_p")
_TEMPERATURES = tuple(tenths / 10 for tenths in range(21))
_TOP_K = (0, 1, 2, 3, 5, 8, 10, 15, 20, 30, 40, 50, 60, 80, 100)
_MAX_TOP_K = 65_536  # characters that a model can know
_TOP_P = tuple(twentieths / 20 for twentieths in range(1, 21))
_MIN_P = (0.0, 0.01, 0.02, 0.03, 0.05, 0.08, 0.1, 0.15, 0.2, 0.3, 0.5)
_LENGTHS = (50, 100, 200, 300, 500, 800, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000)
_COLUMNS = tuple(range(1, MAX_CANDIDATES + 1))
_PACE_HELP = "Characters a second. Below max, bars show the likeliest next characters."
_UNTIL_HELP = "After the length, the text continues to the end of the sentence, line or paragraph."
_STOP_HELP = (
    r"The text ends before this string. \n is a newline, \t a tab, \\ a backslash; "
    r"\| separates several strings."
)


class SamplingControls(VerticalScroll, can_focus=False):
    """Sliders and fields for the sampling settings among the preferences."""

    @dataclass
    class Changed(Message):
        """The user changed a setting."""

    def __init__(self, preferences: Preferences) -> None:
        super().__init__()
        self._initial = preferences

    def compose(self) -> ComposeResult:
        initial = self._initial
        yield NumberSlider(
            "temp",
            initial.temperature,
            _TEMPERATURES,
            high=MAX_TEMPERATURE,
            explanation="Temperature: lower is more predictable, higher more surprising; 1 follows "
            "the model's probabilities, 0 always takes the likeliest character.",
            id="temperature",
        )
        yield NumberSlider(
            "top-k",
            initial.top_k,
            _TOP_K,
            high=_MAX_TOP_K,
            off=0,
            explanation="Choose among the k likeliest characters only; 0 turns it off.",
            id="top-k",
        )
        yield NumberSlider(
            "top-p",
            initial.top_p,
            _TOP_P,
            low=1e-6,
            off=1.0,
            explanation="Choose among the likeliest characters that together have probability p; "
            "1 turns it off.",
            id="top-p",
        )
        yield NumberSlider(
            "min-p",
            initial.min_p,
            _MIN_P,
            high=1.0,
            off=0.0,
            explanation="Leave out characters that are less than p times as likely as the "
            "likeliest one; 0 turns it off.",
            id="min-p",
        )
        yield NumberSlider(
            "length", initial.length, _LENGTHS, low=1, high=MAX_STORED_CHARACTERS - 1, id="length"
        )
        pace = OptionRow("pace", [f"{rate}/s" if rate else "max" for rate in PACES], id="pace")
        pace.tooltip = _PACE_HELP
        yield pace
        until = OptionRow("until", ("length", *UNITS), id="until")
        until.tooltip = _UNTIL_HELP
        yield until
        words = OptionRow("words", WORDS, id="words")
        words.tooltip = "known: write only words of the model's training text."
        yield words
        with Horizontal(classes="row gap"):
            yield Static("seed", classes="label", markup=False)
            yield SafeInput(placeholder="fresh", restrict=r"\d*", max_length=18, id="seed")
        with Horizontal(classes="row"):
            yield Static("stop at", classes="label", markup=False)
            stop = SafeInput(placeholder=r"such as \n\n", id="stop")
            stop.tooltip = Content(_STOP_HELP)
            yield stop
        yield NumberSlider("columns", initial.candidate_count, _COLUMNS, id="columns")
        yield OptionRow("vary", ("seed", "temp"), id="vary")

    def on_mount(self) -> None:
        self.load_preferences(self._initial)

    @property
    def sampling(self) -> SamplingConfig:
        """The settings for sampling the next character."""
        values: dict[str, Any] = {n: self._number(n.replace("_", "-")) for n in _NUMBERS}
        values |= {"top_k": int(values["top_k"]), "words": WORDS[self._options("words").chosen]}
        return SamplingConfig(**values)

    @property
    def length(self) -> int:
        """The number of characters to generate."""
        return int(self._number("length"))

    @property
    def pace(self) -> int:
        """The characters a second; 0: as many as possible."""
        return PACES[self._options("pace").chosen]

    @property
    def preferences(self) -> dict[str, Any]:
        """The settings as fields of :class:`Preferences`."""
        return {
            **asdict(self.sampling),
            "pace": self.pace,
            "length": self.length,
            "seed": int(self._field("seed").value or -1),
            "stop": parse_stops(self._field("stop").value),
            "candidate_count": int(self._number("columns")),
            "until": ("", *UNITS)[self._options("until").chosen],
            "vary_by": VARY_OPTIONS[self._options("vary").chosen],
        }

    def load_preferences(self, values: Preferences | GenerationRequest) -> None:
        """Show ``values`` without posting ``Changed``."""
        sampling = values.sampling if isinstance(values, GenerationRequest) else values
        ending = values.ending if isinstance(values, GenerationRequest) else values
        with self.prevent(NumberSlider.Changed, SafeInput.Changed, OptionRow.Changed):
            numbers = {name.replace("_", "-"): getattr(sampling, name) for name in _NUMBERS}
            numbers |= {"length": values.length, "columns": values.candidate_count}
            for name, value in numbers.items():
                self.query_one(f"#{name}", NumberSlider).value = value
            self._field("seed").value = "" if values.seed < 0 else str(values.seed)
            self._field("stop").value = format_stops(ending.stop)
            self._options("words").chosen = WORDS.index(sampling.words)
            self._options("until").chosen = ("", *UNITS).index(ending.until)
            if isinstance(values, Preferences):
                self._options("pace").chosen = PACES.index(values.pace)
            self._options("vary").chosen = VARY_OPTIONS.index(values.vary_by)

    @on(NumberSlider.Changed)
    @on(SafeInput.Changed)
    @on(OptionRow.Changed)
    def post_changed(self) -> None:
        self.post_message(self.Changed())

    def _options(self, name: str) -> OptionRow:
        return self.query_one(f"#{name}", OptionRow)

    def _number(self, name: str) -> float:
        return self.query_one(f"#{name}", NumberSlider).value

    def _field(self, name: str) -> SafeInput:
        return self.query_one(f"#{name}", SafeInput)
