"""How long a command takes from its start to its end, beside ``import torch`` in a fresh Python."""

import subprocess
import sys
import time

from tests.bench.table import Row, median, spread

_TIMES = 7
_CHARLOOM = [sys.executable, "-P", "-m", "charloom.tui.cli"]
_COMMANDS = {
    "`charloom generate x --length 1`": ([*_CHARLOOM, "generate", "x", "--length", "1"], 0.5),
    "`charloom --help`": ([*_CHARLOOM, "--help"], 0.25),
    "`charloom models`": ([*_CHARLOOM, "models"], 0.25),
}


def rows() -> list[Row]:
    """Measure each command in turn with the baseline, so that both see the same machine."""
    result = []
    for name, (command, most) in _COMMANDS.items():
        ours, baseline = [], []
        for _ in range(_TIMES):
            ours.append(_seconds(command))
            baseline.append(_seconds([sys.executable, "-c", "import torch"]))
        share = median(ours) / median(baseline)
        result.append(
            Row(
                name,
                f"{spread(ours)} s",
                f"`import torch` {spread(baseline)} s",
                f"{share:.2f} ×",
                f"≤ {most:g} ×",
            )
        )
    return result


def _seconds(command: list[str]) -> float:
    begin = time.perf_counter()
    subprocess.run(command, check=True, capture_output=True)
    return time.perf_counter() - begin
