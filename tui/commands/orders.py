"""``charloom pause``, ``continue``, ``stop`` and ``checkpoint``: what a trainer is told."""

import math
import shlex
import time
from typing import TypeVar

import click

from charloom.core.errors import CharloomError
from charloom.core.runs import commands as orders
from charloom.core.runs import monitor as watch
from charloom.core.runs.commands import Kind, Order
from charloom.core.runs.events import CheckpointSaved, Continued, Event, Finished, Paused, to_line
from charloom.core.runs.run import News
from charloom.core.store import write as store
from charloom.tui.console.follow import INTERRUPTED, heeding, live, tell_end
from charloom.tui.console.options import json_option
from charloom.tui.console.output import aside, note, write
from charloom.tui.console.progress import lasting

_PATIENCE = 30.0  # seconds, for what a trainer does between two steps; its end takes what it takes
_PAST = 1 << 16  # bytes of a log: a trainer that is paused tells nothing more

Answer = TypeVar("Answer", bound=Event)


@click.command()
@click.argument("name")
@json_option
def pause(name: str, as_json: bool) -> None:
    """Have the run NAME stand still, with everything saved, until it is told to go on."""
    trainer = _Trainer(name)
    if done := trainer.paused:
        _write(done, as_json)
    else:
        done = trainer.told("pause", Paused, as_json)
    already = " already" if trainer.paused else ""
    ways = done.message or f"`charloom continue {shlex.quote(name)}` goes on with it."
    note(f"{name} is paused{already} at step {done.step:,}. {ways}")


@click.command("continue")
@click.argument("name")
@json_option
def go_on(name: str, as_json: bool) -> None:
    """Have the run NAME go on, which is paused."""
    trainer = _Trainer(name)
    if not trainer.paused:
        note(f"{name} is not paused; it is being trained.")
        return
    done = trainer.told("continue", Continued, as_json)
    note(f"{name} goes on from step {done.step:,}.")


@click.command()
@click.argument("name")
@json_option
def stop(name: str, as_json: bool) -> None:
    """End the run NAME: all is saved, and it can be resumed.

    It is measured on its held-out text first, which may take a while.
    """
    trainer = _Trainer(name)
    aside(f"{name} is told to stop; it saves, and measures its best checkpoint.")
    tell_end(name, trainer.told("stop", Finished, as_json))


@click.command()
@click.argument("name")
@json_option
def checkpoint(name: str, as_json: bool) -> None:
    """Have the run NAME save a checkpoint now, and write the path of its file."""
    done = _Trainer(name).told("checkpoint", CheckpointSaved, as_json)
    if not as_json:
        write(f"{store.folder(name) / 'checkpoints' / done.file}\n")
    note(f"{name} is saved at step {done.step:,}.")


class _Trainer:
    """The trainer at work on the run ``name``; where there is none, the error says what to do."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._folder = store.folder(store.model(name).name)
        self._news = News(self._folder, _PAST)
        pauses = [each for each in lasting(self._news.before()) if isinstance(each, Paused)]
        live(name)
        self.paused = pauses[0] if pauses else None
        """How it was told that it stands still, if it does."""

    def told(self, kind: Kind, answer: type[Answer], as_json: bool) -> Answer:
        """Give an order and return the event that shows it done; also write that, ``as_json``."""
        name, patience = self._name, math.inf if kind == "stop" else _PATIENCE
        latest = time.monotonic() + patience
        with heeding() as asked:
            orders.give(self._folder, Order(kind))
            for event in self._news.events(
                lambda: watch.alive(self._folder), lambda: asked() or time.monotonic() > latest
            ):
                if isinstance(event, answer):
                    _write(event, as_json)
                    return event
        if asked():
            note(f"{name} has been told to {kind} and will; `charloom runs` shows how it stands.")
            raise click.exceptions.Exit(INTERRUPTED)
        live(name)  # says why, if it is not being trained any more
        if self.paused and self.paused.message:
            raise CharloomError(self.paused.message)
        raise CharloomError(
            f"{name!r} has been told to {kind} but has not done it yet; "
            "`charloom runs` shows how it stands."
        )


def _write(event: Event, as_json: bool) -> None:
    if as_json:
        write(f"{to_line(event)}\n")
