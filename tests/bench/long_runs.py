"""Long runs and long texts: a log of a million lines, and 10 million characters.

Alone: ``python -m tests.bench.long_runs``.
"""

import json
import subprocess
import sys
import time
from pathlib import Path

from charloom.core import paths
from charloom.core.data import corpus
from charloom.core.runs import events
from charloom.core.runs.curve import DownsampledCurve
from charloom.core.runs.events import RunWarning
from charloom.core.runs.monitor import RunMonitor
from charloom.core.runs.run import create_run
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.write import remove_model
from tests.bench.harness import Row, median, print_rows, spread, temporary_home
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.long_logs import long_log
from tests.helpers.terminal import CTRL_Q, F3, Terminal

_LINES = 1_000_000
_FEW_LINES = 1_000
_TIMES = 5
_LAST_WARNING = "All of it was read."  # in the last line of a log; the app shows it
_CHARACTERS = 10_000_000
_FEW_CHARACTERS = 100_000
_REPORT_PEAK = """
import sys
from pathlib import Path
from charloom.tui.cli import run
assert run(sys.argv[1:]) == 0
status = Path("/proc/self/status").read_text().splitlines()
print(next(line for line in status if line.startswith("VmHWM")), file=sys.stderr)
"""


def rows() -> list[Row]:
    """Measure with runs and a model that were never trained."""
    with temporary_home():
        return [*_log_rows(), *_memory_rows()]


def _log_rows() -> list[Row]:
    _run("few", _FEW_LINES)
    few = [_startup() for _ in range(_TIMES)]
    remove_model("few")
    folder = _run("many", _LINES)
    log = folder.metrics
    ours, reads = zip(*(_monitored(folder) for _ in range(_TIMES)), strict=True)
    many = [_startup() for _ in range(_TIMES)]
    size, baseline = log.stat().st_size, _parsed(log)
    return [
        Row(
            f"reading a log of {_LINES:,} lines ({size / 1e6:.0f} MB)",
            f"{spread(ours)} s",
            f"every line parsed {baseline:.2f} s",
            f"{median(ours) / baseline:.2f} ×",
            "≤ 1 s",
        ),
        Row(
            "longest single read of it",
            f"{spread(reads, '{:.0f}')} ms",
            "",
            "",
            "≤ 30 ms",
        ),
        Row(
            "start of the app until Train has drawn all of it",
            f"{spread(many)} s",
            f"a log of {_FEW_LINES:,} lines {spread(few)} s",
            f"+ {median(many) - median(few):.2f} s",
            "≤ + 1 s",
        ),
    ]


def _run(name: str, lines: int) -> ModelDir:
    """Create a run with a log of so many lines."""
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    folder = create_run(name, text, "small", {}, min_count=0)
    folder.metrics.write_bytes(long_log(lines))
    events.record(folder, RunWarning(_LAST_WARNING))
    return folder


def _monitored(folder: ModelDir) -> tuple[float, float]:
    """Return the seconds to read a run, and the milliseconds of the longest single read."""
    run = RunMonitor(folder)
    reads: list[float] = []
    while not reads or run.has_more:
        begin = time.perf_counter()
        run.refresh()
        reads.append(time.perf_counter() - begin)
    assert run.warnings[-1] == _LAST_WARNING
    return sum(reads), 1_000 * max(reads)


def _parsed(log: Path) -> float:
    """Return the seconds to make the same curves from every line."""
    train, validation = DownsampledCurve(), DownsampledCurve()
    begin = time.perf_counter()
    with log.open("rb") as file:
        for line in file:
            event = json.loads(line)
            if event["event"] == "progress":
                train.append(event["step"], event["loss"])
            elif event["event"] == "validated":
                validation.append(event["step"], event["val_loss"])
    return time.perf_counter() - begin


def _startup() -> float:
    """Return the seconds from the start of the app until it shows a whole run."""
    with Terminal(home=paths.home(), size=(160, 48)) as terminal:
        terminal.press(F3)
        terminal.wait_for_bytes(_LAST_WARNING.encode())
        elapsed = time.perf_counter() - terminal.start_time
        terminal.press(CTRL_Q)
        terminal.end()
    return elapsed


def _memory_rows() -> list[Row]:
    save_model("tiny", random_checkpoint())
    few, many = _peak(_FEW_CHARACTERS), _peak(_CHARACTERS)
    whole = _peak(_CHARACTERS, "--json")
    return [
        Row(
            f"peak memory of generating {_CHARACTERS:,} characters instead of {_FEW_CHARACTERS:,}",
            f"{many - few:+.1f} MB",
            f"in one JSON object {whole - few:+.1f} MB",
            "",
            "≤ 5 MB",
        )
    ]


def _peak(characters: int, *options: str) -> float:
    """Return the peak memory of ``charloom generate`` in megabytes (proc(5))."""
    arguments = ("generate", "the", "--model", "tiny", "--seed", "1", "--length", f"{characters}")
    done = subprocess.run(
        [sys.executable, "-P", "-c", _REPORT_PEAK, *arguments, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(done.stderr.split()[-2]) / 1024


if __name__ == "__main__":
    print_rows(rows())
