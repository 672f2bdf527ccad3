"""The form for a new run: text, preset, duration, name and settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Button, Checkbox, Collapsible, Static

from charloom.core.data.corpus import Corpus, ReadOptions
from charloom.core.data.statistics import TextStatistics
from charloom.core.errors import CharloomError, SettingError, setting_label
from charloom.core.runs.presets import DEFAULT_MINUTES, PRESETS
from charloom.core.store.write import check_unused, unused_name
from charloom.core.wording import plural
from charloom.tui.formatting.content import safe_content, safe_line
from charloom.tui.train.preset_list import PresetList
from charloom.tui.train.settings_grid import MIN_COUNT, SettingsGrid
from charloom.tui.train.start_choice import StartChoice
from charloom.tui.widgets.inputs import SafeInput
from charloom.tui.widgets.number_slider import NumberSlider

_MINUTES = (0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 240.0)
_EPOCHS = (1.0, 2.0, 3.0, 5.0, 8.0, 10.0, 12.0, 15.0, 20.0, 30.0, 50.0, 100.0)
_MAX_TITLE = 60  # characters
_NO_TEXT = "No text chosen yet."


class RunRequest(NamedTuple):
    """The arguments of :func:`charloom.core.runs.run.create_run`, except the text."""

    name: str
    preset: str
    overrides: dict[str, Any]
    min_count: int
    base: str


class RunForm(VerticalScroll, can_focus=False):
    """The form; typed values stay when another text is chosen."""

    @dataclass
    class ReloadRequested(Message):
        """The text must be read again with other options."""

    @dataclass
    class StartRequested(Message):
        """The user wants to start the run."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name for it
        super().__init__(id=id)
        self._suggested_name = ""
        self._shuffle_lines: bool | None = None  # as the user chose
        self._loaded_options = ReadOptions(
            start=None, end=None, encoding=None, column=None, shuffle_lines=None
        )
        self._seconds: dict[str, float] = {}

    def compose(self) -> ComposeResult:
        yield Static(_NO_TEXT, id="text", markup=False)
        with Horizontal(id="read-options", classes="row"):
            yield Static("from", classes="label", markup=False)
            yield SafeInput(placeholder="a phrase or place", id="start")
            yield Static("to", classes="label", markup=False)
            yield SafeInput(placeholder="a phrase or place", id="end")
            yield Static("encoding", classes="label", markup=False)
            yield SafeInput(placeholder="detected", id="encoding")
        with Horizontal(id="record-options", classes="row") as row:
            row.display = False
            yield Static("column", classes="label", markup=False)
            yield SafeInput(placeholder="of the texts", id="column")
            yield Checkbox("shuffle the lines", compact=True)
        with VerticalScroll(id="issues") as issues:
            issues.display = False
            yield Static("", markup=False)
        yield StartChoice()
        yield PresetList()
        yield NumberSlider("minutes", DEFAULT_MINUTES, _MINUTES, low=0.01, high=1e5, id="minutes")
        yield NumberSlider(
            "epochs",
            1.0,
            _EPOCHS,
            low=1e-3,
            high=1e6,
            explanation="One epoch is one pass over the text.",
            id="epochs",
        )
        with Horizontal(classes="row"):
            yield Static("name", classes="label", markup=False)
            yield SafeInput(id="name", max_length=80)
        yield Static("", id="name-error", markup=False)
        with Collapsible(title="More settings"):
            yield SettingsGrid()
        yield Button("Start", variant="primary", compact=True)

    def on_mount(self) -> None:
        self.show_preset()

    @property
    def read_options(self) -> ReadOptions:
        """The options for reading the text."""
        names = ("start", "end", "encoding", "column")
        start, end, encoding, column = (self._field(n).value.strip() or None for n in names)
        return ReadOptions(
            start=start,
            end=end,
            encoding=encoding,
            column=column,
            shuffle_lines=self._shuffle_lines,
        )

    @property
    def needs_reload(self) -> bool:
        """True if the text was loaded with other options."""
        return self.read_options != self._loaded_options

    def show_text(
        self,
        corpus: Corpus,
        statistics: TextStatistics,
        read_options: ReadOptions,
        seconds: Mapping[str, float],
    ) -> None:
        """Show a text, its issues, and the estimated duration of each preset."""
        self._loaded_options, self._seconds = read_options, dict(seconds)
        facts = (
            f"{plural(statistics.characters, 'character')} · {statistics.distinct:,} distinct · "
            f"{statistics.lines:,} line{'s' * (statistics.lines != 1)} · {statistics.encoding}"
        )
        title = safe_line(corpus.title, _MAX_TITLE, "bold")
        self.query_one("#text", Static).update(
            Content("\n").join([title, safe_content(facts, "$text-muted")])
        )
        lines = [safe_content(f"· {note}") for note in corpus.notes]
        for issue in statistics.issues:
            advice = issue.advice.format(option=setting_label(issue.option))
            lines.append(safe_content(f"· {issue.summary}", "$text-warning"))
            lines.append(safe_content(f"  {advice}", "$text-muted"))
        issues = self.query_one("#issues", VerticalScroll)
        issues.query_one(Static).update(Content("\n").join(lines))
        issues.display = bool(lines)
        self._suggest_name(corpus.title)
        self._update_durations()
        sorted_lines = any(issue.option == "shuffle-lines" for issue in statistics.issues)
        shuffle = self.query_one(Checkbox)
        with self.prevent(Checkbox.Changed):
            shuffle.value = corpus.shuffled
        shuffle.display = (
            corpus.shuffled or sorted_lines or read_options["shuffle_lines"] is not None
        )
        self._show_record_options(column=read_options["column"] is not None)

    def show_unreadable(self, title: str, error: SettingError) -> None:
        """Show that a text could not be read, and focus the field for what must be given."""
        self.query_one("#text", Static).update(safe_line(title, _MAX_TITLE, "bold"))
        self.query_one("#issues").display = False
        self._loaded_options = self.read_options
        if error.field == "column":
            self.query_one("#record-options .label", Static).update(error.option)
            self.query_one(Checkbox).display = False
            self._show_record_options(column=True)
        self._field(error.field).focus()

    def forget_records(self) -> None:
        """Forget the column and the order of lines, which belong to one text."""
        self._field("column").value, self._shuffle_lines = "", None
        self._show_record_options(column=False)

    def _show_record_options(self, *, column: bool) -> None:
        row = self.query_one("#record-options")
        row.query_one(".label").display = self._field("column").display = column
        row.display = column or self.query_one(Checkbox).display

    def request(self) -> RunRequest:
        """Return the values of the form.

        Focus the first invalid field, if any, and raise :class:`CharloomError`.
        """
        preset, base = self._preset, self.query_one(StartChoice).base
        duration = self._slider("minutes" if preset == "auto" else "epochs")
        if not duration.accept():
            duration.focus()
            raise CharloomError(f"Choose how many {duration.label} to train.")
        overrides = self.query_one(SettingsGrid).overrides()
        min_count = overrides.pop(MIN_COUNT, 0)
        if "steps" not in overrides:
            overrides[duration.label] = duration.value
        name = self._field("name")
        try:
            check_unused(name.value)
        except CharloomError:
            name.focus()
            raise
        return RunRequest(name.value, preset, overrides, min_count, base)

    @property
    def _preset(self) -> str:
        """The chosen preset: none but ``auto`` starts from a model."""
        from_model = self.query_one(StartChoice).is_model
        return "auto" if from_model else self.query_one(PresetList).chosen

    @on(StartChoice.Changed)
    def show_start(self) -> None:
        """Leave out what does not apply to the chosen start."""
        self.query_one(PresetList).display = not self.query_one(StartChoice).is_model
        self.show_preset()

    @on(PresetList.OptionHighlighted)
    def show_preset(self) -> None:
        """Show the duration and settings of the chosen preset."""
        preset = self._preset
        self._slider("minutes").display = preset == "auto"
        self._slider("epochs").display = preset != "auto"
        if preset != "auto":
            self._slider("epochs").set_silently(PRESETS[preset].training["epochs"])
        self.query_one(SettingsGrid).show_preset(preset)
        self._update_durations()

    @on(PresetList.OptionSelected)
    def focus_start(self) -> None:
        self.query_one(Button).focus()

    @on(NumberSlider.Changed)
    def _update_durations(self) -> None:
        seconds = dict(self._seconds)
        seconds["auto"] = 60 * self._slider("minutes").value
        preset = self.query_one(PresetList).chosen
        if preset != "auto" and preset in seconds:
            seconds[preset] *= self._slider("epochs").value / PRESETS[preset].training["epochs"]
        self.query_one(PresetList).set_seconds(seconds)

    @on(SafeInput.Changed, "#name")
    def check_name(self, event: SafeInput.Changed) -> None:
        message = ""
        try:
            check_unused(event.value)
        except CharloomError as error:
            message = str(error)
        event.input.set_class(bool(message), "-invalid")
        label = self.query_one("#name-error", Static)
        label.update(safe_content(message, "$text-error"))
        label.display = bool(message)

    @on(SafeInput.Submitted, "#name, #base")
    @on(Button.Pressed)
    def request_start(self) -> None:
        self.post_message(self.StartRequested())

    @on(Checkbox.Changed)
    def shuffle_lines(self, event: Checkbox.Changed) -> None:
        self._shuffle_lines = event.value
        self.request_reload()

    @on(SafeInput.Submitted, "#start, #end, #encoding, #column")
    @on(SafeInput.Blurred, "#start, #end, #encoding, #column")
    def request_reload(self) -> None:
        if self.needs_reload:
            self.post_message(self.ReloadRequested())

    def _suggest_name(self, title: str) -> None:
        """Suggest a name, unless the user has typed one."""
        field = self._field("name")
        if field.value == self._suggested_name:
            self._suggested_name = field.value = unused_name(title)

    def _field(self, name: str) -> SafeInput:
        return self.query_one(f"#{name}", SafeInput)

    def _slider(self, name: str) -> NumberSlider:
        return self.query_one(f"#{name}", NumberSlider)
