"""``make bench``: measure, each figure beside its baseline in the same run, and print the table.

    python -m tests.bench [PART …] [--texts FOLDER]

PART is startup, app, sampling, seeing, copying, long, training or quality; without any, everything
is measured, which takes three hours. ``quality`` needs FOLDER (or ``$CHARLOOM_BENCH_TEXTS``) with
``tinyshakespeare.txt`` and ``frankenstein.txt``. Nothing else should run meanwhile.
"""

import argparse
import importlib.resources
import os
import sys
from functools import cache
from pathlib import Path

from charloom.core.runs.presets import PRESETS
from charloom.core.training.autotune import tune_compute
from tests.bench import app, copying, long_life, sampling, seeing, startup, training
from tests.bench.table import Row, machine, markdown

_PARTS = ("startup", "app", "sampling", "seeing", "copying", "long", "training", "quality")
_QUALITY = (  # text, seconds, target
    ("tinyshakespeare", 68, "≤ 1.49, ≤ 1.505"),
    ("tinyshakespeare", 180, "≤ 1.44, ≤ 1.455"),
    ("tinyshakespeare", 1200, "≤ 1.40, ≤ 1.415"),
    ("frankenstein", 180, "≤ 1.30"),
)


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", help=", ".join(_PARTS))
    parser.add_argument("--texts", default=os.environ.get("CHARLOOM_BENCH_TEXTS"))
    parser.add_argument("--seconds", type=int, nargs="*", help="only quality runs of this length")
    parser.add_argument("--times", type=int, default=3, help="that a quality run is repeated")
    chosen = parser.parse_args()
    parts = chosen.parts or _PARTS
    folder = Path(chosen.texts) if chosen.texts else None
    if "quality" in chosen.parts and not folder:
        parser.error("quality needs --texts FOLDER")
    text = Path(str(importlib.resources.files("charloom.assets") / "the-loom-at-carrow.txt"))
    if folder:
        text = folder / "tinyshakespeare.txt"
    rows: list[Row] = []
    if "startup" in parts:
        rows += startup.rows()
    if "app" in parts:
        rows += app.rows(text, _precision())
    if "sampling" in parts:
        rows += sampling.rows()
    if "seeing" in parts:
        rows += seeing.rows()
    if "copying" in parts:
        rows += copying.rows()
    if "long" in parts:
        rows += long_life.rows()
    if "training" in parts:
        rows += [*training.speed_rows(text, _precision()), training.memory_row(text)]
    if "quality" in parts and folder:
        for name, seconds, target in _QUALITY:
            if not chosen.seconds or seconds in chosen.seconds:
                path = folder / f"{name}.txt"
                rows.append(training.quality_row(path, seconds, chosen.times, target))
    sys.stdout.write(f"{machine()}\n\n{markdown(rows)}\n")


@cache
def _precision() -> str:
    """Return the arithmetic that is quicker here."""
    return tune_compute(*PRESETS["medium"].settings(80, {"threads": 2})).precision


if __name__ == "__main__":
    main()
