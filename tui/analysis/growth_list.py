"""The checkpoints of a model, a line each: what it was able to write then."""

from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from charloom.core.analysis.checkpoint_samples import CheckpointSample
from charloom.core.runs.events import bits
from charloom.core.sanitize import single_line
from charloom.tui.formatting.content import safe_content
from charloom.tui.widgets.option_list import PlainOptionList

HEADINGS = f"{'step':>9}  {'bits/char':>9}  {'':<5}  what it writes"
_LINE = 400  # characters of a text: what is beyond the widest screen is not in its line


class GrowthList(PlainOptionList):
    """Grows at its end, where the cursor stays for as long as nobody moves it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.talk", "Talk with it", show=False, tooltip="Let it write"),
    ]

    @dataclass
    class Highlighted(Message):
        """Another checkpoint is under the cursor."""

        growth: CheckpointSample

    def __init__(self) -> None:
        super().__init__()
        self._grown: list[CheckpointSample] = []

    @property
    def growth(self) -> CheckpointSample | None:
        """What is under the cursor."""
        return None if self.highlighted is None else self._grown[self.highlighted]

    @property
    def steps(self) -> set[int]:
        """The checkpoints that are shown."""
        return {each.step for each in self._grown}

    def clear(self) -> None:
        """Show none."""
        self._grown = []
        self.clear_options()

    def add(self, growth: CheckpointSample) -> None:
        """Show what another checkpoint has made of the prompt."""
        follows = self.highlighted in (None, len(self._grown) - 1)
        self._grown.append(growth)
        self.add_option(Option(_line(growth)))
        if follows:
            self.highlighted = len(self._grown) - 1

    @on(OptionList.OptionHighlighted)
    def tell(self, event: OptionList.OptionHighlighted) -> None:
        """Tell what is under the cursor."""
        event.stop()
        if self.growth:
            self.post_message(self.Highlighted(self.growth))


def _line(growth: CheckpointSample) -> Content:
    figure = "–" if growth.loss is None else f"{bits(growth.loss):.2f}"
    if growth.fault:
        text = safe_content(single_line(growth.fault.rpartition(": ")[2], _LINE), "$text-muted")
    else:
        text = safe_content(single_line(growth.text, _LINE))
    measure = "train" if growth.measure == "train" else ""  # else it is of held-out text
    head = f"{growth.step:>9,}  {figure:>9}  {measure:<5}  "
    return Content.assemble((head, "$text-muted"), text)
