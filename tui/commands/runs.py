"""``charloom runs``, ``attach``, ``resume``, ``pause``, ``continue``, ``stop``, ``checkpoint``."""

import math
import shlex
import time
from collections.abc import Iterator
from typing import TypeVar

import click

from charloom.core.errors import BeingTrainedError, CharloomError
from charloom.core.runs.commands import Command, CommandKind, send_command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    to_line,
)
from charloom.core.runs.monitor import RunMonitor, is_training, list_runs
from charloom.core.runs.run import read_run_config
from charloom.core.runs.trainer import EventReader, TrainerProcess
from charloom.core.sanitize import quoted, single_line
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_model
from charloom.tui.console.completion import complete_live_runs, complete_runs
from charloom.tui.console.follow import (
    EXIT_INTERRUPTED,
    attach_run,
    finished_message,
    follow_run,
    leave_detached,
    on_interrupt,
    report_end,
    require_live,
)
from charloom.tui.console.options import detach_option, json_option
from charloom.tui.console.output import echo_dim, echo_err, write_json, write_stdout, write_table
from charloom.tui.console.progress import current_state_events
from charloom.tui.console.run_comparison import write_comparison
from charloom.tui.formatting import run_status
from charloom.tui.formatting.units import format_clock

_MAX_REASON_LENGTH = 300
_TIMEOUT_SECONDS = 30.0  # for a trainer's answer between two steps; stopping may take any time
_MAX_PAST_BYTES = 1 << 16  # read back from a log: a paused trainer writes nothing more

Answer = TypeVar("Answer", bound=Event)


@click.command()
@click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=complete_runs)
@click.option("--compare", "comparing", is_flag=True, help="Show the named runs side by side.")
@json_option
def runs(names: tuple[str, ...], comparing: bool, as_json: bool) -> None:
    """List the training runs: those being trained first, then the newest.

    The loss is the best so far on held-out text. --compare also shows the losses of the best
    checkpoint, carried and windowed, as measured at the end, and the settings that differ. --json
    writes one object per run, on a line, with losses in nats per character.
    """
    if comparing != bool(names) or len(names) == 1:
        raise click.UsageError("Name the runs to compare after --compare, two or more.")
    folders = {folder.name: folder for folder in list_runs()}
    if unknown := [name for name in names if name not in folders]:
        raise CharloomError(f"There is no run {quoted(unknown[0])}; `charloom runs` lists them.")
    monitors = [RunMonitor(folders[name]) for name in names or folders]
    for run in monitors:
        run.refresh()
        while run.has_more:
            run.refresh()
    if comparing:
        write_comparison(monitors, as_json)
        return
    monitors.sort(key=lambda run: run.status not in run_status.LIVE)
    if as_json:
        for run in monitors:
            write_json(run_status.to_json(run))
    elif monitors:
        headings = ("name", "step", "done", "left", "bits/char", "state")
        write_table("<>>><<", headings, *map(_row, monitors))
        notes = [note for run in monitors for note in _notes(run)]
        write_stdout("".join(["\n" * bool(notes), *notes]))
    else:
        echo_err("No runs yet. `charloom train` starts one.")


def _row(run: RunMonitor) -> tuple[str, ...]:
    step, left = run_status.step(run), run_status.eta_seconds(run)
    return (
        run.name,
        "" if step is None else f"{step:,}",
        f"{run_status.fraction(run):.0%}" if run.progress else "",
        "" if left is None else format_clock(left),
        run_status.best_bits(run),
        f"{run_status.symbol(run.status)} {run_status.state(run)}",
    )


def _notes(run: RunMonitor) -> Iterator[str]:
    """Yield a line on what the run started from, and one on why it ended."""
    if base := run_status.base(run):
        yield f"{single_line(base, _MAX_REASON_LENGTH)} → {run.name}\n"
    if run.reason:
        yield f"{run.name}: {single_line(run.reason, _MAX_REASON_LENGTH)}\n"


@click.command()
@click.argument("name", shell_complete=complete_live_runs)
@json_option
def attach(name: str, as_json: bool) -> int:
    """Watch the run NAME until it ends. Ctrl-C detaches; the training continues."""
    return attach_run(name, as_json)


