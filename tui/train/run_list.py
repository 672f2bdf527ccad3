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
from charloom.tui.formatting.content import pad_line, safe_content
from charloom.tui.formatting.graphemes import cell_len
from charloom.tui.widgets.option_list import PlainOptionList

_OTHER_COLUMNS = 13  # symbol, share and loss
_MIN_NAME = 12  # columns


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
        self._runs: Sequence[RunMonitor] = ()

    def set_runs(self, runs: Sequence[RunMonitor], selected: str) -> None:
        """Show ``runs`` and highlight the one called ``selected``."""
        self._runs = runs
        room = max(_MIN_NAME, self.scrollable_content_region.width - _OTHER_COLUMNS)
        width = min(room, max((cell_len(run.name) for run in runs), default=0))
        rows = {run.name: _row(run, width) for run in runs}
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

    def on_resize(self) -> None:
        if self.highlighted_option:
            self.set_runs(self._runs, self.highlighted_option.id or "")

    @on(OptionList.OptionHighlighted)
    def post_chosen(self, event: OptionList.OptionHighlighted) -> None:
        event.stop()
        if event.option_id:
            self.post_message(self.Chosen(event.option_id))


def _row(run: RunMonitor, name_width: int) -> Content:
    best = run_status.best(run)
    done = f"{run_status.fraction(run):.0%}" if run.progress else ""
    few = "~" if run_status.best_note(run) else ""  # there is no room for the number
    loss = f"{few}{bits(best[1]):.2f}" if best else ""
    return Content.assemble(
        (f"{run_status.symbol(run.status)} ", run_status.colour(run.status)),
        safe_content(pad_line(run.name, name_width)),
        f"{done:>5}{loss:>6}",
    )
