"""``make bench``: measure, each figure beside its baseline in the same run, and print the table.

    python -m tests.bench [startup|app|sampling|long|overhead|quality …] [--texts FOLDER]

Without names everything is measured. ``quality`` needs FOLDER (or ``$CHARLOOM_BENCH_TEXTS``) with
``tinyshakespeare.txt`` and ``frankenstein.txt``; without it the bundled tale is learned instead.
Nothing else should run meanwhile.
"""

import argparse
import importlib.resources
import os
import sys
from functools import cache
from pathlib import Path

from core.calibration import calibrate
from core.presets import PRESETS
from tests.bench import app, long_life, sampling, startup, training
from tests.bench.table import Row, machine, markdown

_PARTS = ("startup", "app", "sampling", "long", "overhead", "quality")
_TARGETS = {"tinyshakespeare": "≤ 1.55", "frankenstein": "reported"}


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("parts", nargs="*", help=", ".join(_PARTS))
    parser.add_argument("--texts", default=os.environ.get("CHARLOOM_BENCH_TEXTS"))
    parser.add_argument("--minutes", type=float, default=2.0, help="of each quality run")
    parser.add_argument("--times", type=int, default=3, help="that a quality run is repeated")
    chosen = parser.parse_args()
    parts = chosen.parts or _PARTS
    texts = [Path(chosen.texts) / f"{name}.txt" for name in _TARGETS] if chosen.texts else []
    bundled = Path(str(importlib.resources.files("assets") / "the-loom-at-carrow.txt"))
    rows: list[Row] = []
    if "startup" in parts:
        rows += startup.rows()
    if "app" in parts:
        rows += app.rows(texts[0] if texts else bundled, _precision())
    if "sampling" in parts:
        rows += sampling.rows()
    if "long" in parts:
        rows += long_life.rows()
    if "overhead" in parts:
        rows += training.overhead_rows(texts[0] if texts else bundled, _precision())
    if "quality" in parts:
        for text in texts or [bundled]:
            target = _TARGETS.get(text.stem, "reported")
            rows += training.quality_rows(text, chosen.minutes, chosen.times, target)
    sys.stdout.write(f"{machine()}\n\n{markdown(rows)}\n")


@cache
def _precision() -> str:
    """Return the arithmetic that is quicker here."""
    return calibrate(*PRESETS["medium"].settings(80, {"threads": 2})).precision


if __name__ == "__main__":
    main()
