"""``make bench``: measure each figure and its baseline in the same run, and print the table.

    python -m tests.bench [PART …] [--texts FOLDER]

PART is one of ``_PARTS``; the default is all of them, which takes three hours. ``quality`` and
``starting`` need FOLDER (or ``$CHARLOOM_BENCH_TEXTS``) with ``tinyshakespeare.txt`` and
``frankenstein.txt``. Nothing else should run at the same time.
"""

import argparse
import importlib.resources
import os
from functools import cache
from pathlib import Path

from charloom.core.runs.presets import PRESETS
from charloom.core.runs.starting import AUTO_BASE
from charloom.core.training.autotune import tune_compute
from tests.bench import (
    app,
    charts,
    command_startup,
    gpu,
    inspector,
    long_runs,
    memorization,
    sampling,
    scale,
    starting,
    training,
)
from tests.bench.harness import Row, print_rows

_PARTS = (
    *("startup", "app", "charts", "sampling", "inspector", "memorization", "long", "scale"),
    *("training", "quality", "starting", "gpu"),
)
_QUALITY = (  # text, seconds, target
    ("tinyshakespeare", 68, "≤ 1.49, ≤ 1.505"),
    ("tinyshakespeare", 180, "≤ 1.44, ≤ 1.455"),
    ("tinyshakespeare", 1200, "≤ 1.40, ≤ 1.415"),
    ("frankenstein", 180, "≤ 1.30"),
)


def main() -> None:
    """Measure the parts that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", help=", ".join(_PARTS))
    parser.add_argument("--texts", default=os.environ.get("CHARLOOM_BENCH_TEXTS"))
    parser.add_argument("--seconds", type=int, nargs="*", help="only quality runs of this length")
    parser.add_argument("--times", type=int, default=3, help="repetitions of a quality run")
    arguments = parser.parse_args()
    parts = arguments.parts or _PARTS
    folder = Path(arguments.texts) if arguments.texts else None
    if {"quality", "starting"} & {*arguments.parts} and not folder:
        parser.error("quality and starting need --texts FOLDER")
    text = Path(str(importlib.resources.files("charloom.assets") / "the-loom-at-carrow.txt"))
    if folder:
        text = folder / "tinyshakespeare.txt"
    rows: list[Row] = []
    if "startup" in parts:
        rows += command_startup.rows()
    if "app" in parts:
        rows += app.rows(text, _precision())
    if "charts" in parts:
        rows += charts.rows()
    if "sampling" in parts:
        rows += sampling.rows()
    if "inspector" in parts:
        rows += inspector.rows()
    if "memorization" in parts:
        rows += memorization.rows()
    if "long" in parts:
        rows += long_runs.rows()
    if "scale" in parts:
        rows += scale.rows()
    if "training" in parts:
        rows += [*training.speed_rows(text, _precision()), training.memory_row(text)]
    if "gpu" in parts:
        rows += gpu.rows(text)
    if "quality" in parts and folder:
        for name, seconds, target in _QUALITY:
            if not arguments.seconds or seconds in arguments.seconds:
                path = folder / f"{name}.txt"
                rows.append(training.quality_row(path, seconds, arguments.times, target))
    if "starting" in parts and folder:
        texts = [*(str(folder / text) for text in starting.TEXTS), "pydoc:100", "loom"]
        rows += starting.rows(texts, AUTO_BASE, 60, arguments.times)
    print_rows(rows)


@cache
def _precision() -> str:
    """Return the faster number format on this machine."""
    return tune_compute(*PRESETS["medium"].configs(80, {"threads": 2})).precision


if __name__ == "__main__":
    main()
