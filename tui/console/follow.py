"""Following a training run from the command line: to its end, to Ctrl-C, or only to its start."""

import errno
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType

from charloom.core.errors import CharloomError
from charloom.core.runs import monitor as watch
from charloom.core.runs.commands import STOPPING
from charloom.core.runs.events import Event, Finished, Started
from charloom.core.runs.monitor import State, Watch
from charloom.core.runs.run import News, Training
from charloom.core.store import write as store
from charloom.tui.console.output import aside, note, write_json
from charloom.tui.console.progress import JsonLines, LiveView, PlainLines, Watcher
from charloom.tui.formatting import run_status as standing
from charloom.tui.formatting.durations import clock

INTERRUPTED = 130
_PAST = 4 << 20  # bytes of a log that are read back: some hours of a run, in a moment


def follow(name: str, training: Training, as_json: bool) -> int:
    """Show the run until it ends and return the exit status.

    Ctrl-C, or being told to end, makes the trainer save and finish; that is shown too.
    """
    last: Event | None = None
    with heeding(training.stop) as asked:
        try:
            with _watcher(name, as_json) as watcher:
                for last in training.events():
                    watcher.show(last)
        except BaseException as error:  # such as a closed pipe: nobody watches any more
            if not _hung_up(error):
                training.stop()
            raise
    tell_end(name, last)
    return INTERRUPTED if asked() else 0


def let_go(name: str, training: Training, as_json: bool) -> int:
    """Wait until the run has begun, say how to find it again, and return the exit status.

    Until then, Ctrl-C ends it, as it does where the run is followed.
    """
    last: Event | None = None
    with heeding(training.stop) as asked:
        for last in training.events():
            if isinstance(last, Started) and not asked():
                break
    if not isinstance(last, Started):
        tell_end(name, last)
        return INTERRUPTED if asked() else 0
    note(_goes_on(name, "is being trained"))
    if as_json:
        run = Watch(store.folder(name))
        run.refresh()
        write_json(standing.record(run))
    return 0


def attach(name: str, as_json: bool) -> int:
    """Show a run that somebody started until it ends and return the exit status.

    Ctrl-C, or being told to end, leaves it to itself.
    """
    run = live(name)
    folder = store.folder(name)
    news = News(folder, _PAST)
    told = news.before()
    if sys.stderr.isatty() and not as_json:
        aside("Ctrl-C leaves this view; the training goes on.")
    last: Event | None = None
    with heeding() as asked:
        try:
            with _watcher(name, as_json) as watcher:
                if run.state is not State.STARTING:
                    watcher.recall(told)
                for last in news.events(partial(watch.alive, folder), asked):
                    watcher.show(last)
        except BrokenPipeError:
            note(_goes_on(name, _left(run)))
            raise
    if asked():
        note(_goes_on(name, _left(run)))
        return INTERRUPTED
    if not isinstance(last, Finished):
        live(name)  # says why it ended, unless somebody has resumed it already
        return attach(name, as_json)
    tell_end(name, last)
    return 0


def live(name: str) -> Watch:
    """Return the run ``name``, which is being trained; else say what to do."""
    run = Watch(store.folder(store.model(name).name))
    run.refresh()
    if run.state not in standing.LIVE:
        raise CharloomError(standing.idle(run))
    return run


@contextmanager
def heeding(act: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Have ``act`` done at Ctrl-C, or when told to end; give a function that tells whether."""
    asked = False

    def heed(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the API's
        nonlocal asked
        asked = True
        act()

    before = {kind: signal.signal(kind, heed) for kind in STOPPING}
    try:
        yield lambda: asked
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def tell_end(name: str, end: Event | None) -> None:
    """Say what a run came to; a failure is an error."""
    assert isinstance(end, Finished)
    if end.reason == "failed":
        raise CharloomError(end.message)
    note(_summary(name, end))


def _watcher(name: str, as_json: bool) -> Watcher:
    if as_json:
        return JsonLines()
    # Rich takes a while to import; a script does not need it.
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    return LiveView(name, console) if console.is_terminal else PlainLines()


def _hung_up(error: BaseException) -> bool:
    """Whether the terminal is gone: as when it is closed, the training goes on."""
    return isinstance(error, OSError) and error.errno == errno.EIO


def _left(run: Watch) -> str:
    """Say how a run is left that was watched."""
    run.refresh()
    return "stays paused" if run.state is State.PAUSED else "goes on"


def _goes_on(name: str, how: str) -> str:
    quoted = shlex.quote(name)
    return f"{name} {how}.\nWatch it: charloom attach {quoted}\nEnd it:   charloom stop {quoted}"


def _summary(name: str, end: Finished) -> str:
    quoted = shlex.quote(name)
    done = {"completed": "Done", "stopped": "Stopped and saved"}.get(
        end.reason, "No longer improving"
    )
    lines = [f"{done} after {clock(end.elapsed_seconds)}, at step {end.step:,}."]
    if end.val_loss is not None and end.val_windowed_256 is not None:
        lines.append(
            f"Best checkpoint: step {end.best_step:,}, on {end.measured_on} {end.val_loss:.4f} "
            f"nats ({end.val_bits_per_char:.3f} bits) per character carried, "
            f"{end.val_windowed_256:.4f} nats windowed-256."
        )
    lines.append(f"Let it write:  charloom generate --model {quoted} 'Once '")
    if end.reason == "stopped":
        lines.append(f"Go on with it: charloom resume {quoted}")
    return "\n".join(lines)
