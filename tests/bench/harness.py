"""Rows of the benchmark table, each with a baseline measured in the same run, and helpers."""

import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from unittest import mock


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table; ``verdict`` compares ours with the baseline, as the target does."""

    figure: str
    ours: str
    baseline: str
    verdict: str
    target: str


def median(values: Sequence[float]) -> float:
    """Return the median of ``values``."""
    return statistics.median(values)


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """Return the median and, in brackets, the minimum and maximum of ``values``."""
    ends = (min(values), max(values))
    return f"{form.format(median(values))} ({'–'.join(form.format(end) for end in ends)})"


def markdown(rows: Sequence[Row]) -> str:
    """Return ``rows`` as a Markdown table."""
    lines = ["| figure | Charloom | baseline | | target |", "|---|--:|--:|--:|--:|"]
    lines += [
        f"| {row.figure} | {row.ours} | {row.baseline} | {row.verdict} | {row.target} |"
        for row in rows
    ]
    return "\n".join(lines)


def machine() -> str:
    """Describe the machine and the versions of Python, torch and NumPy."""
    import numpy as np
    import torch

    name = platform.processor() or platform.machine()
    with suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
        models = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
        name = f"{len(models)} cores, {models[0]}"
    python = platform.python_version()
    return f"{name}; Python {python}, torch {torch.__version__}, numpy {np.__version__}"


def print_rows(rows: Sequence[Row]) -> None:
    """Print the machine and the table."""
    sys.stdout.write(f"{machine()}\n\n{markdown(rows)}\n")


def seconds(func: Callable[[], object]) -> float:
    """Return the seconds that ``func`` takes."""
    begin = time.perf_counter()
    func()
    return time.perf_counter() - begin


@contextmanager
def temporary_home() -> Iterator[Path]:
    """Set Charloom's home to a new, empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        with mock.patch.dict(os.environ, CHARLOOM_HOME=str(home)):
            yield home
