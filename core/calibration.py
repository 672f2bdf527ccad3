"""Finding out how this machine trains fastest: device, number format, threads."""

import json
import os
import sys
import time
from dataclasses import dataclass, replace

import torch

from core.learner import Learner
from core.model import CharLSTM
from core.presets import PRESETS
from core.settings import ModelSettings, TrainSettings

_WINDOW = 32  # shorter windows than in training: the ranking is the same and it is known sooner
_TIMED_STEPS = 3
_TYPICAL_VOCABULARY = 80  # its size hardly matters to the speed


@dataclass(frozen=True, slots=True)
class Machine:
    """How to train here, and at how many characters per second that went when it was timed."""

    device: torch.device
    precision: str
    threads: int
    chars_per_second: float = 0.0


def calibrate(model: ModelSettings, settings: TrainSettings) -> Machine:
    """Choose what ``settings`` leaves open by timing a few real steps of a throw-away model.

    A device other than the CPU is taken when it is there and can do a step. On a CPU bfloat16
    pays only where there are instructions for it, and a second thread only where a second core is
    free; both differ from machine to machine and from hour to hour.
    """
    for device in _devices(settings.device):
        options = [
            replace(machine, chars_per_second=_speed(model, settings, machine))
            for machine in _options(device, settings)
        ]
        best = max(options, key=lambda machine: machine.chars_per_second)
        if best.chars_per_second > 0 or device.type == "cpu":
            break
    return best


def _devices(choice: str) -> list[torch.device]:
    """Return the devices to try in turn; the last is the CPU."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    wanted = [name for name in there if there[name] and choice in ("auto", name)]
    return [torch.device(name) for name in (*wanted, "cpu")]


def _options(device: torch.device, settings: TrainSettings) -> list[Machine]:
    threads = [settings.threads or torch.get_num_threads()]
    precisions = [settings.precision]
    if settings.precision == "auto":
        precisions = ["bfloat16"] if device.type == "cuda" else ["float32", "bfloat16"]
    if device.type == "cpu" and not settings.threads:
        cores = min(usable_cores(), torch.get_num_threads())
        threads = sorted({cores, max(1, cores // 2), 1})
    return [Machine(device, precision, count) for precision in precisions for count in threads]


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _speed(model: ModelSettings, settings: TrainSettings, machine: Machine) -> float:
    """Return characters trained per second, the fastest of a few steps; 0 if it cannot be done."""
    torch.set_num_threads(machine.threads)
    brief = TrainSettings(batch=settings.batch, window=min(settings.window, _WINDOW))
    characters = brief.batch * brief.window
    ids = torch.randint(model.vocab_size, (characters * (_TIMED_STEPS + 2),), device=machine.device)
    try:
        learner = Learner(CharLSTM(model).to(machine.device), ids, brief, machine.precision)
        float(learner.step(0.0).loss)  # the first step sets up and is not typical
        return characters / min(_seconds(learner) for _ in range(_TIMED_STEPS))
    except RuntimeError:  # no kernel for this here, or no memory
        return 0.0


def _seconds(learner: Learner) -> float:
    begin = time.perf_counter()
    float(learner.step(0.0).loss)  # reading it waits for the device
    return time.perf_counter() - begin


def time_presets() -> dict[str, float]:
    """Return characters trained per second for every preset."""
    return {
        name: calibrate(*preset.settings(_TYPICAL_VOCABULARY, {})).chars_per_second
        for name, preset in PRESETS.items()
    }


if __name__ == "__main__":  # the child process of core.speeds
    sys.stdout.write(json.dumps(time_presets()))
