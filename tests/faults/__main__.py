"""``make faults``: the campaigns of faults in their long form, and the table of what was seen.

    python -m tests.faults [NAME …] [--cases N] [--seed S]

A campaign is a module here with ``CASES``, how many its long form has, and ``campaign(cases,
seed)``, which works in ``$CHARLOOM_HOME`` and returns a :class:`Report`. The exit status is 1 when
a promise was broken.
"""

import argparse
import importlib
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.faults.report import Report, markdown

_NAMES = (
    "trainer_killed",
    "rank_killed",
    "favorites_killed",
    "files_cut",
    "disk_full",
    "training_full",
    "text_changed",
    "text_full",
    "files_mutated",
    "shared",
)


def main() -> int:
    """Run the campaigns that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("names", nargs="*", help=", ".join(_NAMES))
    parser.add_argument("--cases", type=int, help="instead of those of the long form")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    reports = [_run(name, chosen.cases, chosen.seed) for name in chosen.names or _NAMES]
    sys.stdout.write(f"\n{markdown(reports)}\n")
    return 1 if any(report.broken for report in reports) else 0


def _run(name: str, cases: int | None, seed: int) -> Report:
    module = importlib.import_module(f"tests.faults.{name}")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="charloom-faults-") as folder:
        os.environ["CHARLOOM_HOME"] = str(Path(folder) / "home")
        report: Report = module.campaign(module.CASES if cases is None else cases, seed)
    took = time.monotonic() - begin
    sys.stderr.write(f"{name}: {report.cases:,} cases in {took:.0f} s\n")
    for sentence in report.broken:
        sys.stderr.write(f"  BROKEN {sentence}\n")
    return report


if __name__ == "__main__":
    sys.exit(main())
