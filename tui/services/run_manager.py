"""The training runs as the app sees them: started here or elsewhere, watched, and given orders."""

import asyncio
from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from time import monotonic
from typing import Any

from textual.app import App
from textual.signal import Signal

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command, send_command
from charloom.core.runs.monitor import RunMonitor, RunStatus, is_training, list_runs
from charloom.core.runs.run import launch_trainer
from charloom.core.store.read import model_dir
from charloom.tui.formatting import run_status
from charloom.tui.formatting.run_status import LIVE

_POLL_SECONDS = 0.5  # as often as a trainer reports
_SEARCH_SECONDS = 2.0  # for runs that were started elsewhere
_SLICE_SECONDS = 0.01  # of reading a long log,
_YIELD_SECONDS = 0.002  # in between which keys are answered
_FEW = 4  # runs read for the first time in one go: some milliseconds each


class RunManager:
    """Every run on this computer, and what has happened in it since; a view that is kept fresh.

    ``changed`` is published, with nothing to tell, whenever one of them has moved.
    """

    def __init__(self, app: App[Any]) -> None:
        self.changed: Signal[None] = Signal(app, "runs")
        self.watched = ""
        """The name of the run that the person is looking at: its end need not be told."""
        self._app = app
        self._watches: dict[str, RunMonitor] = {}
        self._early: list[tuple[str, Command]] = []  # for trainers that cannot hear yet
        self._reading = False  # something that is long

    def follow(self) -> None:
        """Begin to look, now and then."""
        self.search()
        self._app.set_interval(_POLL_SECONDS, self.look)
        self._app.set_interval(_SEARCH_SECONDS, self.search)

    def all(self) -> list[RunMonitor]:
        """Return all runs, the live ones first, then the newest first."""
        return sorted(self._watches.values(), key=lambda run: run.state not in LIVE)

    def get(self, name: str) -> RunMonitor | None:
        """Return the run of the model ``name``, if it is one."""
        return self._watches.get(name)

    @property
    def live(self) -> list[RunMonitor]:
        """Those being trained now."""
        return [run for run in self._watches.values() if run.state in LIVE]

    @property
    def summary(self) -> str:
        """What is being trained, in a few words: ``● creature 47 %``."""
        told = []
        for run in self.live:
            share = f" {run.progress.fraction:.0%}" if run.progress else ""
            told.append(f"{run_status.symbol(run.state)} {run.name}{share}")
        return "  ".join(told[:2]) + (f"  +{len(told) - 2}" if len(told) > 2 else "")

    def start(self, folder: Path, resume: bool = False) -> RunMonitor:
        """Train what ``folder`` plans, in a child process that outlives this app."""
        return self._watch(folder, launch_trainer(folder, resume))

    def resume(self, name: str) -> RunMonitor:
        """Go on with a run from where it was last saved; from its beginning if it never was."""
        return self.start(model_dir(name), resume=True)

    def order(self, name: str, order: Command) -> None:
        """Give the trainer of ``name`` an order; :class:`CharloomError` if that is impossible."""
        run = self._watches.get(name)
        if run and run.state is RunStatus.STARTING and not is_training(model_dir(name)):
            self._early.append((name, order))
        else:
            send_command(model_dir(name), order)

    def look(self) -> None:
        """Read what the live runs have reported, and tell the person of one that has ended."""
        self._give_early()
        moved = [self._refresh(run) for run in self.live]
        if any(moved):
            self.changed.publish(None)
        self._read_soon()

    def search(self) -> None:
        """Notice runs that began, went on, or were removed elsewhere."""
        with suppress(CharloomError):  # a folder that cannot be listed now may be soon
            folders = list_runs()
            there = {folder.name for folder in folders}
            gone = [name for name in self._watches if name not in there]
            for name in gone:
                del self._watches[name]
            new = [folder for folder in folders if folder.name not in self._watches]
            ended = [run for run in self._watches.values() if run.state not in LIVE]
            moved = [run.refresh() for run in ended if not run.behind]
            for folder in new[:_FEW]:
                self._watch(folder)
            if new[_FEW:]:
                self._app.set_timer(_YIELD_SECONDS, self.search)
            if gone or any(moved):
                self.changed.publish(None)

    def _refresh(self, run: RunMonitor) -> bool:
        """Read what ``run`` has reported, and tell the person if it has ended or cannot go on."""
        before = run.state
        moved = run.refresh()
        ended = before in LIVE and run.state not in LIVE
        waits = run.reason and run.state is RunStatus.PAUSED and before is not RunStatus.PAUSED
        if (ended or waits) and run.name != self.watched:
            failed = run.state not in (RunStatus.COMPLETED, RunStatus.STOPPED, RunStatus.PLATEAUED)
            self._app.notify(
                run_status.end_message(run), severity="error" if failed else "information"
            )
        return moved

    def _read_soon(self) -> None:
        """See that logs are read to their ends."""
        if not self._reading and any(run.behind for run in self._watches.values()):
            self._reading = True
            self._app.run_worker(self._read_on())

    async def _read_on(self) -> None:
        """Read what is long, and first of it the run that the person looks at."""
        while behind := [run for run in self._watches.values() if run.behind]:
            run = min(behind, key=lambda run: run.name != self.watched)
            until = monotonic() + _SLICE_SECONDS
            while run.behind and monotonic() < until:
                self._refresh(run)
            if not run.behind:
                self.changed.publish(None)
            await asyncio.sleep(_YIELD_SECONDS)
        self._reading = False

    def _give_early(self) -> None:
        """Give the orders that came before a trainer could hear them."""
        early, self._early = self._early, []
        for name, order in early:
            try:
                self.order(name, order)
            except CharloomError as error:
                self._app.notify(str(error), severity="error")

    def _watch(self, folder: Path, process: "Popen[bytes] | None" = None) -> RunMonitor:
        run = RunMonitor(folder, process)
        run.refresh()
        others = {name: each for name, each in self._watches.items() if name != run.name}
        self._watches = {run.name: run, **others} if process else {**others, run.name: run}
        self._read_soon()
        self.changed.publish(None)
        return run
