import json
import subprocess
import sys
import time

import pytest

from charloom.core import paths
from charloom.core.runs import estimates
from charloom.core.runs.estimates import cache_throughput, cached_throughput, measure_throughput

SPEEDS = {"small": 100.0}


@pytest.mark.parametrize(("quiet", "seconds"), [(True, 86_400), (False, 3_600)])
def test_speeds_are_timed_again_after_a_day_or_an_hour_if_busy_and_shown_until_then(
    quiet: bool, seconds: int
) -> None:
    cache_throughput(SPEEDS, quiet=quiet)
    _set_age(seconds - 60)
    assert cached_throughput(recent=True) == measure_throughput() == SPEEDS
    _set_age(seconds + 1)
    assert cached_throughput(recent=True) is None
    assert cached_throughput() == SPEEDS


@pytest.mark.parametrize("quiet", [True, False])
def test_presets_are_timed_once(quiet: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    children: list[str] = []

    def start(name: str, *, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
        children.append(name)
        output = json.dumps({"chars_per_second": SPEEDS, "quiet": quiet})
        command = [sys.executable, "-c", f"print({output!r})"]
        return subprocess.Popen(command, stdout=stdout, stderr=stderr)

    monkeypatch.setattr(estimates, "start_module", start)
    assert measure_throughput() == measure_throughput() == SPEEDS
    assert children == ["training.autotune"]


def _set_age(seconds: float) -> None:
    file = paths.home() / "speeds.json"
    file.write_text(json.dumps(json.loads(file.read_bytes()) | {"when": time.time() - seconds}))
