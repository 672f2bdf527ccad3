"""Trainers killed again and again, at random moments and in the middle of writing, and resumed.

Each run is killed ten times, repaired and resumed, and then ends on its own. Its store is sound
after every kill, no reported checkpoint is lost, and it ends bit for bit as an undisturbed run.
"""

import contextlib
import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from subprocess import Popen
from typing import NamedTuple

import numpy as np

from charloom.core.errors import CharloomError
from charloom.core.runs import events
from charloom.core.runs.events import CheckpointSaved, Event, Finished, Progress, Started, Validated
from charloom.core.runs.jsonl import file_size
from charloom.core.runs.run import read_run_config
from charloom.core.runs.trainer import TrainerProcess, launch_trainer
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import find_model, load_checkpoint
from charloom.core.store.repair import repair_model
from charloom.core.training import resume
from tests.faults.report import Report
from tests.helpers.factories import ref
from tests.helpers.ranks import other_ranks
from tests.helpers.small_models import create

CASES = 200
_KILLS = 10  # of each run
_STEPS = 1_500  # of each run, for every kill and for its end
_INTERVAL = 0.5  # seconds between checkpoints
_AT_ONCE = 2  # runs: each has one thread
_LATEST = 1.5  # seconds after the start of training, or of the process, of a random kill
_PATIENCE = 60.0


class Run(NamedTuple):
    """What a run came to: its validations by step, its end, and the weights of its last step."""

    validated: dict[int, float]
    end: Finished
    weights: dict[str, bytes]


