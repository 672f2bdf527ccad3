"""Estimate training times: the speed of each preset on this machine, timed once and cached."""

import json
import math
import os
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from charloom.core import paths
from charloom.core.child_process import start_module
from charloom.core.config import TrainConfig, train_characters
from charloom.core.data.corpus import MIN_CHARACTERS
from charloom.core.data.vocab import MAX_CHARACTERS
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from charloom.core.runs.presets import (
    DEFAULT_MINUTES,
    PRESETS,
    TYPICAL_VOCAB_SIZE,
    character_cost,
    shrink_to_fit,
)

MAX_TIMING_AGE_SECONDS = 86_400.0
"""After a day, speeds are timed again: the machine may have changed."""

_MAX_BUSY_TIMING_AGE_SECONDS = 3_600.0  # likewise, if other work slowed the timing

AUTO_SUMMARY = "chosen for the text, the machine and the minutes"


def measure_throughput() -> dict[str, float]:
    """Return the training speed of every preset in characters per second.

    They are timed in a child process, which takes seconds, and cached in ``speeds.json`` for this
    number of cores: for a day, or for an hour if a core was busy. Delete that file to time again.
    """
    if cached := cached_throughput(recent=True):
        return cached
    child = start_module("training.autotune", stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, errors = child.communicate()
    try:
        timing = json.loads(output)
        speeds: dict[str, float] = timing["chars_per_second"]
    except ValueError as error:
        lines = errors.decode(errors="replace").strip().splitlines()
        reason = lines[-1] if lines else "it wrote nothing"
        raise CharloomError(
            f"Training could not be timed ({reason}); check that torch is installed."
        ) from error
    with suppress(OSError, CharloomError):  # it will be timed again
        cache_throughput(speeds, quiet=timing["quiet"])
    return speeds


def cached_throughput(*, recent: bool = False) -> dict[str, float] | None:
    """Return the cached result of :func:`measure_throughput`, or None.

    An old one serves where timing takes too long; if it must be ``recent``, it does not.
    """
    try:
        data = json.loads(_file().read_bytes())
        recent_age = MAX_TIMING_AGE_SECONDS if data["quiet"] else _MAX_BUSY_TIMING_AGE_SECONDS
        max_age = recent_age if recent else math.inf
        if data["cores"] != os.cpu_count() or not 0 <= time.time() - data["when"] <= max_age:
            return None
        return {str(name): float(speed) for name, speed in data["chars_per_second"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def cache_throughput(speeds: Mapping[str, float], *, quiet: bool = True) -> None:
    """Store ``speeds``, timed on this number of cores, in Charloom's folder.

    ``quiet`` is false if a core was busy.
    """
    make_folder(paths.home())
    data = {"cores": os.cpu_count(), "quiet": quiet, "when": time.time()}
    write_atomically(_file(), json.dumps(data | {"chars_per_second": dict(speeds)}).encode())


def _file() -> Path:
    return paths.home() / "speeds.json"


class TimeEstimate(NamedTuple):
    """A preset, the seconds that it would train for, and its description."""

    preset: str
    seconds: float
    summary: str


def training_seconds(characters: int, training: TrainConfig, speed: float) -> float:
    """Return the seconds of training on so many ``characters`` at ``speed`` characters per second.

    Without a bound, ``training`` counts as one epoch.
    """
    if training.minutes is not None:
        return 60 * training.minutes
    steps: float | None = training.steps
    if steps is None:
        trained_on = train_characters(characters, training.held_out)
        epochs = 1 if training.epochs is None else training.epochs
        steps = epochs * max(0, training.steps_per_epoch(trained_on))
    return steps * training.batch_size * training.window / speed


def estimate_presets(
    characters: int, distinct: int, speeds: Mapping[str, float]
) -> list[TimeEstimate]:
    """Return the training time of each preset on a text of so many ``characters``.

    ``distinct`` is the number of distinct characters. ``speeds`` are in characters per second, by
    preset, for a vocabulary of :data:`TYPICAL_VOCAB_SIZE`; presets without one (it may have failed
    for lack of memory) are left out. The list is empty for a text too short to train on.
    """
    if characters < MIN_CHARACTERS:
        return []
    vocab_size = max(TYPICAL_VOCAB_SIZE, min(distinct, MAX_CHARACTERS))
    estimates = [TimeEstimate("auto", 60 * DEFAULT_MINUTES, AUTO_SUMMARY)]
    for name, preset in PRESETS.items():
        if speeds.get(name, 0.0) > 0:
            timed, training = preset.configs(TYPICAL_VOCAB_SIZE, {})
            cost = character_cost(replace(timed, vocab_size=vocab_size)) / character_cost(timed)
            training, _ = shrink_to_fit(training, train_characters(characters, training.held_out))
            seconds = training_seconds(characters, training, speeds[name] / cost)
            estimates.append(TimeEstimate(name, seconds, preset.summary))
    return estimates
