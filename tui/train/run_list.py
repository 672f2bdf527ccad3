"""The list of runs: state, name, completed share and best loss, a line each."""

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

_NAME_WIDTH = 20  # columns


class RunList(PlainOptionList):
    """Posts ``Chosen`` for the highlighted run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "screen.talk", "Talk", show=False, tooltip="Open its best checkpoint in Prompt"
        ),
    ]

    @dataclass
    class Chosen(Message):
        """The user highlighted another run."""

        name: str

    def __init__(self) -> None:
        super().__init__()
        self._rows: dict[str, Content] = {}

    def set_runs(self, runs: Sequence[RunMonitor], selected: str) -> None:
        """Show ``runs`` and highlight the one called ``selected``."""
        rows = {run.name: _row(run) for run in runs}
        with self.prevent(OptionList.OptionHighlighted):
            if list(rows) != list(self._rows):
                self.set_options(Option(row, id=name) for name, row in rows.items())
            else:
                for name, row in rows.items():
                    if row != self._rows[name]:
                        self.replace_option_prompt(name, row)
            self._rows = rows
            if selected in rows:
                self.highlighted = list(rows).index(selected)

    @on(OptionList.OptionHighlighted)
    def post_chosen(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id))


def _row(run: RunMonitor) -> Content:
    best = run_status.best(run)
    done = f"{run_status.fraction(run):.0%}" if run.progress else ""
    few = "~" if run_status.best_note(run) else ""  # there is no room for the number
    loss = f"{few}{bits(best[1]):.2f}" if best else ""
    return Content.assemble(
        (f"{run_status.symbol(run.status)} ", run_status.colour(run.status)),
        safe_line(run.name, 2 * _NAME_WIDTH).truncate(_NAME_WIDTH, ellipsis=True, pad=True),
        f"{done:>5}{loss:>6}",
    )
