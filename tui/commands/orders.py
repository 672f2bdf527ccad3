"""``charloom pause``, ``continue``, ``stop`` and ``checkpoint``: what a trainer is told."""

import math
import shlex
import time
from typing import TypeVar

import click

from charloom.core.errors import CharloomError
from charloom.core.runs.commands import Command, CommandKind, send_command
from charloom.core.runs.events import CheckpointSaved, Continued, Event, Finished, Paused, to_line
from charloom.core.runs.monitor import is_training
from charloom.core.runs.run import EventReader
from charloom.core.store.read import find_model, model_dir
from charloom.tui.console.follow import INTERRUPTED, on_interrupt, report_end, require_live
from charloom.tui.console.options import json_option
from charloom.tui.console.output import echo_dim, echo_err, write_stdout
from charloom.tui.console.progress import current_state_events

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
def go_on(name: str, as_json: bool) -> None:
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
