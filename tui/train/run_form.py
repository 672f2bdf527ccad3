"""What a run is to be: the text as it was read, the preset, how long, and the name."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Collapsible, Static
from textual.widgets.option_list import Option

from charloom.core.data.corpus import Corpus, ReadOptions
from charloom.core.data.statistics import TextStatistics
from charloom.core.errors import CharloomError
from charloom.core.runs.estimates import AUTO_SUMMARY
from charloom.core.runs.presets import DEFAULT_MINUTES, PRESETS
from charloom.core.store.write import check_unused, unused_name
from charloom.tui.formatting.content import in_the_app, safe_content, safe_line
from charloom.tui.formatting.units import format_approx
from charloom.tui.train.settings_grid import MIN_COUNT, SettingsGrid
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.number_slider import NumberSlider
from charloom.tui.widgets.option_list import PlainOptionList

_MINUTES = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 240.0)
_EPOCHS = (1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 100.0)
_TITLE = 60  # characters
_NO_TEXT = "No text yet: choose one, and what is in it is told here."


class PresetList(PlainOptionList):
    """A line for each; the one that is highlighted is the one that is chosen."""

    DEFAULT_CSS = "PresetList { height: auto; }"

    def __init__(self) -> None:
        super().__init__(*(Option(_line(name, ""), id=name) for name in _SUMMARIES))

    @property
    def chosen(self) -> str:
        """The name of the preset that is chosen."""
        option = self.highlighted_option
        return (option.id if option else None) or "auto"

    def show_seconds(self, seconds: Mapping[str, float]) -> None:
        """Show about how long each would train, where that is known."""
        for index, name in enumerate(_SUMMARIES):
            about = format_approx(seconds[name]) if name in seconds else ""
            self.replace_option_prompt_at_index(index, _line(name, about))


class RunRequest(NamedTuple):
    """What the person wants: see :func:`charloom.core.runs.run.create_run`."""

    name: str
    preset: str
    chosen: dict[str, Any]
    min_count: int


class RunForm(VerticalScroll, can_focus=False):
    """The form; what was typed stays, whatever text is shown next."""

    @dataclass
    class ReadAgain(Message):
        """The text is to be read in another way."""

    @dataclass
    class Wanted(Message):
        """The run is to be started."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._proposed = ""
        self._read = ReadOptions(start=None, end=None, encoding=None)
        self._seconds: dict[str, float] = {}

    def compose(self) -> ComposeResult:
        """Lay out the text over the choices."""
        yield Static(_NO_TEXT, id="text", markup=False)
        with Horizontal(id="reading", classes="row"):
            yield Static("from", classes="label", markup=False)
            yield SafeInput(placeholder="a phrase or place", id="start")
            yield Static("to", classes="label", markup=False)
            yield SafeInput(placeholder="a phrase or place", id="end")
            yield Static("encoding", classes="label", markup=False)
            yield SafeInput(placeholder="recognised", id="encoding")
        with VerticalScroll(id="findings") as findings:
            findings.display = False
            yield Static("", markup=False)
        yield PresetList()
        yield NumberSlider("minutes", DEFAULT_MINUTES, _MINUTES, low=0.01, high=1e5, id="minutes")
        yield NumberSlider("epochs", 1.0, _EPOCHS, low=1e-3, high=1e6, id="epochs")
        with Horizontal(classes="row"):
            yield Static("name", classes="label", markup=False)
            yield SafeInput(id="name", max_length=80)
        yield Static("", id="name-fault", markup=False)
        with Collapsible(title="More settings"):
            yield SettingsGrid()
        yield Button("Start", variant="primary", compact=True)

    def on_mount(self) -> None:
        """Show what belongs to the first preset."""
        self.show_preset()

    @property
    def reading(self) -> ReadOptions:
        """How the text is to be read."""
        start, end, encoding = (
            self._field(name).value.strip() or None for name in ("start", "end", "encoding")
        )
        return ReadOptions(start=start, end=end, encoding=encoding)

    @property
    def read_otherwise(self) -> bool:
        """Whether that is not how the text that is shown was read."""
        return self.reading != self._read

    def show_text(
        self,
        corpus: Corpus,
        survey: TextStatistics,
        reading: ReadOptions,
        seconds: Mapping[str, float],
    ) -> None:
        """Show what was found in a text, and about how long each preset would take for it."""
        self._read, self._seconds = reading, dict(seconds)
        facts = (
            f"{survey.characters:,} characters · {survey.distinct:,} distinct · "
            f"{survey.lines:,} line{'s' * (survey.lines != 1)} · {survey.encoding}"
        )
        title = safe_line(corpus.title, _TITLE, "bold")
        self.query_one("#text", Static).update(
            Content("\n").join([title, safe_content(facts, "$text-muted")])
        )
        told = [safe_content(f"· {in_the_app(note)}") for note in corpus.notes]
        for each in survey.findings:
            told.append(safe_content(f"· {in_the_app(each.what)}", "$text-warning"))
            told.append(safe_content(f"  {in_the_app(each.action)}", "$text-muted"))
        findings = self.query_one("#findings", VerticalScroll)
        findings.query_one(Static).update(Content("\n").join(told))
        findings.display = bool(told)
        self._propose(corpus.title)
        self._show_seconds()

    def choice(self) -> RunRequest:
        """Return what is wanted; :class:`CharloomError` if it cannot be, the focus being there."""
        preset = self.query_one(PresetList).chosen
        bound = self._dial("minutes" if preset == "auto" else "epochs")
        if not bound.accept():
            bound.focus()
            raise CharloomError(f"Choose how many {bound.label} to train for.")
        chosen = self.query_one(SettingsGrid).chosen()
        min_count = chosen.pop(MIN_COUNT, 0)
        if "steps" not in chosen:
            chosen[bound.label] = bound.value
        name = self._field("name")
        try:
            check_unused(name.value)
        except CharloomError:
            name.focus()
            raise
        return RunRequest(name.value, preset, chosen, min_count)

    @on(PresetList.OptionHighlighted)
    def show_preset(self) -> None:
        """Show how long the chosen preset trains, and its other settings."""
        preset = self.query_one(PresetList).chosen
        self._dial("minutes").display = preset == "auto"
        self._dial("epochs").display = preset != "auto"
        if preset != "auto":
            self._dial("epochs").set_silently(PRESETS[preset].training["epochs"])
        self.query_one(SettingsGrid).show_preset(preset)
        self._show_seconds()

    @on(PresetList.OptionSelected)
    def go_on(self) -> None:
        """Have nothing more to choose."""
        self.query_one(Button).focus()

    @on(NumberSlider.Changed)
    def _show_seconds(self) -> None:
        """Show about how long each preset would take, for as long as the person wants."""
        seconds = dict(self._seconds)
        seconds["auto"] = 60 * self._dial("minutes").value
        preset = self.query_one(PresetList).chosen
        if preset != "auto" and preset in seconds:
            usual = PRESETS[preset].training["epochs"]
            seconds[preset] *= self._dial("epochs").value / usual
        self.query_one(PresetList).show_seconds(seconds)

    @on(SafeInput.Changed, "#name")
    def check_name(self, event: SafeInput.Changed) -> None:
        """Say at once what is wrong with a name."""
        fault = ""
        try:
            check_unused(event.value)
        except CharloomError as error:
            fault = str(error)
        event.input.set_class(bool(fault), "-invalid")
        told = self.query_one("#name-fault", Static)
        told.update(safe_content(fault, "$text-error"))
        told.display = bool(fault)

    @on(SafeInput.Submitted, "#name")
    @on(Button.Pressed)
    def want(self) -> None:
        """Ask for the run to be started."""
        self.post_message(self.Wanted())

    @on(SafeInput.Submitted, "#start, #end, #encoding")
    @on(SafeInput.Blurred, "#start, #end, #encoding")
    def read_again(self) -> None:
        """Have the text read in another way, if it is another."""
        if self.read_otherwise:
            self.post_message(self.ReadAgain())

    def _propose(self, title: str) -> None:
        """Propose a name, unless the person has given one."""
        field = self._field("name")
        if field.value == self._proposed:
            self._proposed = field.value = unused_name(title)

    def _field(self, name: str) -> SafeInput:
        return self.query_one(f"#{name}", SafeInput)

    def _dial(self, name: str) -> NumberSlider:
        return self.query_one(f"#{name}", NumberSlider)


_SUMMARIES = {"auto": AUTO_SUMMARY} | {name: preset.summary for name, preset in PRESETS.items()}


def _line(name: str, about: str) -> Content:
    return Content.assemble(f"{name:<9}{about:>6}  ", (_SUMMARIES[name], "$text-muted"))