@click.command()
@click.argument("name", shell_complete=complete_runs)
@click.option(
    "--processes",
    type=click.IntRange(1),
    metavar="N",
    help="Continue with this many processes. Default: as many as before.",
)
@detach_option
@json_option
def resume(name: str, processes: int | None, detach: bool, as_json: bool) -> int:
    """Resume the training of NAME from where it was last saved.

    A finished run is left as it is.
    """
    model = find_model(name)
    folder = ModelDir.named(name)
    run = RunMonitor(folder)
    run.refresh()
    if run.status in run_status.LIVE:  # a second trainer would exit, but Ctrl-C stop the first
        raise BeingTrainedError(name)
    if run.finished and run.status in run_status.FINISHED:
        _write_event(run.finished, as_json)
        echo_err(finished_message(run))
        return 0
    read_run_config(folder)
    if not (model.checkpoints or folder.resume_state.is_file()):
        echo_err(f"{name} was never saved; training starts from the beginning.")
    return (leave_detached if detach else follow_run)(
        name, TrainerProcess(folder, resume=True, processes=processes), as_json
    )


@click.command()
@click.argument("name", shell_complete=complete_live_runs)
@json_option
def pause(name: str, as_json: bool) -> None:
    """Save the run NAME and pause it, until `charloom continue`."""
    trainer = _TrainerControl(name)
    if event := trainer.paused:
        _write_event(event, as_json)
    else:
        event = trainer.send("pause", Paused, as_json)
    already = "already " if trainer.paused else ""
    hint = event.message or f"`charloom continue {shlex.quote(name)}` continues it."
    echo_err(f"{name} is {already}paused at step {event.step:,}. {hint}")


@click.command("continue")
@click.argument("name", shell_complete=complete_live_runs)
@json_option
def continue_(name: str, as_json: bool) -> None:
    """Continue the paused run NAME."""
    trainer = _TrainerControl(name)
    if not trainer.paused:
        echo_err(f"{name} is not paused; it is being trained.")
        return
    event = trainer.send("continue", Continued, as_json)
    echo_err(f"{name} continues from step {event.step:,}.")


@click.command()
@click.argument("name", shell_complete=complete_live_runs)
@json_option
def stop(name: str, as_json: bool) -> None:
    """Save the run NAME and stop it. `charloom resume` continues it later.

    The best checkpoint is first measured on the held-out text; a second stop ends that.
    """
    trainer = _TrainerControl(name)
    echo_dim(f"Stopping {name}: it saves, then measures its best checkpoint.")
    report_end(name, trainer.send("stop", Finished, as_json))


@click.command()
@click.argument("name", shell_complete=complete_live_runs)
@json_option
def checkpoint(name: str, as_json: bool) -> None:
    """Save a checkpoint of the run NAME now, and write the path of its file."""
    event = _TrainerControl(name).send("checkpoint", CheckpointSaved, as_json)
    if not as_json:
        write_stdout(f"{ModelDir.named(name).checkpoint(event.step)}\n")
    echo_err(f"{name} is saved at step {event.step:,}.")


class _TrainerControl:
    """Sends commands to the trainer of the run ``name``, which must be running."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = ModelDir.named(find_model(name).name)
        self._reader = EventReader(self._folder, _MAX_PAST_BYTES)
        current = current_state_events(self._reader.past_events())
        require_live(name)
        self.paused = next((event for event in current if isinstance(event, Paused)), None)
        """The event that reported the present pause, if there is one."""

    def send(self, kind: CommandKind, answer: type[Answer], as_json: bool) -> Answer:
        """Send a command and return the event that confirms it, which is also written as JSON."""
        name = self._name
        deadline = time.monotonic() + (math.inf if kind == "stop" else _TIMEOUT_SECONDS)
        with on_interrupt() as interrupted:
            send_command(self._folder, Command(kind))
            for event in self._reader.events(
                lambda: is_training(self._folder),
                lambda: interrupted() or time.monotonic() > deadline,
            ):
                if isinstance(event, answer):
                    _write_event(event, as_json)
                    return event
        if interrupted():
            echo_err(f"{name} will {kind}; `charloom runs` shows its status.")
            raise click.exceptions.Exit(EXIT_INTERRUPTED)
        require_live(name)  # raises why, if it is no longer being trained
        if self.paused and self.paused.message:
            raise CharloomError(self.paused.message)
        raise CharloomError(
            f"{name!r} has not answered the command to {kind}; `charloom runs` shows its status."
        )


def _write_event(event: Event, as_json: bool) -> None:
    if as_json:
        write_stdout(f"{to_line(event)}\n")
