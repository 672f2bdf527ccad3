"""The Train screen: the list of runs, and one run in detail."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.sanitize import quoted, single_line
from charloom.core.store.ref import CheckpointRef
from charloom.tui.charts.curves import ChartData, chart_data
from charloom.tui.dialogs.basic import InputDialog, confirm_dialog
from charloom.tui.formatting.content import safe_line
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.run_status import FINISHED, LIVE, RESUMABLE
from charloom.tui.messages import OpenGrowth, OpenInspector, OpenPrompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.services.text_source import TextSource
from charloom.tui.train.run_list import RunList
from charloom.tui.train.run_view import RunView
from charloom.tui.widgets.action_bar import ActionBar, KeyHint, key_hints
from charloom.tui.widgets.base_screen import BaseScreen
from charloom.tui.widgets.keys import key_binding

_EMPTY = """\
Training teaches a network to continue a text, one character at a time.
It reads the text again and again, and here you watch it improve.

Press {train.add|a} to choose a text and start."""
_UNDO_HINT = "{train.undo|u} restores it until you quit."
_MAX_NAME = 40  # characters

_CONDITIONS: Mapping[str, Callable[[RunMonitor], bool]] = {
    "pause": lambda run: run.status in set(LIVE) - {RunStatus.STARTING},
    "stop": lambda run: run.status in LIVE,
    "checkpoint": lambda run: run.status is RunStatus.TRAINING,
    "rate": lambda run: run.status is RunStatus.TRAINING,
    "resume": lambda run: run.status in (*RESUMABLE, *FINISHED),
    "talk": lambda run: run.checkpoint is not None,
    "chart": lambda run: len(run.train) > 0,
    "mark": lambda run: len(run.train) > 0,
    "inspect": lambda run: run.checkpoint is not None,
    "growth": lambda run: run.checkpoint is not None,
    "delete": lambda run: run.status not in LIVE,
}
"""Conditions of the actions on the selected run; other actions are always enabled."""

_RESUME_HINTS = {RunStatus.UNTRAINED: "train"} | dict.fromkeys(FINISHED, "train further")


@dataclass(frozen=True, slots=True)
class _PendingCommand:
    """A command that was sent to a trainer; ``label`` is shown until ``done``."""

    label: str
    done: Callable[[RunMonitor], bool]


class TrainScreen(BaseScreen):
    """Shows the runs and sends commands to their trainers."""

    TITLE = "Train"
    CSS_PATH = "screen.tcss"
    HELP = (
        "A run trains in a process of its own, which continues when you quit. *Held-out* text is "
        "the end of the text, kept from training: the score on it shows what was learned and not "
        "memorized. *Perplexity* is a loss as a number of characters to choose among; an *epoch* "
        "is one pass over the text. The thin line is "
        "the loss on the text just read, the thick line the loss on held-out text; `◆` marks the "
        "best checkpoint. The dotted lines are baselines on the held-out text: *uniform* guesses, "
        "*unigram* uses how often each character occurs, *bigram* and *5-gram* what follows the "
        "last one or four, and *xz -9* is the size to which that program compresses it. Marked "
        "runs share a chart with the selected one, each with its colour, line style and mark."
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as in Screen
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        key_binding("train.mark", "Mark", "Add it to the chart of the marked runs", keys="space"),
        key_binding("train.pause", "Pause or continue", "Pause training, or go on with it"),
        key_binding("train.stop", "Stop and save", "Stop; it can be resumed later"),
        key_binding("train.save", "Checkpoint", "Save a checkpoint now", action="checkpoint"),
        key_binding("train.continue", "Resume", "Go on, or train it further", action="resume"),
        key_binding("train.talk", "Talk", "Open its best checkpoint in Prompt"),
        key_binding("train.loss", "Loss", "Read the curves step by step", action="chart"),
        key_binding("train.add", "New run", "Choose a text and train on it", action="new"),
        key_binding("train.inspect", "Inspect", "Show what every unit does as it reads a text"),
        key_binding("train.growth", "Growth", "Compare the texts of all its checkpoints"),
        key_binding("train.undo", "Undo", "Restore what was deleted last", action="restore"),
        key_binding("train.delete", "Delete", "Delete the run and its model; undo restores both"),
        key_binding("train.rate", "Learning rate", "Change the learning rate"),
    ]  # fmt: skip

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._selected = ""
        self._slots: dict[str, int] = {}  # of the marked runs: their numbers on the chart
        self._pending: dict[str, _PendingCommand] = {}
        self._hints: list[KeyHint] = []

    def body(self) -> Iterator:  # type: ignore[type-arg]
        yield Static(with_keys(self.app, _EMPTY), id="empty", markup=False)
        with Container(id="runs"):
            yield RunList()
            with Vertical():
                yield RunView()
        yield ActionBar()

    def on_screen_resume(self) -> None:
        self.on_runs_changed()

    def on_runs_changed(self) -> None:
        super().on_runs_changed()
        if self.is_current:
            self._update()

    @property
    def viewed_run(self) -> str:
        return self._selected

    @property
    def run(self) -> RunMonitor | None:
        """The selected run."""
        return self.services.runs.get(self._selected)

    def select(self, name: str) -> None:
        """Show the run ``name``."""
        self._selected = name
        self._update()

    @on(RunList.Chosen)
    def select_listed(self, event: RunList.Chosen) -> None:
        self.select(event.name)

    def _update(self) -> None:
        runs = self.services.runs.all()
        run_list = self.query_one(RunList)
        if self.run is None:  # deleted: its neighbour
            index = min(run_list.highlighted or 0, len(runs) - 1)
            self._selected = runs[index].name if runs else ""
        self.set_class(not runs, "empty")
        self._slots = {
            name: slot for name, slot in self._slots.items() if self.services.runs.get(name)
        }
        run_list.set_runs(runs, self._selected, self._slots)
        if self.focused is None and runs:
            run_list.focus()
        run = self.run
        if run:
            pending = self._pending.get(run.name)
            if pending and (run.status not in LIVE or pending.done(run)):
                del self._pending[run.name]
                pending = None
            self.query_one(RunView).set_run(
                run, pending.label if pending else "", self._chart_of(self._slots_shown())
            )
            self.show_context(safe_line(run.name, _MAX_NAME))
        hints = key_hints(
            self,
            mark="unmark" if self._selected in self._slots else "mark",
            pause="continue" if run and run.status is RunStatus.PAUSED else "pause",
            stop="stop",
            checkpoint="save",
            rate="rate",
            resume=_RESUME_HINTS.get(run.status, "resume") if run else "resume",
        )
        if hints != self._hints:
            self._hints = hints
            self.query_one(ActionBar).update_hints(hints)
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        if action == "restore":
            return bool(self.services.trash.last)
        condition = _CONDITIONS.get(action)
        return condition is None or (self.run is not None and condition(self.run))

    def _slots_shown(self) -> dict[str, int]:
        """Return the runs on the chart with their numbers: the marked ones and the selected one."""
        slots = dict(self._slots)
        if self._selected:
            slots.setdefault(self._selected, _free_slot(slots))
        return slots

    def _chart_of(self, slots: Mapping[str, int]) -> list[ChartData]:
        runs = ((self.services.runs.get(name), slot) for name, slot in slots.items())
        return [chart_data(run, slot) for run, slot in runs if run]

    def action_mark(self) -> None:
        if self._selected in self._slots:
            del self._slots[self._selected]
        else:
            self._slots[self._selected] = _free_slot(self._slots)
        self._update()

    def action_pause(self) -> None:
        if self.run and self.run.status is RunStatus.PAUSED:
            command = Command("continue")
            self._send(command, "continuing", lambda run: run.status is not RunStatus.PAUSED)
        else:
            self._send(Command("pause"), "pausing", lambda run: run.status is RunStatus.PAUSED)

    def action_stop(self) -> None:
        self._send(Command("stop"), "stopping", lambda run: run.status not in LIVE)

    def action_checkpoint(self) -> None:
        before = self.run and self.run.checkpoint
        self._send(Command("checkpoint"), "saving", lambda run: run.checkpoint is not before)

    @work
    async def action_rate(self) -> None:
        if not (self.run and self.run.progress):
            return
        name, now = self.run.name, f"{self.run.progress.lr:.3g}"
        question = f"Learning rate of {single_line(name, _MAX_NAME)} from now on"
        detail = "It decays from there as scheduled."
        dialog = InputDialog(question, now, detail=detail, check=_rate_command)
        typed = await self.app.push_screen_wait(dialog)
        run = self.services.runs.get(name)
        if typed is not None and run:
            before = run.progress
            self.select(name)
            command = _rate_command(typed)
            self._send(command, "setting the rate", lambda run: run.progress is not before)

    def action_resume(self) -> None:
        if self.run and self.run.status in FINISHED:
            self._train_further()
            return
        try:
            self.services.runs.resume(self._selected)
        except CharloomError as error:
            self.notify(str(error), severity="error")

    @work
    async def _train_further(self) -> None:
        from charloom.tui.train.further import create_next_run

        if folder := await create_next_run(self.app, self._selected):
            try:
                self.services.runs.start(folder)
            except CharloomError as error:
                self.notify(str(error), severity="error")
            self.select(folder.name)

    def action_talk(self) -> None:
        if self.run and self.run.checkpoint:  # RunList binds Enter to it without a condition
            self.post_message(OpenPrompt(CheckpointRef(self._selected)))

    def action_chart(self) -> None:
        from charloom.tui.train.chart_screen import ChartScreen

        self.app.push_screen(ChartScreen(self.services, self._slots_shown()))

    def action_inspect(self) -> None:
        self.post_message(OpenInspector(CheckpointRef(self._selected, "last")))

    def action_growth(self) -> None:
        self.post_message(OpenGrowth(self._selected))

    def action_new(self) -> None:
        self.start_new()

    def start_new(self, source: TextSource | None = None) -> None:
        """Open the form of a new run, with a text if it is chosen already."""
        from charloom.tui.train.new_run import NewRunScreen

        self.app.push_screen(NewRunScreen(self.services, self.select, source))

    @work
    async def action_delete(self) -> None:
        name = self._selected
        question = f"Delete {single_line(name, _MAX_NAME)} with all its checkpoints?"
        hint = with_keys(self.app, _UNDO_HINT)
        if await self.app.push_screen_wait(confirm_dialog(question, "Delete", "d", hint)):
            await self.services.delete_model(name, hint)

    @work
    async def action_restore(self) -> None:
        if name := await self.services.restore_model():
            self.select(name)

    def _send(self, command: Command, label: str, done: Callable[[RunMonitor], bool]) -> None:
        """Send ``command`` to the selected run, and show ``label`` until it is done."""
        try:
            self.services.runs.send_command(self._selected, command)
        except CharloomError as error:
            self.notify(str(error), severity="error")
            return
        self._pending[self._selected] = _PendingCommand(f"{label} …", done)
        self._update()


def _free_slot(slots: Mapping[str, int]) -> int:
    """Return the lowest number that no run has."""
    return next(slot for slot in range(len(slots) + 1) if slot not in slots.values())


def _rate_command(typed: str) -> Command:
    """Return the command that sets the typed learning rate."""
    try:
        return Command("set-lr", float(typed))
    except ValueError as error:
        raise CharloomError(f"{quoted(typed)} is not a number. A usual rate is 0.003.") from error