def campaign(cases: int, seed: int, processes: int = 1) -> Report:
    """Kill trainers ``cases`` times in all: of several ``processes``, any one."""
    killed = "trainer" if processes == 1 else f"any one of {processes} processes of a run"
    report = Report(
        f"{killed} killed by SIGKILL, at random and during writes; repaired and resumed"
    )
    kills = min(_KILLS, max(1, cases // _AT_ONCE))
    chains = [min(kills, cases - done) for done in range(0, cases, kills)]
    steps = _STEPS * (kills + 1)
    undisturbed = _end(_new("undisturbed", steps, processes), resuming=False)

    def chain(number: int) -> _Chain:
        folder = _new(f"run-{number}", steps, processes)
        return _Chain(number, chains[number], seed, folder, undisturbed)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        ended = list(pool.map(chain, range(len(chains))))
    for done in ended:
        report.cases += done.kills
        report.broken += done.broken
    checked = sum(done.checkpoints for done in ended)
    torn = sum(done.torn for done in ended)
    report.seen = [
        f"{checked:,} checkpoints loaded",
        f"{torn:,} kills in mid-write",
        f"at most {max(done.lost for done in ended):.2f} s of training lost at {_INTERVAL} s "
        "between checkpoints",
        f"{len(ended):,} runs ended bit for bit as an undisturbed one",
    ]
    return report


def _new(name: str, steps: int, processes: int) -> ModelDir:
    bounds = {"steps": steps, "patience": 1.0, "checkpoint_seconds": _INTERVAL}
    return create(name, hidden_size=64, processes=processes, **bounds)


class _Chain:
    """One run and its kills."""

    def __init__(
        self, number: int, kills: int, seed: int, folder: ModelDir, undisturbed: Run
    ) -> None:
        self.kills = self.checkpoints = self.torn = 0
        self.lost = 0.0
        self.broken: list[str] = []
        self._folder = folder
        self._random = random.Random(f"{seed} {number}")
        for _ in range(kills):
            if not self._kill():
                break
            self._check()
        end = _end(self._folder, resuming=True)
        for what, one, other in zip(Run._fields, undisturbed, end, strict=True):
            self._hold(_same(one, other), f"its {what} is not that of an undisturbed run")

    def _hold(self, promise: bool, otherwise: str) -> None:
        if not promise:
            self.broken.append(f"{self._folder.name}, kill {self.kills}: {otherwise}.")

    def _kill(self) -> bool:
        """Start the trainer and kill it; False if it was done before that."""
        before = file_size(self._folder.metrics)
        process = launch_trainer(self._folder, resume=True)
        when = self._random.choice(("from its launch", "while it trains", "in mid-write"))
        if when != "from its launch":
            _wait(process, lambda: file_size(self._folder.metrics) > before)
        time.sleep(self._random.uniform(0, _LATEST))
        if when == "in mid-write":
            _wait(process, lambda: any(_torn(self._folder)))
        if process.poll() is not None:
            return False
        ranks = [process.pid, *other_ranks(process.pid)]
        os.kill(self._random.choice(ranks), signal.SIGKILL)
        process.wait()
        latest = time.monotonic() + _PATIENCE
        while any(map(_is_alive, ranks)) and time.monotonic() < latest:
            time.sleep(0.01)
        self._hold(not any(map(_is_alive, ranks)), "another process goes on")
        self.kills += 1
        self.torn += any(_torn(self._folder))
        return True

    def _check(self) -> None:
        """See that nothing is damaged and nothing lost."""
        name = self._folder.name
        past = _events(self._folder)
        saved = [each.step for each in past if isinstance(each, CheckpointSaved)]
        self._hold(repair_model(self._folder) == [], "a checkpoint is damaged")
        self._hold(not any(_torn(self._folder)), "a torn file is left")
        there = find_model(name).checkpoints
        for each in there:
            with self._no_fault(f"checkpoint {each.step}"):
                load_checkpoint(ref(f"{name}@{each.step}"))
                self.checkpoints += 1
        if not saved:
            return
        self._hold(there[-1].step >= saved[-1], "the newest checkpoint is lost")
        with self._no_fault("resume.safetensors"):
            model = read_run_config(self._folder).model
            assert model
            snapshot, _ = resume.read_state(self._folder.resume_state, model)
            self._hold(snapshot.step >= saved[-1], "what it takes to go on is lost")
        self.lost = max(self.lost, _unsaved(past))

    @contextlib.contextmanager
    def _no_fault(self, what: str) -> Iterator[None]:
        try:
            yield
        except CharloomError as error:
            self._hold(False, f"{what} cannot be used ({error})")


def _end(folder: ModelDir, resuming: bool) -> Run:
    """Train to the end and return what came of it."""
    end = list(TrainerProcess(folder, resuming).events())[-1]
    assert isinstance(end, Finished)
    validated = {
        each.step: each.val_loss for each in _events(folder) if isinstance(each, Validated)
    }
    last = load_checkpoint(ref(f"{folder.name}@{end.step}")).checkpoint
    weights = {name: np.asarray(value).tobytes() for name, value in last.tensors.items()}
    return Run(validated, end, weights)


def _same(one: object, other: object) -> bool:
    if isinstance(one, Finished) and isinstance(other, Finished):
        return (one.val_loss, one.best_step) == (other.val_loss, other.best_step)
    return one == other


def _events(folder: ModelDir) -> list[Event]:
    log = folder.metrics
    lines = log.read_bytes().split(b"\n") if log.exists() else []
    return [event for line in lines if (event := events.from_line(line))]


def _unsaved(past: list[Event]) -> float:
    """Return the seconds of training that the last trainer reported but did not save."""
    saved = now = 0.0
    begun = False
    for event in past:
        match event:
            case Started():
                begun = False
            case Progress():
                now = event.elapsed_seconds
                saved, begun = saved if begun else now, True
            case CheckpointSaved():
                saved = now
    return now - saved if begun else 0.0


def _is_alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def _torn(folder: ModelDir) -> Iterator[Path]:
    for place in (folder.path, folder.checkpoints):
        yield from place.glob(".*.tmp")


def _wait(process: "Popen[bytes]", happened: Callable[[], bool]) -> None:
    """Wait until something has happened, or the process has ended."""
    latest = time.monotonic() + _PATIENCE
    while not happened() and process.poll() is None and time.monotonic() < latest:
        time.sleep(0.0005)
