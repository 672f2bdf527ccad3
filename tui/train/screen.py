"""The Train room: the runs there are, one of them in full, and what can be done with it."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.containers import Container, Vertical
from textual.widgets import Static

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command
from charloom.core.runs.monitor import RunMonitor, RunStatus
from charloom.core.sanitize import single_line
from charloom.core.store.ref import CheckpointRef
from charloom.core.store.write import remove_model
from charloom.tui.dialogs.basic import InputDialog, confirm_dialog
from charloom.tui.formatting import run_status
from charloom.tui.formatting.content import in_the_app, safe_line
from charloom.tui.formatting.run_status import LIVE
from charloom.tui.messages import OpenGrowth, OpenInspector, OpenPrompt
from charloom.tui.services.app_services import AppServices
from charloom.tui.train.run_list import RunList
from charloom.tui.train.run_view import RunView
from charloom.tui.widgets.action_bar import ActionBar
from charloom.tui.widgets.base_screen import BaseScreen

_EMPTY = """\
Training teaches a network to continue a text, one character at a time.
It reads the text again and again, and here you watch it get better.

Press n to choose a text and begin."""
_NAME = 40  # characters


@dataclass(frozen=True, slots=True)
class _PendingCommand:
    """What a trainer was told and has not done yet, as far as its events tell."""

    word: str
    done: Callable[[RunMonitor], bool]


class TrainScreen(BaseScreen):
    """Watches runs, and gives their trainers orders."""

    TITLE = "Train"
    CSS_PATH = "screen.tcss"
    HELP = (
        "A run reads a text again and again in a process of its own: it goes on when you leave. "
        "The thin line is the loss on what it just read, the thick one that on held-out text; "
        "`◆` marks the best checkpoint. The dotted levels are what is to be beaten on that text: "
        "*uniform* guesses, *unigram* knows how often each character occurs, *bigram* and *5-gram* "
        "what follows the last one or four, and *xz -9* is how small that program packs it."
    )
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (110, "-wide")]  # noqa: RUF012 - as in Screen
    VERTICAL_BREAKPOINTS = [(0, "-short"), (30, "-tall")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "pause_or_continue", "Pause or continue", show=False,
                tooltip="Let the training stand still, or go on"),
        Binding("s", "stop", "Stop and save", show=False, tooltip="End it; it can be resumed"),
        Binding("k", "checkpoint", "Checkpoint now", show=False, tooltip="Keep it as it is now"),
        Binding("l", "rate", "Learning rate", show=False, tooltip="Change it from now on"),
        Binding("u", "resume", "Resume", show=False, tooltip="Go on from where it was saved"),
        Binding("t", "talk", "Talk with it", show=False, tooltip="Use its best checkpoint"),
        Binding("i", "inside", "Look inside", show=False,
                tooltip="See what every unit does as a text is read"),
        Binding("v", "chart", "Large chart", show=False, tooltip="Read the curves step by step"),
        Binding("g", "growth", "Growth", show=False, tooltip="See how it learned to spell"),
        Binding("n", "new", "New run", show=False, tooltip="Choose a text and train on it"),
        Binding("d", "delete", "Delete", show=False, tooltip="Delete the run and its model"),
    ]  # fmt: skip

    def __init__(self, services: AppServices) -> None:
        super().__init__(services)
        self._chosen = ""
        self._asked: dict[str, _PendingCommand] = {}
        self._possible: list[tuple[str, str, str]] = []

    def body(self) -> Iterator:  # type: ignore[type-arg]
        """Lay out the list beside or above the run."""
        yield Static(_EMPTY, id="empty", markup=False)
        with Container(id="runs"):
            yield RunList()
            with Vertical():
                yield RunView()
        yield ActionBar()

    def on_screen_resume(self) -> None:
        """Show what has happened meanwhile."""
        self.on_runs_changed()

    def on_screen_suspend(self) -> None:
        """Leave it to the app to tell what happens."""
        self.services.runs.viewed_run = ""

    def on_runs_changed(self) -> None:
        """Show what has changed, while anybody looks."""
        super().on_runs_changed()
        if self.is_current:
            self._show()

    @property
    def run(self) -> RunMonitor | None:
        """The run that is shown."""
        return self.services.runs.get(self._chosen)

    def choose(self, name: str) -> None:
        """Show the run called ``name``."""
        self._chosen = name
        self._show()

    @on(RunList.Chosen)
    def choose_listed(self, event: RunList.Chosen) -> None:
        """Show a run of the list."""
        self.choose(event.name)

    def _show(self) -> None:
        runs = self.services.runs.all()
        if self.run is None:
            self._chosen = runs[0].name if runs else ""
        self.set_class(not runs, "empty")
        self.services.runs.viewed_run = self._chosen
        listed = self.query_one(RunList)
        listed.show(runs, self._chosen)
        if self.focused is None and runs:
            listed.focus()
        if run := self.run:
            asked = self._asked.get(run.name)
            if asked and (run.state not in LIVE or asked.done(run)):
                del self._asked[run.name]
                asked = None
            self.query_one(RunView).show(run, asked.word if asked else "")
            self.tell_context(safe_line(run.name, _NAME))
        possible = _possible(run)
        if possible != self._possible:
            self._possible = possible
            self.query_one(ActionBar).update_hints(possible)
            self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:  # noqa: ARG002
        """Whether something can be done with the run as it stands."""
        ours = {binding.action for binding in self.BINDINGS if isinstance(binding, Binding)}
        return action not in ours or any(f"screen.{action}" == each[2] for each in self._possible)

    def action_pause_or_continue(self) -> None:
        """Let the trainer stand still, or go on."""
        if self.run and self.run.state is RunStatus.PAUSED:
            self._order(
                Command("continue"), "going on", lambda run: run.state is RunStatus.TRAINING
            )
        else:
            self._order(Command("pause"), "pausing", lambda run: run.state is RunStatus.PAUSED)

    def action_stop(self) -> None:
        """Let the trainer save and end."""
        self._order(Command("stop"), "stopping", lambda run: run.state not in LIVE)

    def action_checkpoint(self) -> None:
        """Have a checkpoint saved."""
        before = self.run and self.run.checkpoint
        self._order(Command("checkpoint"), "saving", lambda run: run.checkpoint is not before)

    @work
    async def action_rate(self) -> None:
        """Ask for a learning rate, and set it."""
        if not (self.run and self.run.progress):
            return
        name, now = self.run.name, f"{self.run.progress.lr:.3g}"
        question = f"Learning rate of {single_line(name, _NAME)} from now on"
        dialog = InputDialog(question, now, detail="It decays from there as planned.", check=_rate)
        typed = await self.app.push_screen_wait(dialog)
        run = self.services.runs.get(name)
        if typed is not None and run:
            before = run.progress
            self.choose(name)
            self._order(_rate(typed), "setting the rate", lambda run: run.progress is not before)

    def action_resume(self) -> None:
        """Go on with a run that has ended."""
        try:
            self.services.runs.resume(self._chosen)
        except CharloomError as error:
            self.notify(str(error), severity="error")

    def action_talk(self) -> None:
        """Talk with the model as it is now."""
        if self.run and self.run.checkpoint:
            self.post_message(OpenPrompt(CheckpointRef(self._chosen)))

    def action_chart(self) -> None:
        """Show the curves on a screen of their own."""
        from charloom.tui.train.chart_screen import ChartScreen

        self.app.push_screen(ChartScreen(self.services, self._chosen))

    def action_inside(self) -> None:
        """See what every unit of the network does, as it was last saved."""
        self.post_message(OpenInspector(CheckpointRef(self._chosen, "last")))

    def action_growth(self) -> None:
        """Show what every checkpoint of the model writes."""
        self.post_message(OpenGrowth(self._chosen))

    def action_new(self) -> None:
        """Choose a text and train on it."""
        from charloom.tui.train.new_run import NewRunScreen

        self.app.push_screen(NewRunScreen(self.services, self.choose))

    @work
    async def action_delete(self) -> None:
        """Delete the run with all its checkpoints, when the person is sure."""
        name = self._chosen
        question = f"Delete {single_line(name, _NAME)} with all its checkpoints?"
        if await self.app.push_screen_wait(confirm_dialog(question, "Delete", "d")) != "yes":
            return
        try:
            await asyncio.to_thread(remove_model, name)
        except CharloomError as error:
            self.notify(str(error), severity="error")
        self.services.runs.rescan()

    def _order(self, order: Command, word: str, done: Callable[[RunMonitor], bool]) -> None:
        """Give the trainer an order, and show it until it is done."""
        try:
            self.services.runs.send_command(self._chosen, order)
        except CharloomError as error:
            self.notify(str(error), severity="error")
            return
        self._asked[self._chosen] = _PendingCommand(f"{word} …", done)
        self._show()


def _rate(typed: str) -> Command:
    """Return the order that sets the learning rate that was typed."""
    try:
        return Command("set-lr", float(typed))
    except ValueError as error:
        raise CharloomError(f"{typed[:40]!r} is no number; a usual rate is 0.003.") from error
    except CharloomError as error:
        raise CharloomError(in_the_app(str(error))) from error


def _possible(run: RunMonitor | None) -> list[tuple[str, str, str]]:
    """Return what can be done with ``run`` as it stands, the most wanted first."""
    can = []
    if run and run.state is RunStatus.TRAINING:
        can.append(("space", "pause", "screen.pause_or_continue"))
    if run and run.state is RunStatus.PAUSED:
        can.append(("space", "continue", "screen.pause_or_continue"))
    if run and run.state in LIVE:
        can.append(("s", "stop and save", "screen.stop"))
    if run and run.state is RunStatus.TRAINING:
        can.append(("k", "checkpoint", "screen.checkpoint"))
        can.append(("l", "rate", "screen.rate"))
    if run and run.state in run_status.RESUMABLE:
        label = "train" if run.state is RunStatus.UNTRAINED else "resume"
        can.append(("u", label, "screen.resume"))
    if run and run.checkpoint:
        can.append(("t", "talk", "screen.talk"))
    if run and len(run.train):
        can.append(("v", "chart", "screen.chart"))
    can.append(("n", "new run", "screen.new"))
    if run and run.checkpoint:
        can.append(("i", "inside", "screen.inside"))
        can.append(("g", "growth", "screen.growth"))
    if run and run.state not in LIVE:
        can.append(("d", "delete", "screen.delete"))
    return can
