"""The runs, a line each: how it stands, its name, how much is done, and how well."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList
from textual.widgets.option_list import Option

from charloom.core.runs.events import bits
from charloom.core.runs.monitor import RunMonitor
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import safe_line
from charloom.tui.widgets.option_list import PlainOptionList

_NAME = 20  # columns


class RunList(PlainOptionList):
    """The highlighted run is the one that is shown."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "screen.talk", "Talk with it", show=False, tooltip="Let it write"),
    ]

    @dataclass
    class Chosen(Message):
        """Another run is to be shown."""

        name: str

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Content] = {}

    def show(self, runs: Sequence[RunMonitor], chosen: str) -> None:
        """Show ``runs`` and highlight the one that is ``chosen``."""
        lines = {run.name: _line(run) for run in runs}
        if list(lines) != list(self._rows):
            with self.prevent(OptionList.OptionHighlighted):
                self.set_options(Option(line, id=name) for name, line in lines.items())
        else:
            for name, line in lines.items():
                if line != self._rows[name]:
                    self.replace_option_prompt(name, line)
        self._rows = lines
        if chosen in lines:
            with self.prevent(OptionList.OptionHighlighted):
                self.highlighted = list(lines).index(chosen)

    @on(OptionList.OptionHighlighted)
    def choose(self, event: OptionList.OptionHighlighted) -> None:
        """Have the highlighted run shown."""
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id))


def _line(run: RunMonitor) -> Content:
    best = run_status.best(run)
    done = f"{run_status.fraction(run):.0%}" if run.progress else ""
    loss = f"{bits(best[1]):.2f}" if best else ""
    return Content.assemble(
        (f"{run_status.symbol(run.state)} ", run_status.colour(run.state)),
        safe_line(run.name, 2 * _NAME).truncate(_NAME, ellipsis=True, pad=True),
        f"{done:>5}{loss:>6}",
    )
