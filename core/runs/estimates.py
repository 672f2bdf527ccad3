"""How fast each preset trains on this machine: timed once, in a child process, and remembered."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from charloom.core import paths
from charloom.core.child_process import CHILD_ENVIRONMENT
from charloom.core.config import TrainConfig, train_characters
from charloom.core.data.corpus import MIN_CHARACTERS
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from charloom.core.runs.presets import DEFAULT_MINUTES, PRESETS, shrink_to_fit


def measure_throughput() -> dict[str, float]:
    """Return characters trained per second for every preset; the first call takes seconds.

    What is remembered holds for this number of cores; delete ``speeds.json`` to time anew.
    """
    if known := cached_throughput():
        return known
    command = [sys.executable, "-P", "-m", "charloom.core.training.autotune"]
    child = subprocess.run(
        command, env=CHILD_ENVIRONMENT | os.environ, capture_output=True, check=False
    )
    try:
        speeds: dict[str, float] = json.loads(child.stdout)
    except ValueError as error:
        why = child.stderr.decode(errors="replace").strip().splitlines()
        raise CharloomError(
            f"Training could not be timed ({why[-1] if why else 'it wrote nothing'}); "
            "see that torch is installed."
        ) from error
    with suppress(OSError, CharloomError):  # where that cannot be, it is timed again
        cache_throughput(make_folder(paths.home()) / "speeds.json", speeds)
    return speeds


def cached_throughput() -> dict[str, float] | None:
    """Return what :func:`measure_throughput` would, if it was timed already; None if it was not."""
    return _read(_file())


def cache_throughput(path: Path, speeds: dict[str, float]) -> None:
    """Keep ``speeds`` at ``path``."""
    data = {"cores": os.cpu_count(), "chars_per_second": speeds}
    write_atomically(path, json.dumps(data).encode())


def _file() -> Path:
    return paths.home() / "speeds.json"


def _read(path: Path) -> dict[str, float] | None:
    """Return the speeds at ``path``; None if there are none, or another machine's."""
    try:
        data = json.loads(path.read_bytes())
        if data["cores"] != os.cpu_count():
            return None
        return {str(name): float(speed) for name, speed in data["chars_per_second"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


AUTO_SUMMARY = "chosen for the text, the machine and the minutes"


class TimeEstimate(NamedTuple):
    """A preset, the seconds that it would train for, and what it is."""

    preset: str
    seconds: float
    summary: str


def training_seconds(characters: int, training: TrainConfig, speed: float) -> float:
    """Estimate how long training on a text takes at ``speed`` characters per second.

    Settings without a bound are taken for one epoch.
    """
    if training.minutes is not None:
        return 60 * training.minutes
    steps: float | None = training.steps
    if steps is None:
        learned = train_characters(characters, training.held_out)
        epochs = 1 if training.epochs is None else training.epochs
        steps = epochs * max(0, training.steps_per_epoch(learned))
    return steps * training.batch * training.window / speed


def estimate_presets(characters: int, speeds: Mapping[str, float]) -> list[TimeEstimate]:
    """Return how long each preset would train on a text of so many ``characters``.

    ``speeds`` are in characters per second, by preset; one that is unknown, as for lack of memory
    when it was timed, is left out. There are none for a text too short to train on.
    """
    if characters < MIN_CHARACTERS:
        return []
    known = []
    for name, preset in PRESETS.items():
        if speeds.get(name, 0.0) > 0:
            training = preset.settings(1, {})[1]
            training, _ = shrink_to_fit(training, train_characters(characters, training.held_out))
            seconds = training_seconds(characters, training, speeds[name])
            known.append(TimeEstimate(name, seconds, preset.summary))
    return [TimeEstimate("auto", 60 * DEFAULT_MINUTES, AUTO_SUMMARY), *known]
