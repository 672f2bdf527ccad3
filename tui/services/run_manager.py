"""The training runs on this computer: started, polled, and controlled."""

import asyncio
from contextlib import suppress
from subprocess import Popen
from time import monotonic
from typing import Any

from textual.app import App
from textual.notifications import SeverityLevel
from textual.signal import Signal

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command, send_command
from charloom.core.runs.monitor import RunMonitor, RunStatus, list_runs
from charloom.core.runs.overfitting import overfit_step
from charloom.core.runs.trainer import launch_trainer
from charloom.core.store.model_dir import ModelDir
from charloom.tui.formatting import run_status
from charloom.tui.formatting.key_text import with_keys
from charloom.tui.formatting.run_status import FINISHED, LIVE

_POLL_SECONDS = 0.5  # as often as a trainer reports
_RESCAN_SECONDS = 2.0  # for runs started by other processes
_SLICE_SECONDS = 0.01  # of reading a long log
_YIELD_SECONDS = 0.002  # between slices, for the UI
_MAX_NEW_RUNS_PER_SCAN = 4  # the first read of a run takes some milliseconds


class RunManager:
    """Monitors of all training runs, kept up to date.

    ``changed`` is published whenever a run has changed, ``alerts`` with a message when one has
    ended, is blocked or begins to overfit.
    """

    def __init__(self, app: App[Any]) -> None:
        self.changed: Signal[None] = Signal(app, "runs")
        self.alerts: Signal[str] = Signal(app, "alerts")
        self._app = app
        self._monitors: dict[str, RunMonitor] = {}
        self._overfitted: dict[str, bool] = {}  # by name, as of the last validation
        self._reading_long_logs = False

    def start_polling(self) -> None:
        """Find the runs and poll them from now on."""
        self.rescan()
        self._app.set_interval(_POLL_SECONDS, self.poll)
        self._app.set_interval(_RESCAN_SECONDS, self.rescan)

    def all(self) -> list[RunMonitor]:
        """Return all runs: live ones first, then newest first."""
        return sorted(self._monitors.values(), key=lambda run: run.status not in LIVE)

    def get(self, name: str) -> RunMonitor | None:
        """Return the run of the model ``name``, if there is one."""
        return self._monitors.get(name)

    @property
    def live(self) -> list[RunMonitor]:
        """The runs being trained now."""
        return [run for run in self._monitors.values() if run.status in LIVE]

    @property
    def viewed_run(self) -> str:
        """The name of the run that the screen shows: its end is not notified."""
        screens = self._app.screen_stack
        name: str = getattr(screens[-1], "viewed_run", "") if screens else ""
        return name

    @property
    def watched(self) -> RunMonitor | None:
        """The run on screen if it is being trained, or else another one that is."""
        live = self.live
        return next((run for run in live if run.name == self.viewed_run), live[0] if live else None)

    @property
    def summary(self) -> str:
        """The live runs in short: ``● creature 47%``."""
        parts = []
        for run in self.live:
            share = f" {run.progress.fraction:.0%}" if run.progress else ""
            parts.append(f"{run_status.symbol(run.status)} {run.name}{share}")
        return "  ".join(parts[:2]) + (f"  +{len(parts) - 2}" if len(parts) > 2 else "")

    def start(self, folder: ModelDir, resume: bool = False) -> RunMonitor:
        """Start the run in ``folder`` in a child process that outlives the app."""
        return self._watch(folder, launch_trainer(folder, resume))

    def resume(self, name: str) -> RunMonitor:
        """Resume a run from its last save, or from the start if it has none.

        Raises :class:`CharloomError` if it cannot be started, or is finished.
        """
        run = RunMonitor(ModelDir.named(name))
        run.refresh()
        if run.status in FINISHED:
            raise CharloomError(f"{name!r} is finished and stays as it is.")
        return self.start(ModelDir.named(name), resume=True)

    def send_command(self, name: str, command: Command) -> None:
        """Send ``command`` to the trainer of ``name``. Raises :class:`CharloomError`."""
        send_command(ModelDir.named(name), command)

    def poll(self) -> None:
        """Read new events of the live runs, and notify the user of a run that ended."""
        changed = [self._refresh(run) for run in self.live]
        if any(changed):
            self.changed.publish(None)
        self._start_reading_long_logs()

    def rescan(self) -> None:
        """Find runs that other processes started, resumed or removed."""
        with suppress(CharloomError):  # the folder may be readable the next time
            folders = list_runs()
            names = {folder.name for folder in folders}
            gone = [name for name in self._monitors if name not in names]
            for name in gone:
                del self._monitors[name]
            new = [folder for folder in folders if folder.name not in self._monitors]
            ended = [run for run in self._monitors.values() if run.status not in LIVE]
            changed = [run.refresh() for run in ended if not run.has_more]
            for folder in new[:_MAX_NEW_RUNS_PER_SCAN]:
                self._watch(folder)
            if new[_MAX_NEW_RUNS_PER_SCAN:]:
                self._app.set_timer(_YIELD_SECONDS, self.rescan)
            if gone or any(changed):
                self.changed.publish(None)

    def _refresh(self, run: RunMonitor) -> bool:
        """Read new events of ``run``; notify if it ended, is blocked or begins to overfit."""
        before, validated = run.status, run.validated
        changed = run.refresh()
        ended = before in LIVE and run.status not in LIVE
        blocked = run.reason and run.status is RunStatus.PAUSED and before is not RunStatus.PAUSED
        if ended or blocked:
            failed = run.status not in (*FINISHED, RunStatus.STOPPED)
            message = with_keys(self._app, run_status.end_message(run))
            self._announce(run, message, "error" if failed else "information")
        elif run.validated is not validated and not run.has_more:
            step = self._begins_to_overfit(run)
            if step is not None:
                message = f"{run.name} overfits from step {step:,.0f} on; its best step is saved."
                self._announce(run, message, "warning")
        return changed

    def _begins_to_overfit(self, run: RunMonitor) -> float | None:
        """Return from which step ``run`` overfits if it did not at the last call; else None."""
        step = overfit_step(run.train.points(), run.validation.points())
        known = self._overfitted.get(run.name, True)
        self._overfitted[run.name] = step is not None
        return None if known else step

    def _announce(self, run: RunMonitor, message: str, severity: SeverityLevel) -> None:
        self.alerts.publish(message)
        if run.name != self.viewed_run:
            self._app.notify(message, severity=severity)

    def _start_reading_long_logs(self) -> None:
        """Read unfinished logs to their ends in slices."""
        if not self._reading_long_logs and any(run.has_more for run in self._monitors.values()):
            self._reading_long_logs = True
            self._app.run_worker(self._read_long_logs())

    async def _read_long_logs(self) -> None:
        """Read long logs, that of the run on screen first."""
        while behind := [run for run in self._monitors.values() if run.has_more]:
            run = min(behind, key=lambda run: run.name != self.viewed_run)
            until = monotonic() + _SLICE_SECONDS
            while run.has_more and monotonic() < until:
                self._refresh(run)
            if not run.has_more:
                self.changed.publish(None)
            await asyncio.sleep(_YIELD_SECONDS)
        self._reading_long_logs = False

    def _watch(self, folder: ModelDir, process: "Popen[bytes] | None" = None) -> RunMonitor:
        run = RunMonitor(folder, process)
        run.refresh()
        if run.status in LIVE and not run.has_more:
            self._begins_to_overfit(run)
        others = {name: other for name, other in self._monitors.items() if name != run.name}
        self._monitors = {run.name: run, **others} if process else {**others, run.name: run}
        self._start_reading_long_logs()
        self.changed.publish(None)
        return run
