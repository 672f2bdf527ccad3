"""Finding out how this machine trains fastest: device, number format, threads.

What was found with all cores at work holds for a day, for a network and batch of that size. It is
kept in ``calibration.json``; delete that to time anew.
"""

import json
import os
import platform
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from charloom.core import paths
from charloom.core.config import PRECISIONS, ModelConfig, TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.presets import PRESETS
from charloom.core.training.step import TrainStep

_WINDOW = 32  # longer windows are timed at this: the ranking is the same and it is known sooner
_TIMED_STEPS = 3
_TIMED_SECONDS = 0.15  # after which a slow step is not repeated
_FRESH_SECONDS = 86_400.0
_MOST_KEPT = 100  # timings
_TYPICAL_VOCABULARY = 80  # its size hardly matters to the speed


@dataclass(frozen=True, slots=True)
class ComputeConfig:
    """How to train here, and at how many characters per second that went when it was timed."""

    device: torch.device
    precision: str
    threads: int
    chars_per_second: float = 0.0


def tune_compute(model: ModelConfig, settings: TrainConfig) -> ComputeConfig:
    """Choose what ``settings`` leaves open, as was found of late, or else by timing it."""
    key = _key(model, settings)
    kept = _kept()
    if key in kept:
        with suppress(KeyError, TypeError, ValueError, RuntimeError):  # written by another hand
            return _machine(kept[key])
    machine = time_steps(model, settings)
    if machine.threads < _threads(machine.device, settings)[0]:
        return machine  # a core was busy; it may be free when next this is asked
    found = asdict(machine) | {"device": machine.device.type, "when": time.time()}
    kept = dict([*kept.items(), (key, found)][-_MOST_KEPT:])
    with suppress(OSError, CharloomError):  # where it cannot be kept, it is timed again
        make_folder(paths.home())
        write_atomically(_file(), json.dumps(kept, indent=1).encode())
    return machine


def time_steps(model: ModelConfig, settings: TrainConfig) -> ComputeConfig:
    """Choose what ``settings`` leaves open by timing a few real steps of a throw-away model.

    A device other than the CPU is taken when it is there and can do a step. On a CPU bfloat16
    pays only where there are instructions for it, and a second thread only where a second core is
    free; both differ from machine to machine and from hour to hour.
    """
    threads = torch.get_num_threads()
    network = CharLSTM(model)
    for device in _devices(settings.device):
        most, *fewer = _threads(device, settings)
        machines = [ComputeConfig(device, each, most) for each in _precisions(device, settings)]
        best = max((_with_speed(network, settings, each) for each in machines), key=_speed_of)
        others = [replace(best, threads=count) for count in fewer]
        others = [_with_speed(network, settings, each) for each in others]
        best = max([best, *others], key=_speed_of)
        torch.set_num_threads(threads)
        if best.chars_per_second > 0 or device.type == "cpu":
            break
    return best


def _devices(choice: str) -> list[torch.device]:
    """Return the devices to try in turn; the last is the CPU."""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    wanted = [name for name in there if there[name] and choice in ("auto", name)]
    return [torch.device(name) for name in (*wanted, "cpu")]


def _precisions(device: torch.device, settings: TrainConfig) -> list[str]:
    if settings.precision != "auto":
        return [settings.precision]
    return ["bfloat16"] if device.type == "cuda" else ["float32", "bfloat16"]


def _threads(device: torch.device, settings: TrainConfig) -> list[int]:
    """Return the numbers of threads to try, the largest first."""
    if settings.threads or device.type != "cpu":
        return [settings.threads or torch.get_num_threads()]
    cores = min(usable_cores(), torch.get_num_threads())
    return sorted({cores, max(1, cores // 2), 1}, reverse=True)


def usable_cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _speed_of(machine: ComputeConfig) -> float:
    return machine.chars_per_second


def _with_speed(network: CharLSTM, settings: TrainConfig, machine: ComputeConfig) -> ComputeConfig:
    """Time the fastest of a few steps: the characters per second are 0 if it cannot be done."""
    torch.set_num_threads(machine.threads)
    brief = TrainConfig(batch=settings.batch, window=min(settings.window, _WINDOW))
    characters = brief.batch * brief.window
    size = network.settings.vocab_size
    ids = torch.randint(size, (characters * (_TIMED_STEPS + 2),), device=machine.device)
    try:
        learner = TrainStep(network.to(machine.device), ids, brief, machine.precision)
        float(learner.step(0.0).loss)  # at rate 0; the first step sets up and is not typical
        seconds = [_seconds(learner)]
        while len(seconds) < _TIMED_STEPS and sum(seconds) < _TIMED_SECONDS:
            seconds.append(_seconds(learner))
    except RuntimeError:  # no kernel for this here, or no memory
        return replace(machine, chars_per_second=0.0)
    return replace(machine, chars_per_second=characters / min(seconds))


def _seconds(learner: TrainStep) -> float:
    begin = time.perf_counter()
    float(learner.step(0.0).loss)  # reading it waits for the device
    return time.perf_counter() - begin


def _key(model: ModelConfig, settings: TrainConfig) -> str:
    """Return what a timing depends on."""
    size = (model.vocab_size, model.embedding, model.hidden, model.layers)
    batch = (settings.batch, min(settings.window, _WINDOW))
    choices = (settings.device, settings.precision, settings.threads)
    devices = [device.type for device in _devices(settings.device)]
    here = (platform.node(), usable_cores(), torch.__version__, devices)
    return json.dumps([*here, size, batch, choices])


def _kept() -> dict[str, Mapping[str, Any]]:
    """Return the timings of the last day, by :func:`_key`."""
    since = time.time() - _FRESH_SECONDS
    if not _file().is_file():  # opening a pipe would wait for ever
        return {}
    try:
        data = json.loads(_file().read_bytes())
        return {key: found for key, found in data.items() if since < found["when"] <= time.time()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _machine(found: Mapping[str, Any]) -> ComputeConfig:
    speed = float(found["chars_per_second"])
    if found["precision"] not in PRECISIONS or int(found["threads"]) < 1:
        raise ValueError("this was not written by calibrate")
    return ComputeConfig(
        torch.device(found["device"]), found["precision"], int(found["threads"]), speed
    )


def _file() -> Path:
    return paths.home() / "calibration.json"


def time_presets() -> dict[str, float]:
    """Return characters trained per second for every preset."""
    return {
        name: tune_compute(*preset.settings(_TYPICAL_VOCABULARY, {})).chars_per_second
        for name, preset in PRESETS.items()
    }


if __name__ == "__main__":  # the child process of charloom.core.runs.estimates
    sys.stdout.write(json.dumps(time_presets()))
