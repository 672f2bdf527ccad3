"""What days of training and hours of writing cost: a log of a million lines, and 10 M characters.

Alone: ``python -m tests.bench.long_life``.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from unittest import mock

from charloom.core import paths
from charloom.core.data import corpus
from charloom.core.runs import events
from charloom.core.runs.curve import DownsampledCurve
from charloom.core.runs.events import RunWarning
from charloom.core.runs.monitor import RunMonitor
from charloom.core.runs.run import create_run
from charloom.core.store.model_dir import ModelDir
from charloom.core.store.write import remove_model
from tests.bench.table import Row, machine, markdown, median, spread
from tests.helpers.child_process import TEXT
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.long_logs import long_log
from tests.helpers.terminal import CTRL_Q, F3, Terminal

_LINES = 1_000_000
_FEW_LINES = 1_000
_TIMES = 5
_AT_THE_END = "All of it was read."  # the last line of a log, which the app shows
_CHARACTERS = 10_000_000
_FEW_CHARACTERS = 100_000
_TELLING = """
import sys
from pathlib import Path
from charloom.tui.cli import run
assert run(sys.argv[1:]) == 0
status = Path("/proc/self/status").read_text().splitlines()
print(next(line for line in status if line.startswith("VmHWM")), file=sys.stderr)
"""


def rows() -> list[Row]:
    """Measure in a home of its own, with runs and a model that were never trained."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, CHARLOOM_HOME=f"{folder}/home"),
    ):
        return [*_log_rows(), *_memory_rows()]


def _log_rows() -> list[Row]:
    _run("few", _FEW_LINES)
    few = [_opened() for _ in range(_TIMES)]
    remove_model("few")
    folder = _run("many", _LINES)
    log = folder.metrics
    ours, looks = zip(*(_watched(folder) for _ in range(_TIMES)), strict=True)
    many = [_opened() for _ in range(_TIMES)]
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
            f"{spread(looks, '{:.0f}')} ms",
            "",
            "",
            "≤ 30 ms",
        ),
        Row(
            "start of the app until Train has drawn all of it",
            f"{spread(many)} s",
            f"a log of {_FEW_LINES:,} lines {spread(few)} s",
            f"+ {median(many) - median(few):.2f} s",
            "+ 1 s at most",
        ),
    ]


def _run(name: str, lines: int) -> ModelDir:
    """Make a run with a long log."""
    text = corpus.from_bytes(TEXT.encode(), title="sea", source="sea.txt")
    folder = create_run(name, text, "small", {}, min_count=0)
    folder.metrics.write_bytes(long_log(lines))
    events.record(folder, RunWarning(_AT_THE_END))
    return folder


def _watched(folder: ModelDir) -> tuple[float, float]:
    """Return in how many seconds a run is known, and the milliseconds of the longest look."""
    run = RunMonitor(folder)
    looks: list[float] = []
    while not looks or run.has_more:
        begin = time.perf_counter()
        run.refresh()
        looks.append(time.perf_counter() - begin)
    assert run.warnings[-1] == _AT_THE_END
    return sum(looks), 1_000 * max(looks)


def _parsed(log: Path) -> float:
    """Return how many seconds it takes to draw the same curves through all there is."""
    train, validation = DownsampledCurve(), DownsampledCurve()
    begin = time.perf_counter()
    with log.open("rb") as file:
        for line in file:
            told = json.loads(line)
            if told["event"] == "progress":
                train.append(told["step"], told["loss"])
            elif told["event"] == "validated":
                validation.append(told["step"], told["val_loss"])
    return time.perf_counter() - begin


def _opened() -> float:
    """Return how many seconds after it was started the app shows all of a run."""
    with Terminal(home=paths.home(), size=(160, 48)) as terminal:
        terminal.press(F3)
        terminal.wait_for_bytes(_AT_THE_END.encode())
        taken = time.perf_counter() - terminal.start_time
        terminal.press(CTRL_Q)
        terminal.end()
    return taken


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
    """Return how many megabytes ``charloom generate`` had in memory at most (proc(5))."""
    arguments = ("generate", "the", "--model", "tiny", "--seed", "1", "--length", f"{characters}")
    told = subprocess.run(
        [sys.executable, "-P", "-c", _TELLING, *arguments, *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=True,
    )
    return int(told.stderr.split()[-2]) / 1024


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n{markdown(rows())}\n")
