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
from charloom.core.runs.commands import STOP_SIGNALS
from charloom.core.runs.events import Event, Finished, Started
from charloom.core.runs.monitor import RunMonitor, RunStatus, is_training
from charloom.core.runs.run import EventReader, TrainerProcess
from charloom.core.store.read import find_model, model_dir
from charloom.tui.console.output import echo_dim, echo_err, write_json
from charloom.tui.console.progress import JsonView, LiveView, PlainView, ProgressView
from charloom.tui.formatting import run_status
from charloom.tui.formatting.units import format_clock

INTERRUPTED = 130
_PAST = 4 << 20  # bytes of a log that are read back: some hours of a run, in a moment


def follow_run(name: str, training: TrainerProcess, as_json: bool) -> int:
    """Show the run until it ends and return the exit status.

    Ctrl-C, or being told to end, makes the trainer save and finish; that is shown too.
    """
    last: Event | None = None
    with on_interrupt(training.stop) as asked:
        try:
            with _progress_view(name, as_json) as watcher:
                for last in training.events():
                    watcher.show(last)
        except BaseException as error:  # such as a closed pipe: nobody watches any more
            if not _hung_up(error):
                training.stop()
            raise
    report_end(name, last)
    return INTERRUPTED if asked() else 0


def leave_detached(name: str, training: TrainerProcess, as_json: bool) -> int:
    """Wait until the run has begun, say how to find it again, and return the exit status.

    Until then, Ctrl-C ends it, as it does where the run is followed.
    """
    last: Event | None = None
    with on_interrupt(training.stop) as asked:
        for last in training.events():
            if isinstance(last, Started) and not asked():
                break
    if not isinstance(last, Started):
        report_end(name, last)
        return INTERRUPTED if asked() else 0
    echo_err(_goes_on(name, "is being trained"))
    if as_json:
        run = RunMonitor(model_dir(name))
        run.refresh()
        write_json(run_status.to_json(run))
    return 0


def attach_run(name: str, as_json: bool) -> int:
    """Show a run that somebody started until it ends and return the exit status.

    Ctrl-C, or being told to end, leaves it to itself.
    """
    run = require_live(name)
    folder = model_dir(name)
    news = EventReader(folder, _PAST)
    told = news.before()
    if sys.stderr.isatty() and not as_json:
        echo_dim("Ctrl-C leaves this view; the training goes on.")
    last: Event | None = None
    with on_interrupt() as asked:
        try:
            with _progress_view(name, as_json) as watcher:
                if run.state is not RunStatus.STARTING:
                    watcher.recall(told)
                for last in news.events(partial(is_training, folder), asked):
                    watcher.show(last)
        except BrokenPipeError:
            echo_err(_goes_on(name, _left(run)))
            raise
    if asked():
        echo_err(_goes_on(name, _left(run)))
        return INTERRUPTED
    if not isinstance(last, Finished):
        require_live(name)  # says why it ended, unless somebody has resumed it already
        return attach_run(name, as_json)
    report_end(name, last)
    return 0


def require_live(name: str) -> RunMonitor:
    """Return the run ``name``, which is being trained; else say what to do."""
    run = RunMonitor(model_dir(find_model(name).name))
    run.refresh()
    if run.state not in run_status.LIVE:
        raise CharloomError(run_status.not_training_message(run))
    return run


@contextmanager
def on_interrupt(act: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Have ``act`` done at Ctrl-C, or when told to end; give a function that tells whether."""
    asked = False

    def heed(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - the API's
        nonlocal asked
        asked = True
        act()

    before = {kind: signal.signal(kind, heed) for kind in STOP_SIGNALS}
    try:
        yield lambda: asked
    finally:
        for kind, handler in before.items():
            signal.signal(kind, handler)


def report_end(name: str, end: Event | None) -> None:
    """Say what a run came to; a failure is an error."""
    assert isinstance(end, Finished)
    if end.reason == "failed":
        raise CharloomError(end.message)
    echo_err(_summary(name, end))


def _progress_view(name: str, as_json: bool) -> ProgressView:
    if as_json:
        return JsonView()
    # Rich takes a while to import; a script does not need it.
    from rich.console import Console

    console = Console(stderr=True, highlight=False)
    return LiveView(name, console) if console.is_terminal else PlainView()


def _hung_up(error: BaseException) -> bool:
    """Whether the terminal is gone: as when it is closed, the training goes on."""
    return isinstance(error, OSError) and error.errno == errno.EIO


def _left(run: RunMonitor) -> str:
    """Say how a run is left that was watched."""
    run.refresh()
    return "stays paused" if run.state is RunStatus.PAUSED else "goes on"


def _goes_on(name: str, how: str) -> str:
    quoted = shlex.quote(name)
    return f"{name} {how}.\nWatch it: charloom attach {quoted}\nEnd it:   charloom stop {quoted}"


def _summary(name: str, end: Finished) -> str:
    quoted = shlex.quote(name)
    done = {"completed": "Done", "stopped": "Stopped and saved"}.get(
        end.reason, "No longer improving"
    )
    lines = [f"{done} after {format_clock(end.elapsed_seconds)}, at step {end.step:,}."]
    if best := run_status.best_checkpoint_message(end):
        lines.append(best)
    lines.append(f"Let it write:  charloom generate --model {quoted} 'Once '")
    if end.reason == "stopped":
        lines.append(f"Go on with it: charloom resume {quoted}")
    return "\n".join(lines)
