"""How fast each preset trains on this machine: timed once, in a child process, and remembered."""

import json
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from charloom.core import paths
from charloom.core.errors import CharloomError

CHILD_ENVIRONMENT = {"GOMP_SPINCOUNT": "10000"}
"""For every process that imports torch, which reads it then: a thread that waits for another spins
briefly and sleeps, so that a busy neighbour does not stall both."""


def measure_throughput() -> dict[str, float]:
    """Return characters trained per second for every preset; the first call takes seconds.

    What is remembered holds for this number of cores; delete ``speeds.json`` to time anew.
    """
    if known := cached_throughput():
        return known
    command = [sys.executable, "-P", "-m", "charloom.core.training.autotune"]
    child = subprocess.run(
        command, env=CHILD_ENVIRONMENT | os.environ, capture_output=True, check=False
    )
    try:
        speeds: dict[str, float] = json.loads(child.stdout)
    except ValueError as error:
        why = child.stderr.decode(errors="replace").strip().splitlines()
        raise CharloomError(
            f"Training could not be timed ({why[-1] if why else 'it wrote nothing'}); "
            "see that torch is installed."
        ) from error
    with suppress(OSError, CharloomError):  # where that cannot be, it is timed again
        cache_throughput(paths.make_folder(paths.home()) / "speeds.json", speeds)
    return speeds


def cached_throughput() -> dict[str, float] | None:
    """Return what :func:`measure_throughput` would, if it was timed already; None if it was not."""
    return _read(_file())


def cache_throughput(path: Path, speeds: dict[str, float]) -> None:
    """Keep ``speeds`` at ``path``."""
    data = {"cores": os.cpu_count(), "chars_per_second": speeds}
    paths.write_atomically(path, json.dumps(data).encode())


def _file() -> Path:
    return paths.home() / "speeds.json"


def _read(path: Path) -> dict[str, float] | None:
    """Return the speeds at ``path``; None if there are none, or another machine's."""
    try:
        data = json.loads(path.read_bytes())
        if data["cores"] != os.cpu_count():
            return None
        return {str(name): float(speed) for name, speed in data["chars_per_second"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
