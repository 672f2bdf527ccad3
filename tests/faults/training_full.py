"""Runs whose file system becomes full, or may not be written, before or while they are trained.

A run in training pauses, says why, and continues when there is room; one that cannot start says
so, and is resumed. Either ends bit for bit as an undisturbed run.
"""

import itertools
import random
import threading
import time
from collections.abc import Iterator

from charloom.core import paths
from charloom.core.errors import CharloomError
from charloom.core.runs.events import CheckpointSaved, Continued, Event, Finished, Paused
from charloom.core.runs.monitor import is_training
from charloom.core.runs.trainer import TrainerProcess
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.read import list_models, load_checkpoint
from tests.faults.disks import Fault, can_mount, faults, mounted
from tests.faults.report import Report
from tests.helpers.factories import ref
from tests.helpers.small_models import create

# Those of a mount: the limits of a process cannot be set on a trainer from outside.
_FAULTS = [fault for fault in faults() if fault.mounted]
_STAGES = ("while it trains", "as it begins", "before its launch")
_PAIRS = [  # a file system on which a trainer has its log open is not made read-only
    (stage, fault)
    for stage, fault in itertools.product(_STAGES, _FAULTS)
    if stage == "before its launch" or "read-only" not in fault.name
]
CASES = len(_PAIRS)
_STEPS = 1_200
_LONGEST = 5.0  # seconds of a fault that cannot be reported


class Spell:
    """A fault of the file system of the models, with a begin and, at the latest, an end."""

    def __init__(self, fault: Fault) -> None:
        self._fault, self._lock, self._lasts = fault, threading.Lock(), False
        self._latest = threading.Timer(_LONGEST, self.end)

    def begin(self) -> None:
        """Bring it about."""
        self._lasts = True
        self._fault.begin(paths.models_dir())
        self._latest.start()

    def end(self) -> None:
        """Let it be over; it may be already."""
        with self._lock:
            if self._lasts:
                self._lasts = False
                self._fault.end(paths.models_dir())
        self._latest.cancel()


def campaign(cases: int, seed: int) -> Report:
    """Bring about every fault at every stage, the plainest first, the others as ``seed`` says."""
    report = Report("the same during a training run")
    if not can_mount():
        return report
    plainest, *others = _PAIRS
    random.Random(seed).shuffle(others)
    undisturbed = _weights(list(TrainerProcess(_new("undisturbed")).events()))
    pauses = 0
    for stage, fault in [plainest, *others][:cases]:
        with mounted(paths.models_dir()):
            seen = list(_disturbed(_new("disturbed"), stage, Spell(fault)))
            same = _weights(seen) == undisturbed
            left = [str(path) for path in paths.models_dir().rglob(".*.tmp")]
        report.cases += 1
        what = f"{fault.name} {stage}"
        report.hold(same, f"{what}: it ended otherwise than an undisturbed one")
        report.hold(not left, f"{what}: {left} was left")
        reasons = [event.message for event in seen if isinstance(event, Paused)]
        ends = sum(isinstance(event, Continued) for event in seen)
        report.hold(all(reasons) and ends == len(reasons), f"{what}: pauses {reasons}, {ends} ends")
        if (stage, fault) == plainest:
            report.hold("No space left" in " ".join(reasons), f"{what}: nothing was reported")
        pauses += ends
    report.seen = [f"{pauses:,} pauses, each with its reason and its end"]
    return report


def _new(name: str) -> ModelDir:
    return create(name, steps=_STEPS, patience=1.0, checkpoint_seconds=0.1)


def _disturbed(folder: ModelDir, stage: str, spell: Spell) -> Iterator[Event]:
    """Train to the end, in a second go where it cannot be in one."""
    event: Event | None = None
    begun = False
    try:
        if stage == "before its launch":
            spell.begin()
        training = TrainerProcess(folder)
        if stage == "as it begins":
            while not is_training(folder):
                time.sleep(0.01)
            spell.begin()
        for event in training.events():
            yield event
            if isinstance(event, CheckpointSaved) and stage == "while it trains" and not begun:
                begun = True
                spell.begin()
            if isinstance(event, Paused):
                spell.end()
    except CharloomError as error:
        assert str(error).endswith(".")  # a sentence
    spell.end()
    if not (isinstance(event, Finished) and event.reason == "completed"):
        yield from TrainerProcess(folder, resume=True).events()


def _weights(seen: list[Event]) -> dict[str, bytes]:
    """Return the weights of the last step of a run that was completed; none of another."""
    if not (isinstance(seen[-1], Finished) and seen[-1].reason == "completed"):
        return {}
    (name,) = (info.name for info in list_models() if not info.bundled)
    last = load_checkpoint(ref(f"{name}@{seen[-1].step}")).checkpoint
    return {name: tensor.tobytes() for name, tensor in last.tensors.items()}
