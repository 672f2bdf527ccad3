"""Input fields for the most important settings of a run."""

from dataclasses import fields
from typing import Any

from textual import on
from textual.app import ComposeResult
from textual.containers import Grid
from textual.widgets import Input, Static

from charloom.core.config import ModelConfig, TrainConfig
from charloom.core.errors import CharloomError, SettingError
from charloom.core.runs.presets import PRESETS, validate_overrides
from charloom.core.settings import option_name
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.inputs import SafeInput

_NAMES = (
    *("seed", "steps", "hidden_size", "layers", "dropout"),
    *("learning_rate", "batch_size", "window", "threads"),
)
MIN_COUNT = "min_count"
_MAX_MIN_COUNT = 1_000_000


class SettingsGrid(Grid):
    """A labelled field per setting; an empty field means the value of the preset."""

    def compose(self) -> ComposeResult:
        settings = {f.name: f for f in (*fields(ModelConfig), *fields(TrainConfig))}
        grid = [(n, option_name(settings[n]), settings[n].metadata["help"]) for n in _NAMES]
        grid.append((MIN_COUNT, "fold", "Characters that occur fewer times share one placeholder."))
        for name, option, help_ in grid:
            yield Static(option, markup=False)
            yield SafeInput(id=name, tooltip=safe_content(help_))

    def show_preset(self, name: str) -> None:
        """Show the values of the preset ``name`` as placeholders."""
        preset = PRESETS.get(name)
        settings: dict[str, Any] = {}
        for config in preset.configs(1, {}) if preset else ():
            settings |= config.to_json()
        defaults = {"seed": "0", "steps": "", "threads": "auto", MIN_COUNT: "0"}
        for field in self.query(SafeInput):
            value = settings.get(field.id or "")
            shown = "auto" if value is None else f"{value:g}"
            field.placeholder = defaults.get(field.id or "", shown)

    def overrides(self) -> dict[str, Any]:
        """Return the typed settings, including ``min_count``.

        Focus the first invalid field, if any, and raise :class:`CharloomError`.
        """
        overrides = {}
        for field in self.query(SafeInput):
            if field.value.strip():
                try:
                    overrides[field.id or ""] = _value(field)
                except CharloomError:
                    field.focus()
                    raise
        return overrides

    @on(SafeInput.Changed)
    def mark_invalid(self, event: SafeInput.Changed) -> None:
        event.stop()
        invalid = False
        try:
            if event.value.strip():
                _value(event.input)
        except CharloomError:
            invalid = True
        event.input.set_class(invalid, "-invalid")


def _value(field: Input) -> int | float | str:
    """Return the typed value; raise :class:`CharloomError` if it is invalid."""
    name, value = field.id or "", _number(field.value.strip())
    if name != MIN_COUNT:
        validate_overrides("medium", {name: value})
    elif not isinstance(value, int) or not 0 <= value <= _MAX_MIN_COUNT:
        raise SettingError(
            name, f"is a whole number from 0 to {_MAX_MIN_COUNT:,}, not {value!r}.", "fold"
        )
    return value


def _number(typed: str) -> int | float | str:
    """Return the typed number; other text unchanged, for the validation to reject."""
    for kind in (int, float):
        try:
            return kind(typed)
        except ValueError:
            continue
    return typed
