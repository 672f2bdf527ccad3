"""Long texts: time to the first training step, and peak memory of the command and the trainer.

Alone: ``python -m tests.bench.scale [MEGABYTES …]``; the default is 1, 10 and 100. The table of
BENCHMARKS has 1000 too, which takes minutes and 3 GB of disk.
"""

import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from charloom.core.data import catalog
from charloom.core.runs import events
from charloom.core.runs.events import Progress
from charloom.core.runs.jsonl import LineTail
from charloom.core.runs.trainer import launch_trainer
from charloom.core.store.model_dir import ModelDir
from tests.bench.harness import Row, print_rows, temporary_home

_SIZES = (1, 10, 100)  # MB
_CHUNK = 2**20
_MAX_TRAINER, _MAX_COMMAND = 400, 150  # MB; the trainer's beyond that of importing torch
_MAX_SECONDS = {1: "≤ 6", 10: "≤ 6", 100: "≤ 6", 500: "≤ 12", 1000: "≤ 20"}


class _Start(NamedTuple):
    """Seconds until the command had read the text and until the first step; peaks of both in MB."""

    prepared: float
    stepped: float
    command: float
    trainer: float


def rows(sizes: tuple[int, ...] = _SIZES) -> list[Row]:
    """Measure starts of runs on generated texts; the baseline is what importing torch takes."""
    torch = _peak([sys.executable, "-c", "import torch"])[1]
    with temporary_home() as home:
        starts = {size: _start(home, size) for size in sizes}
    table = [
        Row(
            f"{size:,} MB of text: first step",
            f"{start.stepped:.1f} s, of which the command {start.prepared:.1f} s",
            f"import torch {torch:.0f} MB",
            f"peak: command {start.command:.0f} MB, trainer {start.trainer - torch:+.0f} MB",
            f"{_MAX_SECONDS.get(size, '')} s; ≤ {_MAX_COMMAND} MB, ≤ +{_MAX_TRAINER} MB",
        )
        for size, start in starts.items()
    ]
    return [*table, _growth_row(starts)] if len(starts) > 1 else table


def _growth_row(starts: dict[int, _Start]) -> Row:
    """Return the exponents of growth from the smallest to the largest text."""
    (small, first), (large, last) = min(starts.items()), max(starts.items())

    def exponent(field: str) -> str:
        ratio = getattr(last, field) / getattr(first, field)
        return f"{math.log(ratio) / math.log(large / small):.2f}"

    names = ("stepped", "command", "trainer")
    ours = ", ".join(f"{name} {exponent(name)}" for name in names)
    return Row(f"growth from {small} to {large:,} MB", ours, "", "", "time ≤ 1, memory 0")


def _start(home: Path, size: int) -> _Start:
    """Start a run on a text of ``size`` MB, and stop it after its first step."""
    text = home.parent / f"{size}.txt"
    _write_text(text, size * 10**6)
    folder = ModelDir.named(f"scale-{size}")
    arguments = ["train", text, "--name", folder.name, "--preset", "small", "--prepare"]
    begin = time.perf_counter()
    prepared, command = _peak([sys.executable, "-m", "charloom.tui.cli", *map(str, arguments)])
    trainer = launch_trainer(folder)
    lines, first = LineTail.tail(folder.metrics, 2**20), False
    while not first:
        time.sleep(0.05)
        found = map(events.from_line, lines.read())
        first = any(isinstance(event, Progress) and event.step for event in found)
    stepped = time.perf_counter() - begin
    peak = _high_water(trainer.pid)
    trainer.terminate()  # which saves, without the evaluation at the end if it comes twice
    while trainer.poll() is None:
        time.sleep(0.5)
        trainer.terminate()
    text.unlink()
    return _Start(prepared, stepped, command, peak)


def _write_text(path: Path, size: int) -> None:
    """Write a text of the paragraphs of Python's library in random order."""
    draw = random.Random(0)
    paragraphs = catalog.fetch("stdlib").text.split("\n\n")
    with path.open("w", encoding="utf-8") as file:
        while file.tell() < size:
            file.write("\n\n".join(draw.choices(paragraphs, k=_CHUNK // 2**8)) + "\n\n")
        file.truncate(size)


def _peak(command: list[str]) -> tuple[float, float]:
    """Run ``command``; return its seconds and peak memory in MB."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(process.stderr.read().decode() if process.stderr else "")
    return time.perf_counter() - begin, usage.ru_maxrss / 1024


def _high_water(process: int) -> float:
    status = Path(f"/proc/{process}/status").read_text().splitlines()
    return next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))


if __name__ == "__main__":
    print_rows(rows(tuple(map(int, sys.argv[1:])) or _SIZES))
