"""The settings of a run that a person may want to choose, each with a field of its own."""

from dataclasses import fields
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Grid
from textual.widgets import Input, Static

from charloom.core.config import ModelConfig, TrainConfig, option_name
from charloom.core.errors import CharloomError
from charloom.core.runs.presets import PRESETS, validate_overrides
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.inputs import SafeInput

_NAMES = (
    *("seed", "steps", "hidden_size", "layers", "dropout"),
    *("learning_rate", "batch_size", "window", "threads"),
)
MIN_COUNT = "min_count"
_MAX_MIN_COUNT = 1_000_000


class SettingsGrid(Grid):
    """A field for each of the settings that matter most; one left empty is the preset's."""

    DEFAULT_CSS = """
    SettingsGrid {
        height: auto;
        grid-size: 6;
        grid-columns: 8 1fr;
        grid-rows: 1;
        grid-gutter: 0 1;
        Static { color: $text-muted; text-align: right; }
    }
    """

    def compose(self) -> ComposeResult:
        """Lay out labels and fields."""
        settings = {f.name: f for f in (*fields(ModelConfig), *fields(TrainConfig))}
        grid = [(n, option_name(settings[n]), settings[n].metadata["help"]) for n in _NAMES]
        grid.append(
            (MIN_COUNT, "--fold", "Characters that occur fewer times share one placeholder.")
        )
        for name, option, help_ in grid:
            yield Static(option.removeprefix("--"), markup=False)
            field = SafeInput(id=name)
            field.tooltip = safe_content(help_)
            yield field

    def show_preset(self, name: str) -> None:
        """Show, where nothing is typed, what the preset ``name`` takes."""
        preset = PRESETS.get(name)
        settings = [part.to_json() for part in preset.settings(1, {})] if preset else []
        for field in self.query(SafeInput):
            own = next((part[field.id] for part in settings if field.id in part), None)
            usual = {"seed": "0", "steps": "", "threads": "auto", MIN_COUNT: "0"}
            field.placeholder = usual.get(field.id or "", "auto" if own is None else f"{own:g}")

    def chosen(self) -> dict[str, Any]:
        """Return the settings that were typed, ``min_count`` among them.

        Raises :class:`CharloomError` for the first that will not do, and puts the focus there.
        """
        chosen = {}
        for field in self.query(SafeInput):
            if field.value.strip():
                try:
                    chosen[field.id or ""] = _checked(field)
                except CharloomError:
                    field.focus()
                    raise
        return chosen

    @on(SafeInput.Changed)
    def mark(self, event: SafeInput.Changed) -> None:
        """Show at once whether what is typed will do."""
        event.stop()
        wrong = False
        try:
            if event.value.strip():
                _checked(event.input)
        except CharloomError:
            wrong = True
        event.input.set_class(wrong, "-invalid")


def _checked(field: Input) -> int | float | str:
    """Return what was typed, as the settings take it."""
    name, value = field.id or "", _number(field.value.strip())
    if name != MIN_COUNT:
        validate_overrides("medium", {name: value})
    elif not isinstance(value, int) or not 0 <= value <= _MAX_MIN_COUNT:
        raise CharloomError(
            f"--fold is a whole number from 0 to {_MAX_MIN_COUNT:,}, not {value!r}."
        )
    return value


def _number(typed: str) -> int | float | str:
    """Return the number that was typed; whatever is none is left for the settings to refuse."""
    for kind in (int, float):
        try:
            return kind(typed)
        except ValueError:
            continue
    return typed
