"""Measure what the app costs a training run that it shows.

Alone: ``python -m tests.bench.train_screen [TEXT]``.
"""

import importlib.resources
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from charloom.core import paths
from charloom.core.data import corpus
from charloom.core.runs.commands import Command, send_command
from charloom.core.runs.monitor import is_training
from charloom.core.runs.run import create_run
from charloom.core.runs.trainer import launch_trainer
from charloom.core.store.model_dir import ModelDir
from tests.bench.harness import Row, median, print_rows, spread, temporary_home
from tests.helpers.terminal import CTRL_Q, F3, READY, Terminal

_TIMES = 3
_SECONDS = 20.0  # that are measured of each run
_WARM_UP = 2.0  # seconds after the first report
_TICKS = os.sysconf("SC_CLK_TCK")
_BASELINE = "not shown"


def rows(text: Path, precision: str) -> list[Row]:
    """Alternate between training alone and in the app, so that both see the same load."""
    ours, baseline, shares = [], [], []
    overrides = {"threads": 2, "precision": precision, "steps": 1_000_000}
    for _ in range(_TIMES):
        baseline.append(_alone(text, overrides))
        speed, share = _in_app(text, overrides)
        ours.append(speed)
        shares.append(share)
    return [
        Row(
            "training shown on the Train screen, H 512, characters/s",
            spread(ours, "{:,.0f}"),
            f"{_BASELINE} {spread(baseline, '{:,.0f}')}",
            f"{median(ours) / median(baseline):.1%}",
            "≥ 90 %",
        ),
        Row(
            "share of one core that the app needs for it", spread(shares, "{:.1%}"), "", "", "≤ 5 %"
        ),
    ]


def _alone(text: Path, overrides: dict[str, Any]) -> float:
    with _new_run(text, overrides) as run:
        process = launch_trainer(run)
        try:
            return _speed(run, time.sleep)
        finally:
            _stop(run)
            process.wait()


def _in_app(text: Path, overrides: dict[str, Any]) -> tuple[float, float]:
    """Return characters per second, and the app's share of one core."""
    with (
        _new_run(text, overrides) as run,
        Terminal(home=paths.home(), size=(120, 40)) as terminal,
    ):
        terminal.wait_for(READY)
        terminal.press(F3)
        terminal.wait_for("not yet trained")
        terminal.press("u")  # start training
        terminal.wait_for("● bench  training")
        cpu_times: list[float] = []

        def watch(seconds: float) -> None:
            until = time.perf_counter() + seconds
            cpu_times.append(_cpu_seconds(terminal.process.pid))
            while (left := until - time.perf_counter()) > 0:
                terminal.read(left)
            cpu_times.append(_cpu_seconds(terminal.process.pid))

        speed = _speed(run, watch)
        _stop(run)
        terminal.wait_for("■ bench  stopped")
        terminal.press(CTRL_Q)
        terminal.end()
    return speed, (cpu_times[-1] - cpu_times[-2]) / _SECONDS


@contextmanager
def _new_run(text: Path, overrides: dict[str, Any]) -> Iterator[ModelDir]:
    """Create a run, in a home of its own."""
    with temporary_home():
        yield create_run("bench", corpus.load(text), "medium", overrides, min_count=0)


def _speed(run: ModelDir, wait: Callable[[float], object]) -> float:
    """Return the characters per second, from some time after the first report."""
    while not _reports(run):
        wait(0.2)
    wait(_WARM_UP)
    first = _reports(run)[-1]
    wait(_SECONDS)
    last = _reports(run)[-1]
    training = json.loads(run.run_config.read_text())["training"]
    characters: int = (last["step"] - first["step"]) * training["batch_size"] * training["window"]
    seconds: float = last["elapsed_seconds"] - first["elapsed_seconds"]
    return characters / seconds


def _reports(run: ModelDir) -> list[dict[str, Any]]:
    log = run.metrics
    lines = log.read_text().splitlines() if log.exists() else []
    return [event for line in lines if (event := json.loads(line))["event"] == "progress"]


def _stop(run: ModelDir) -> None:
    send_command(run, Command("stop"))
    while is_training(run):
        time.sleep(0.1)


def _cpu_seconds(pid: int) -> float:
    """Return the CPU seconds of a process, user and system time (proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


if __name__ == "__main__":
    bundled = Path(str(importlib.resources.files("charloom.assets") / "the-loom-at-carrow.txt"))
    text = Path(sys.argv[1]) if sys.argv[1:] else bundled
    print_rows(rows(text, "bfloat16"))
