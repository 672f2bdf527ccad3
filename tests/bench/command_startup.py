"""The time of whole commands, compared with ``import torch`` in a fresh Python."""

import subprocess
import sys

from tests.bench.harness import Row, median, seconds, spread

_TIMES = 7
_CHARLOOM = [sys.executable, "-P", "-m", "charloom.tui.cli"]
_COMMANDS = {
    "`charloom generate x --length 1`": ([*_CHARLOOM, "generate", "x", "--length", "1"], 0.5),
    "`charloom --help`": ([*_CHARLOOM, "--help"], 0.25),
    "`charloom models`": ([*_CHARLOOM, "models"], 0.25),
}


def rows() -> list[Row]:
    """Alternate between each command and the baseline, so that both see the same load."""
    result = []
    for name, (command, limit) in _COMMANDS.items():
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
                f"≤ {limit:g} ×",
            )
        )
    return result


def _seconds(command: list[str]) -> float:
    return seconds(lambda: subprocess.run(command, check=True, capture_output=True))
