"""Choose the fastest device, number format and number of threads by timing a few steps.

Timings made with all cores free are kept for a day in ``calibration.json``, by network and batch
size; delete that file to time again.
"""

import json
import math
import os
import platform
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any

import torch

from charloom.core import paths
from charloom.core.config import PRECISIONS, ModelConfig, TrainConfig
from charloom.core.errors import CharloomError
from charloom.core.files import make_folder, write_atomically
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.runs.estimates import MAX_TIMING_AGE_SECONDS
from charloom.core.runs.presets import PRESETS, TYPICAL_VOCAB_SIZE
from charloom.core.training.step import Stepper

_MAX_WINDOW = 32  # longer windows are timed at this: the ranking is the same and known sooner
_MAX_TIMED_STEPS = 3
_MAX_TIMED_SECONDS = 0.15  # after which a slow step is not repeated
_MAX_TIMINGS = 100


@dataclass(frozen=True, slots=True)
class ComputeConfig:
    """Device, number format and threads to train with, and the speed they were timed at."""

    device: torch.device
    precision: str
    threads: int
    chars_per_second: float = 0.0


def tune_compute(model_config: ModelConfig, config: TrainConfig) -> ComputeConfig:
    """Choose what ``config`` leaves open, from a recent timing or from a new one."""
    key = _key(model_config, config)
    timings = _read_timings()
    if key in timings:
        with suppress(KeyError, TypeError, ValueError, RuntimeError):  # another program wrote it
            return _from_json(timings[key])
    compute = time_steps(model_config, config)
    if compute.threads < _threads(compute.device, config)[0]:
        return compute  # a core was busy, which may be free next time
    timing = asdict(compute) | {"device": compute.device.type, "when": time.time()}
    timings = dict([*timings.items(), (key, timing)][-_MAX_TIMINGS:])
    with suppress(OSError, CharloomError):  # it will be timed again
        make_folder(paths.home())
        write_atomically(_file(), json.dumps(timings, indent=1).encode())
    return compute


def time_steps(model_config: ModelConfig, config: TrainConfig) -> ComputeConfig:
    """Choose what ``config`` leaves open by timing a few real steps of a throw-away model.

    A device other than the CPU is preferred if it can do a step. On a CPU bfloat16 pays only with
    special instructions, and a second thread only with a free second core; both differ from machine
    to machine and from hour to hour.
    """
    threads = torch.get_num_threads()
    network = CharLSTM(model_config)
    speed = attrgetter("chars_per_second")
    for device in _devices(config):
        most, *fewer = _threads(device, config)
        options = [ComputeConfig(device, name, most) for name in _precisions(device, config)]
        best = max((_timed(network, config, option) for option in options), key=speed)
        options = [replace(best, threads=count) for count in fewer]
        best = max([best, *(_timed(network, config, option) for option in options)], key=speed)
        torch.set_num_threads(threads)
        if best.chars_per_second > 0 or device.type == "cpu":
            break
    return best


def _processes_here(config: TrainConfig) -> int:
    """Return the number of a run's processes on this machine, which torchrun may set."""
    return int(os.environ.get("LOCAL_WORLD_SIZE", config.processes))


def _devices(config: TrainConfig) -> list[torch.device]:
    """Return the devices to try in turn; the last is the CPU."""
    available = {
        "cuda": torch.cuda.device_count() >= _processes_here(config),
        "mps": torch.backends.mps.is_available() and config.processes == 1,
    }
    names = [name for name in available if available[name] and config.device in ("auto", name)]
    return [torch.device(name) for name in (*names, "cpu")]


def _precisions(device: torch.device, config: TrainConfig) -> list[str]:
    if config.precision != "auto":
        return [config.precision]
    return ["bfloat16"] if device.type == "cuda" else ["float32", "bfloat16"]


