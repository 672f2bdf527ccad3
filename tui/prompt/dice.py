"""The likeliest next characters of a text that is being written, as bars."""

from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from charloom.core.errors import CharloomError
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Option, Prediction
from charloom.tui.formatting.graphemes import cell_len
from charloom.tui.widgets.direct_lines import DirectLines
from charloom.tui.widgets.token_readout import char_label

OPTION_COUNT = 5
_MARGIN_COLUMNS = 3  # as before the text
_LABEL_COLUMNS = 3
_MAX_BAR_COLUMNS = 40
_BOLD = Style(bold=True)
_EIGHTHS = " ▏▎▍▌▋▊▉"


class Dice(DirectLines):
    """Five lines: a character, its probability and a bar, dimmed if sampling leaves it out.

    In a pause, each begins with the digit that chooses it.
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"dice--key", "dice--bar", "dice--cut"}

    def __init__(self) -> None:
        super().__init__()
        self.display = False
        self._shown: tuple[Prediction | None, SamplingConfig | None, bool] = None, None, False
        self._options: list[Option] = []
        self._used = False  # one of the options was chosen, and they are the next character's soon

    def show(
        self, prediction: Prediction | None, config: SamplingConfig, *, choosable: bool
    ) -> None:
        """Show the options with these settings, with digits if ``choosable``; None hides them."""
        shown = prediction, config, choosable
        if shown == self._shown:
            return
        self._used = self._used and prediction is self._shown[0]
        self._shown = shown
        try:
            self._options = prediction.options(config, OPTION_COUNT) if prediction else []
        except CharloomError:  # known words are wanted of a model that has none
            self._options = []
        self.display = bool(self._options)
        self.refresh()

    def choose(self, number: int) -> str:
        """Return the character of option ``number``, from 1; "" if none can be chosen now."""
        if self._used or not self._shown[2] or not 0 < number <= len(self._options):
            return ""
        self._used = True
        return self._options[number - 1].character

    def render_line(self, y: int) -> Strip:
        base, width = self.component_style(), self.size.width
        if y >= len(self._options):
            return Strip.blank(width, base)
        character, probability, kept = self._options[y]
        key = f"{y + 1} " if self._shown[2] else "  "
        label = char_label(character)
        label_columns = cell_len(label)
        label += " " * (_LABEL_COLUMNS - label_columns)
        figure = f"{probability:6.1%} "
        before = _MARGIN_COLUMNS + len(key) + max(_LABEL_COLUMNS, label_columns) + len(figure)
        bar = _bar(probability, max(0, min(_MAX_BAR_COLUMNS, width - before - 1)))
        style = base if kept else self.component_style("dice--cut")
        segments = [  # few: they are drawn often, and blanks look alike in all these styles
            Segment(" " * _MARGIN_COLUMNS + key, self.component_style("dice--key")),
            Segment(label, style + _BOLD if kept else style),
            Segment(figure, style),
            Segment(
                bar.ljust(width - before), self.component_style("dice--bar") if kept else style
            ),
        ]
        return Strip(segments, max(width, before + len(bar))).crop(0, width)


def _bar(fraction: float, columns: int) -> str:
    """Return a bar in eighths of a column, at least one."""
    whole, eighths = divmod(max(1, round(fraction * columns * 8)), 8)
    return "█" * whole + (_EIGHTHS[eighths] if eighths else "")
