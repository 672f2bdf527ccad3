"""What ``charloom train`` costs beside the bare loop, and what it reaches in two minutes."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from tests.bench.table import Row, median, spread

_TIMES = 3  # of the overhead
_SECONDS = 30.0
_PINNED = ["--threads", "2", "--precision"]


def overhead_rows(text: Path, precision: str) -> list[Row]:
    """Compare the speed of the whole program with that of the bare loop, in turn."""
    ours, baseline = [], []
    for _ in range(_TIMES):
        bare = [sys.executable, "-m", "tests.bench.bare_loop", str(text), str(_SECONDS)]
        answer = subprocess.run([*bare, precision, "2"], check=True, capture_output=True)
        baseline.append(float(answer.stdout))
        options = ["--preset", "medium", "--minutes", str(_SECONDS / 60), *_PINNED, precision]
        ours.append(_speed(_train(text, options)))
    return [
        Row(
            "`charloom train`, H 512, characters/s",
            spread(ours, "{:,.0f}"),
            f"bare loop {spread(baseline, '{:,.0f}')}",
            f"{median(ours) / median(baseline):.1%}",
            "≥ 95 %",
        )
    ]


def quality_rows(text: Path, minutes: float, times: int, target: str) -> list[Row]:
    """Train with ``--preset auto`` and report both measures on the held-out text."""
    carried, windowed = [], []
    for seed in range(times):
        options = ["--preset", "auto", "--minutes", str(minutes), "--seed", str(seed)]
        end = _train(text, options)[-1]
        carried.append(end["val_loss"])
        windowed.append(end["val_windowed_256"])
    return [
        Row(
            f"{text.stem}, {minutes * 60:g} s, `auto`, carried nats",
            spread(carried, "{:.3f}"),
            f"windowed-256 {spread(windowed, '{:.3f}')}",
            "",
            target,
        )
    ]


def _train(text: Path, options: list[str]) -> list[dict[str, Any]]:
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-P", "-m", "tui.cli", "train", str(text), "--name", "bench"]
        answer = subprocess.run(
            [*command, *options, "--json"],
            check=True,
            capture_output=True,
            env=os.environ | {"CHARLOOM_HOME": home},
        )
    return [json.loads(line) for line in answer.stdout.splitlines()]


def _speed(events: list[dict[str, Any]]) -> float:
    """Return characters per second from the first report to the last: all that happens between."""
    settings = next(each for each in events if each["event"] == "started")["training"]
    reports = [each for each in events if each["event"] == "progress"]
    first, last = reports[0], reports[-1]
    steps = last["step"] - first["step"]
    seconds: float = last["elapsed_seconds"] - first["elapsed_seconds"]
    characters: int = steps * settings["batch"] * settings["window"]
    return characters / seconds