def _threads(device: torch.device, config: TrainConfig) -> list[int]:
    """Return the numbers of threads to try, the largest first."""
    if config.threads:
        return [min(config.threads, usable_cores())]  # with more, they wait for each other
    if device.type != "cpu":
        return [torch.get_num_threads()]
    cores = max(1, min(usable_cores() // _processes_here(config), torch.get_num_threads()))
    return sorted({cores, max(1, cores // 2), 1}, reverse=True)


def thread_counts(compute: ComputeConfig, config: TrainConfig) -> list[int]:
    """Return the numbers of threads that a run on ``compute`` can use; empty if it cannot change.

    Several processes wait for each other at every step, so all keep the number that they have.
    """
    if compute.device.type != "cpu" or config.processes > 1:
        return []
    return _threads(compute.device, replace(config, threads=0))


def usable_cores() -> int:
    """Return the number of cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _timed(network: CharLSTM, config: TrainConfig, compute: ComputeConfig) -> ComputeConfig:
    """Return ``compute`` with the speed of its fastest step; 0 if it cannot do one.

    That of all processes together is at most as many times that of one.
    """
    torch.set_num_threads(compute.threads)
    lanes = config.batch_size // config.processes
    short = TrainConfig(batch_size=lanes, window=min(config.window, _MAX_WINDOW))
    characters = short.batch_size * short.window
    size = network.config.vocab_size
    count = characters * (_MAX_TIMED_STEPS + 2)
    drawn = torch.rand(count, device=compute.device)
    ids = (drawn * math.log(size)).exp().long() - 1  # as rare as in a text: by Zipf's law
    try:
        stepper = Stepper(network.to(compute.device), ids, short, compute.precision)
        _step_seconds(stepper)  # the first step sets up and is not typical
        seconds = [_step_seconds(stepper)]
        while len(seconds) < _MAX_TIMED_STEPS and sum(seconds) < _MAX_TIMED_SECONDS:
            seconds.append(_step_seconds(stepper))
    except RuntimeError:  # no kernel for this here, or no memory
        return replace(compute, chars_per_second=0.0)
    return replace(compute, chars_per_second=config.processes * characters / min(seconds))


def _step_seconds(stepper: Stepper) -> float:
    begin = time.perf_counter()
    float(stepper.step(0.0).loss)  # reading it waits for the device
    return time.perf_counter() - begin


def _key(model_config: ModelConfig, config: TrainConfig) -> str:
    """Return everything that a timing depends on, as JSON."""
    size = (
        model_config.vocab_size,
        model_config.embedding_dim,
        model_config.hidden_size,
        model_config.layers,
    )
    batch = (config.batch_size, min(config.window, _MAX_WINDOW))
    processes = (config.processes, _processes_here(config))
    choices = (config.device, config.precision, config.threads, *processes)
    devices = [device.type for device in _devices(config)]
    machine = (platform.node(), usable_cores(), torch.__version__, devices)
    return json.dumps([*machine, size, batch, choices])


def _read_timings() -> dict[str, Mapping[str, Any]]:
    """Return the timings of the last day, by :func:`_key`."""
    since = time.time() - MAX_TIMING_AGE_SECONDS
    if not _file().is_file():  # opening a pipe would wait for ever
        return {}
    try:
        data = json.loads(_file().read_bytes())
        return {
            key: timing for key, timing in data.items() if since < timing["when"] <= time.time()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return {}


def _from_json(timing: Mapping[str, Any]) -> ComputeConfig:
    precision, threads = timing["precision"], int(timing["threads"])
    if precision not in PRECISIONS or threads < 1:
        raise ValueError("not a timing of this program")
    device = torch.device(timing["device"])
    return ComputeConfig(device, precision, threads, float(timing["chars_per_second"]))


def _file() -> Path:
    return paths.home() / "calibration.json"


def time_presets() -> dict[str, Any]:
    """Return the training speed of every preset in characters per second.

    ``quiet`` is false if a core was busy, so that a timing is not kept here.
    """
    configs = {name: preset.configs(TYPICAL_VOCAB_SIZE, {}) for name, preset in PRESETS.items()}
    speeds = {name: tune_compute(*config).chars_per_second for name, config in configs.items()}
    kept = _read_timings()
    quiet = all(_key(*config) in kept for config in configs.values())
    return {"chars_per_second": speeds, "quiet": quiet}


if __name__ == "__main__":  # the child process of charloom.core.runs.estimates
    sys.stdout.write(json.dumps(time_presets()))
