"""The presets to choose from: how long each would train here, and what it is."""

from collections.abc import Mapping

from textual.content import Content
from textual.widgets.option_list import Option

from charloom.core.data.statistics import AUTO_SUMMARY
from charloom.core.runs.presets import PRESETS
from charloom.tui.formatting.durations import format_approx
from charloom.tui.widgets.option_list import PlainOptionList

_SUMMARIES = {"auto": AUTO_SUMMARY} | {name: preset.summary for name, preset in PRESETS.items()}


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


def _line(name: str, about: str) -> Content:
    return Content.assemble(f"{name:<9}{about:>6}  ", (_SUMMARIES[name], "$text-muted"))
