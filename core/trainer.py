"""The child process that trains: ``python -P -m core.trainer RUN_DIR STARTED [--resume]``.

It reads its plan from the run directory and writes there whatever happens. Nothing else talks to
torch. SIGINT or SIGTERM ends it at the next step boundary, with everything saved. STARTED is the
moment of its launch (seconds since 1970), so that a run of two minutes takes two.
"""

import os
import signal
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from types import FrameType

import filelock
import torch

from core import resume, runs, store
from core.calibration import Machine, calibrate
from core.card import CorpusCard
from core.checkpoint import Checkpoint
from core.errors import CharloomError
from core.events import Finished, Warned
from core.learner import Snapshot
from core.presets import DEFAULT_MINUTES, PRESETS, automatic, fit
from core.settings import ModelSettings, TrainSettings
from core.training import Lesson, Standing, train
from core.vocab import Vocab

_OPENING = 60  # characters of the text that are kept with the model
_TOO_LARGE = "There is not enough memory for this network; take a smaller --hidden or --batch."


class RunDirectory:
    """Keeps a run's checkpoints and state in its directory; a :class:`training.Keeper`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def save(self, made: Checkpoint) -> str:
        """Keep ``made``, thin out the others, return its file's name."""
        return store.save(self._folder.name, made).name

    def load(self, step: int) -> Checkpoint:
        """Return the checkpoint of ``step``."""
        return store.load(f"{self._folder.name}@{step}").checkpoint

    def save_state(self, snapshot: Snapshot, standing: Standing) -> None:
        """Keep what it takes to go on."""
        resume.write_state(self._folder / "resume.safetensors", snapshot, standing)


class Interruption:
    """Whether a signal has asked the process to end."""

    def __init__(self) -> None:
        self._asked = False
        for kind in runs.STOPPING:
            signal.signal(kind, self._ask)
        if os.name != "nt":
            signal.pthread_sigmask(signal.SIG_UNBLOCK, runs.STOPPING)  # held back until now

    def _ask(self, number: int, frame: FrameType | None) -> None:  # noqa: ARG002 - the API's
        self._asked = True

    def asked(self) -> bool:
        """Return whether it has."""
        return self._asked


def settle(plan: runs.Plan, vocab_size: int, characters: int) -> tuple[runs.Plan, Machine]:
    """Settle what ``plan`` leaves open, for a text of this size and the machine at hand.

    The plan that comes back holds full settings, so that a run that is resumed goes on alike.
    """
    if plan.model and plan.training:
        model = ModelSettings.from_json(plan.model)
        training = TrainSettings.from_json(plan.training)
        return plan, calibrate(model, training)
    note = ""
    preset = PRESETS.get(plan.preset)
    if preset is None:  # auto
        model, training = PRESETS["medium"].settings(vocab_size, plan.chosen)
        speed = calibrate(model, training).chars_per_second
        minutes = training.minutes or DEFAULT_MINUTES
        preset = automatic(characters, minutes * 60, speed)
    model, training = preset.settings(vocab_size, plan.chosen)
    training, note = fit(training, characters - int(characters * training.held_out))
    machine = calibrate(model, training)
    training = replace(training, precision=machine.precision, threads=machine.threads)
    settled = replace(
        plan,
        notes=[*plan.notes, note] if note else plan.notes,
        model=model.to_json(),
        training=training.to_json(),
    )
    return settled, machine


def run(folder: Path, started: float, resuming: bool) -> None:
    """Train what the plan in ``folder`` says, and write what happens into ``folder``."""
    interruption = Interruption()
    plan = runs.read_plan(folder)
    text = runs.read_text(folder, plan)
    vocab = Vocab.from_text(text, plan.fold)
    plan, machine = settle(plan, len(vocab), len(text))
    runs.write_plan(folder, plan)
    lesson = Lesson(
        text=text,
        vocab=vocab,
        corpus=CorpusCard(plan.title, plan.sha256, len(text), text[:_OPENING]),
        model=ModelSettings.from_json(plan.model or {}),
        training=TrainSettings.from_json(plan.training or {}),
    )
    state = resume.read_state(folder / "resume.safetensors") if resuming else None
    spent = time.time() - started + (state[1].elapsed if state else 0)
    with closing(runs.Journal(folder)) as journal:
        keeper = RunDirectory(folder)
        events = train(
            lesson, machine, keeper, interrupted=interruption.asked, resume=state, spent=spent
        )
        journal.write(next(events))
        for note in (*plan.notes, *_fallback(lesson.training.device, machine)):
            journal.write(Warned(note))
        for event in events:
            journal.write(event)


def _fallback(wanted: str, machine: Machine) -> list[str]:
    """Return a sentence if the device that was asked for is not the one to train on."""
    if wanted in ("auto", machine.device.type):
        return []
    return [f"--device {wanted} cannot be used on this machine: training on its CPU instead."]


def main(arguments: list[str]) -> int:
    """Run the trainer; a failure becomes the run's last event, for the person who watches."""
    folder, started = Path(arguments[0]), float(arguments[1])
    try:
        with filelock.FileLock(folder / "lock", timeout=0):
            run(folder, started, resuming="--resume" in arguments[2:])
    except filelock.Timeout:
        sys.stderr.write("Another trainer is at work on this run.\n")
        return runs.BUSY
    except CharloomError as error:
        return _failed(folder, str(error))
    except (RuntimeError, MemoryError) as error:
        if not _lacks_memory(error):
            raise
        return _failed(folder, _TOO_LARGE)
    return 0


def _lacks_memory(error: Exception) -> bool:
    # on a CPU torch has no error of its own for it
    known = isinstance(error, torch.OutOfMemoryError | MemoryError)
    return known or "can't allocate memory" in str(error)


def _failed(folder: Path, sentence: str) -> int:
    with closing(runs.Journal(folder)) as journal:
        journal.write(Finished.failed(sentence))
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
