"""``charloom runs``: which training runs there are and how they stand."""

import math
import shlex
import time
from typing import TypeVar

import click

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command, CommandKind, send_command
from charloom.core.runs.events import (
    CheckpointSaved,
    Continued,
    Event,
    Finished,
    Paused,
    bits,
    to_line,
)
from charloom.core.runs.monitor import RunMonitor, is_training, list_runs
from charloom.core.runs.run import EventReader, TrainerProcess, read_run_config
from charloom.core.sanitize import single_line
from charloom.core.store.read import find_model, model_dir
from charloom.tui.console.follow import (
    INTERRUPTED,
    attach_run,
    follow_run,
    leave_detached,
    on_interrupt,
    report_end,
    require_live,
)
from charloom.tui.console.options import detach_option, json_option
from charloom.tui.console.output import echo_dim, echo_err, write_json, write_stdout, write_table
from charloom.tui.console.progress import current_state_events
from charloom.tui.formatting import run_status
from charloom.tui.formatting.units import format_clock

_NAME = 40  # characters of a name that are shown: as many as one has that is made of a title
_REASON = 300


@click.command()
@json_option
def runs(as_json: bool) -> None:
    """List the training runs, those at work first, then the newest.

    The loss is the best on held-out text so far. --json writes one object per run, on a line, with
    losses in nats per character.
    """
    found = [RunMonitor(folder) for folder in list_runs()]
    for run in found:
        run.refresh()
        while run.behind:
            run.refresh()
    found.sort(key=lambda run: run.state not in run_status.LIVE)
    if as_json:
        for run in found:
            write_json(run_status.to_json(run))
    elif found:
        headings = ("name", "step", "done", "left", "bits/char", "state")
        write_table("<>>>><", headings, *map(_row, found))
        reasons = [run for run in found if run.reason]
        write_stdout("\n" * bool(reasons))
        for run in reasons:
            write_stdout(f"{single_line(run.name, _NAME)}: {single_line(run.reason, _REASON)}\n")
    else:
        echo_err("There is no run yet; `charloom train` begins one.")


def _row(run: RunMonitor) -> tuple[str, ...]:
    step, left, best = run_status.step(run), run_status.eta_seconds(run), run_status.best(run)
    return (
        single_line(run.name, _NAME),
        "" if step is None else f"{step:,}",
        f"{run_status.fraction(run):.0%}" if run.progress else "",
        "" if left is None else format_clock(left),
        f"{bits(best[1]):.3f}" if best else "",
        f"{run_status.symbol(run.state)} {run_status.label(run.state)}",
    )


@click.command()
@click.argument("name")
@json_option
def attach(name: str, as_json: bool) -> int:
    """Watch the run NAME until it ends; Ctrl-C leaves it to itself."""
    return attach_run(name, as_json)


_PATIENCE = 30.0  # seconds, for what a trainer does between two steps; its end takes what it takes
_PAST = 1 << 16  # bytes of a log: a trainer that is paused tells nothing more

Answer = TypeVar("Answer", bound=Event)


@click.command()
@click.argument("name")
@json_option
def pause(name: str, as_json: bool) -> None:
    """Have the run NAME stand still, with everything saved, until it is told to go on."""
    trainer = _TrainerControl(name)
    if done := trainer.paused:
        _write(done, as_json)
    else:
        done = trainer.told("pause", Paused, as_json)
    already = " already" if trainer.paused else ""
    ways = done.message or f"`charloom continue {shlex.quote(name)}` goes on with it."
    echo_err(f"{name} is paused{already} at step {done.step:,}. {ways}")


@click.command("continue")
@click.argument("name")
@json_option
def continue_(name: str, as_json: bool) -> None:
    """Have the run NAME go on, which is paused."""
    trainer = _TrainerControl(name)
    if not trainer.paused:
        echo_err(f"{name} is not paused; it is being trained.")
        return
    done = trainer.told("continue", Continued, as_json)
    echo_err(f"{name} goes on from step {done.step:,}.")


@click.command()
@click.argument("name")
@json_option
def stop(name: str, as_json: bool) -> None:
    """End the run NAME: all is saved, and it can be resumed.

    It is measured on its held-out text first, which may take a while.
    """
    trainer = _TrainerControl(name)
    echo_dim(f"{name} is told to stop; it saves, and measures its best checkpoint.")
    report_end(name, trainer.told("stop", Finished, as_json))


@click.command()
@click.argument("name")
@json_option
def checkpoint(name: str, as_json: bool) -> None:
    """Have the run NAME save a checkpoint now, and write the path of its file."""
    done = _TrainerControl(name).told("checkpoint", CheckpointSaved, as_json)
    if not as_json:
        write_stdout(f"{model_dir(name) / 'checkpoints' / done.file}\n")
    echo_err(f"{name} is saved at step {done.step:,}.")


class _TrainerControl:
    """The trainer at work on the run ``name``; where there is none, the error says what to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = model_dir(find_model(name).name)
        self._news = EventReader(self._folder, _PAST)
        pauses = [
            each for each in current_state_events(self._news.before()) if isinstance(each, Paused)
        ]
        require_live(name)
        self.paused = pauses[0] if pauses else None
        """How it was told that it stands still, if it does."""

    def told(self, kind: CommandKind, answer: type[Answer], as_json: bool) -> Answer:
        """Give an order and return the event that shows it done; also write that, ``as_json``."""
        name, patience = self._name, math.inf if kind == "stop" else _PATIENCE
        latest = time.monotonic() + patience
        with on_interrupt() as asked:
            send_command(self._folder, Command(kind))
            for event in self._news.events(
                lambda: is_training(self._folder), lambda: asked() or time.monotonic() > latest
            ):
                if isinstance(event, answer):
                    _write(event, as_json)
                    return event
        if asked():
            echo_err(
                f"{name} has been told to {kind} and will; `charloom runs` shows how it stands."
            )
            raise click.exceptions.Exit(INTERRUPTED)
        require_live(name)  # says why, if it is not being trained any more
        if self.paused and self.paused.message:
            raise CharloomError(self.paused.message)
        raise CharloomError(
            f"{name!r} has been told to {kind} but has not done it yet; "
            "`charloom runs` shows how it stands."
        )


def _write(event: Event, as_json: bool) -> None:
    if as_json:
        write_stdout(f"{to_line(event)}\n")


@click.command()
@click.argument("name")
@detach_option
@json_option
def resume(name: str, detach: bool, as_json: bool) -> int:
    """Go on with the training of the model NAME where it was last saved."""
    model = find_model(name)
    folder = model_dir(name)
    read_run_config(folder)
    if not (model.checkpoints or (folder / "resume.safetensors").is_file()):
        echo_err(f"{name} was never saved; it begins at the beginning.")
    return (leave_detached if detach else follow_run)(
        name, TrainerProcess(folder, resume=True), as_json
    )
