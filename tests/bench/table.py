"""What a benchmark shows: a figure of ours beside the baseline measured in the same run."""

import platform
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; ``verdict`` compares ours with the baseline, as the target does."""

    figure: str
    ours: str
    baseline: str
    verdict: str
    target: str


def median(values: Sequence[float]) -> float:
    """Return the middle of ``values``."""
    return statistics.median(values)


def spread(values: Sequence[float], form: str = "{:.2f}") -> str:
    """Return the median and, in brackets, the least and the greatest of ``values``."""
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
    """Return what this was measured on."""
    import numpy as np
    import torch

    name = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:  # noqa: PTH123 - a system file
            models = [line.split(":")[1].strip() for line in file if line.startswith("model name")]
        name = f"{len(models)} cores, {models[0]}"
    except OSError:
        pass
    python = platform.python_version()
    return f"{name}; Python {python}, torch {torch.__version__}, numpy {np.__version__}"
