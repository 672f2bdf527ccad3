"""The list of presets in the form for a new run."""

from collections.abc import Mapping

from textual.content import Content
from textual.widgets.option_list import Option

from charloom.core.runs.estimates import AUTO_SUMMARY
from charloom.core.runs.presets import PRESETS
from charloom.tui.formatting.units import format_approx
from charloom.tui.widgets.option_list import PlainOptionList

_SUMMARIES = {"auto": AUTO_SUMMARY} | {name: preset.summary for name, preset in PRESETS.items()}


class PresetList(PlainOptionList):
    """The presets; the highlighted one is chosen."""

    def __init__(self) -> None:
        super().__init__(*(Option(_option(name, ""), id=name) for name in _SUMMARIES))

    @property
    def chosen(self) -> str:
        """The name of the chosen preset."""
        option = self.highlighted_option
        return (option.id if option else None) or "auto"

    def set_seconds(self, seconds: Mapping[str, float]) -> None:
        """Show the estimated duration of each preset, where known."""
        for index, name in enumerate(_SUMMARIES):
            duration = format_approx(seconds[name]) if name in seconds else ""
            self.replace_option_prompt_at_index(index, _option(name, duration))


def _option(name: str, duration: str) -> Content:
    return Content.assemble(f"{name:<9}{duration:>6}  ", (_SUMMARIES[name], "$text-muted"))
