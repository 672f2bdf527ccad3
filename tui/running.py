"""The training runs as the app sees them: started here or elsewhere, watched, and given orders."""

from contextlib import suppress
from pathlib import Path
from subprocess import Popen
from typing import TYPE_CHECKING

from textual.signal import Signal

from core import orders, runs, store, watch
from core.errors import CharloomError
from core.orders import Order
from core.watch import State, Watch
from tui import standing

if TYPE_CHECKING:
    from tui.app import CharloomApp

LIVE = (State.STARTING, State.TRAINING, State.PAUSED)
_LOOK_SECONDS = 0.5  # as often as a trainer reports
_SEARCH_SECONDS = 2.0  # for runs that were started elsewhere
_FEW = 4  # runs read for the first time in one go: some milliseconds each


class Runs:
    """Every run on this computer, and what has happened in it since; a view that is kept fresh.

    ``changed`` is published, with nothing to tell, whenever one of them has moved.
    """

    def __init__(self, app: "CharloomApp") -> None:
        self.changed: Signal[None] = Signal(app, "runs")
        self.watched = ""
        """The name of the run that the person is looking at: its end need not be told."""
        self._app = app
        self._watches: dict[str, Watch] = {}
        self._early: list[tuple[str, Order]] = []  # for trainers that cannot hear yet

    def follow(self) -> None:
        """Begin to look, now and then."""
        self.search()
        self._app.set_interval(_LOOK_SECONDS, self.look)
        self._app.set_interval(_SEARCH_SECONDS, self.search)

    def all(self) -> list[Watch]:
        """Return all runs, the live ones first, then the newest first."""
        return sorted(self._watches.values(), key=lambda run: run.state not in LIVE)

    def get(self, name: str) -> Watch | None:
        """Return the run of the model ``name``, if it is one."""
        return self._watches.get(name)

    @property
    def live(self) -> list[Watch]:
        """Those being trained now."""
        return [run for run in self._watches.values() if run.state in LIVE]

    @property
    def summary(self) -> str:
        """What is being trained, in a few words: ``● creature 47 %``."""
        told = []
        for run in self.live:
            share = f" {run.progress.fraction:.0%}" if run.progress else ""
            told.append(f"{standing.mark(run.state)} {run.name}{share}")
        return "  ".join(told[:2]) + (f"  +{len(told) - 2}" if len(told) > 2 else "")

    def start(self, folder: Path, resume: bool = False) -> Watch:
        """Train what ``folder`` plans, in a child process that outlives this app."""
        return self._watch(folder, runs.launch(folder, resume))

    def resume(self, name: str) -> Watch:
        """Go on with a run from where it was last saved; from its beginning if it never was."""
        folder = store.folder(name)
        return self.start(folder, resume=(folder / "resume.safetensors").is_file())

    def order(self, name: str, order: Order) -> None:
        """Give the trainer of ``name`` an order; :class:`CharloomError` if that is impossible."""
        run = self._watches.get(name)
        if run and run.state is State.STARTING and not watch.alive(store.folder(name)):
            self._early.append((name, order))
        else:
            orders.give(store.folder(name), order)

    def look(self) -> None:
        """Read what the live runs have reported, and tell the person of one that has ended."""
        self._give_early()
        live = self.live
        moved = [run.refresh() for run in live]
        if any(moved):
            self.changed.publish(None)
        for run in live:
            if run.state not in LIVE and run.name != self.watched:
                failed = run.state in (State.FAILED, State.INTERRUPTED)
                self._app.notify(
                    standing.ending(run), severity="error" if failed else "information"
                )

    def search(self) -> None:
        """Notice runs that began, went on, or were removed elsewhere."""
        with suppress(CharloomError):  # a folder that cannot be listed now may be soon
            folders = watch.runs()
            there = {folder.name for folder in folders}
            gone = [name for name in self._watches if name not in there]
            for name in gone:
                del self._watches[name]
            new = [folder for folder in folders if folder.name not in self._watches]
            ended = [run for run in self._watches.values() if run.state not in LIVE]
            moved = [run.refresh() for run in ended]
            for folder in new[:_FEW]:
                self._watch(folder)
            if new[_FEW:]:
                self._app.call_later(self.search)
            if gone or any(moved):
                self.changed.publish(None)

    def _give_early(self) -> None:
        """Give the orders that came before a trainer could hear them."""
        early, self._early = self._early, []
        for name, order in early:
            try:
                self.order(name, order)
            except CharloomError as error:
                self._app.notify(str(error), severity="error")

    def _watch(self, folder: Path, process: "Popen[bytes] | None" = None) -> Watch:
        run = Watch(folder, process)
        run.refresh()
        others = {name: each for name, each in self._watches.items() if name != run.name}
        self._watches = {run.name: run, **others} if process else {**others, run.name: run}
        self.changed.publish(None)
        return run
