"""Follow a training run from the command line: to its end, until Ctrl-C, or only to its start."""

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
from charloom.core.runs.trainer import EventReader, TrainerProcess
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_model
from charloom.tui.console.output import echo_dim, echo_err, write_json
from charloom.tui.console.progress import JsonView, LiveView, PlainView, ProgressView
from charloom.tui.formatting import run_status
from charloom.tui.formatting.units import format_clock

EXIT_INTERRUPTED = 130
_MAX_PAST_BYTES = 4 << 20  # read back from a log: some hours of a run, in a moment
_MAX_PROMPT = 40  # characters of a text's opening that are suggested as a prompt
_EXPANDED = set('"$`\\!%')  # between double quotes, by some shell
_OUTCOMES = {"completed": "Done", "stopped": "Stopped and saved"}


def follow_run(name: str, trainer: TrainerProcess, as_json: bool) -> int:
    """Show a run until it ends, and return the exit status.

    SIGINT or SIGTERM make the trainer save and finish, which is shown too.
    """
    last: Event | None = None
    with on_interrupt(trainer.stop) as interrupted:
        try:
            with _progress_view(name, as_json) as view:
                for last in trainer.events():
                    view.show(last)
        except BaseException as error:  # such as a closed pipe: the output has no reader any more
            if not _terminal_closed(error):
                trainer.close()
            raise
    report_end(name, last)
    return EXIT_INTERRUPTED if interrupted() else 0


def leave_detached(name: str, trainer: TrainerProcess, as_json: bool) -> int:
    """Wait until a run has started, report how to reach it, and return the exit status.

    Until then, SIGINT or SIGTERM stop it as in :func:`follow_run`.
    """
    last: Event | None = None
    with on_interrupt(trainer.stop) as interrupted:
        for last in trainer.events():
            if isinstance(last, Started) and not interrupted():
                break
    if not isinstance(last, Started):
        report_end(name, last)
        return EXIT_INTERRUPTED if interrupted() else 0
    echo_err(_detached_message(name, "is being trained"))
    if as_json:
        run = RunMonitor(ModelDir.named(name))
        run.refresh()
        write_json(run_status.to_json(run))
    return 0


def attach_run(name: str, as_json: bool) -> int:
    """Show a run that is already being trained until it ends, and return the exit status.

    SIGINT or SIGTERM detach from it; the training continues.
    """
    run = require_live(name)
    folder = ModelDir.named(name)
    reader = EventReader(folder, _MAX_PAST_BYTES)
    past_events = reader.past_events()
    if sys.stderr.isatty() and not as_json:
        echo_dim("Ctrl-C leaves this view; the training continues.")
    last: Event | None = None
    with on_interrupt() as interrupted:
        try:
            with _progress_view(name, as_json) as view:
                if run.status is not RunStatus.STARTING:
                    view.replay(past_events)
                for last in reader.events(partial(is_training, folder), interrupted):
                    view.show(last)
        except BrokenPipeError:
            echo_err(_detached_message(name, _left_state(run)))
            raise
    if interrupted():
        echo_err(_detached_message(name, _left_state(run)))
        return EXIT_INTERRUPTED
    if not isinstance(last, Finished):
        require_live(name)  # raises why it ended, unless it was resumed in the meantime
        return attach_run(name, as_json)
    report_end(name, last)
    return 0


def require_live(name: str) -> RunMonitor:
    """Return the run ``name``; raise :class:`CharloomError` if it is not being trained."""
    run = RunMonitor(ModelDir.named(find_model(name).name))
    run.refresh()
    if run.status not in run_status.LIVE:
        raise CharloomError(_not_training_message(run))
    return run


def finished_message(run: RunMonitor) -> str:
    """Return why a run is not resumed that was trained to its end, and what to do instead."""
    return (
        f"{run.name!r} is finished ({run_status.label(run.status)}) and stays as it is; "
        f"`charloom train --more {shlex.quote(run.name)}` trains it further, as a new run."
    )


def _not_training_message(run: RunMonitor) -> str:
    """Return why a run is not being trained, and the command to run next."""
    name = shlex.quote(run.name)
    resume = f"`charloom resume {name}` continues it."
    reason = run.reason.rstrip(".")
    explanation = {
        RunStatus.STOPPED: f": it was stopped; {resume}",
        RunStatus.FAILED: f": {reason}; {resume}",
        RunStatus.INTERRUPTED: f": {reason}; {resume}",
        RunStatus.UNTRAINED: f" yet; `charloom resume {name}` starts it.",
        RunStatus.IMPORTED: ": it was imported and has no run; `charloom runs` lists all runs.",
    }.get(run.status, f": it is done; `charloom generate --model {name}` generates text.")
    return f"{run.name!r} is not being trained{explanation}"


@contextmanager
def on_interrupt(callback: Callable[[], None] = lambda: None) -> Iterator[Callable[[], bool]]:
    """Call ``callback`` on SIGINT or SIGTERM; yield a function that returns whether one came."""
    interrupted = False

    def handle(number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's signature
        nonlocal interrupted
        interrupted = True
        callback()

    previous = {number: signal.signal(number, handle) for number in STOP_SIGNALS}
    try:
        yield lambda: interrupted
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def report_end(name: str, end: Event | None) -> None:
    """Print the result of a run; raise :class:`CharloomError` if it failed."""
    assert isinstance(end, Finished)
    if end.reason == "failed":
        raise CharloomError(end.message)
    echo_err(_summary(name, end))


def _progress_view(name: str, as_json: bool) -> ProgressView:
    if as_json:
        return JsonView()
    from rich.console import Console  # deferred: slow to import, and not needed for JSON

    console = Console(stderr=True, highlight=False)
    return LiveView(name, console) if console.is_terminal else PlainView()


def _terminal_closed(error: BaseException) -> bool:
    """Return whether ``error`` means that the terminal was closed; then the training continues."""
    return isinstance(error, OSError) and error.errno == errno.EIO


def _left_state(run: RunMonitor) -> str:
    run.refresh()
    return "stays paused" if run.status is RunStatus.PAUSED else "continues"


def _detached_message(name: str, state: str) -> str:
    quoted = shlex.quote(name)
    return f"{name} {state}.\nWatch it: charloom attach {quoted}\nStop it:  charloom stop {quoted}"


def quoted_prompt(opening: str) -> str:
    """Return the first words of ``opening`` as an argument to type, quoted for any shell."""
    line = opening.split("\n")[0]
    if len(line) > _MAX_PROMPT:
        line = line[: _MAX_PROMPT + 1].rsplit(" ", 1)[0]
    quoted = shlex.quote(line) if _EXPANDED & set(line) else f'"{line}"'
    return f"-- {quoted}" if line.startswith("-") else quoted


def _summary(name: str, end: Finished) -> str:
    quoted = shlex.quote(name)
    outcome = _OUTCOMES.get(end.reason, "No longer improving")
    lines = [f"{outcome} after {format_clock(end.elapsed_seconds)}, at step {end.step:,}."]
    if best := run_status.best_checkpoint_message(end):
        lines.append(best)
    if model := find_model(name).best:
        assert model.metadata  # that of the best checkpoint can be read
        prompt = quoted_prompt(model.metadata.corpus.opening_words)
        lines.append(f"Sample from it: charloom generate --model {quoted} {prompt}")
    if end.reason == "stopped":
        lines.append(f"Resume it:      charloom resume {quoted}")
    return "\n".join(lines)
