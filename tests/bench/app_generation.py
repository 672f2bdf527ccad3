"""Generation in the app: its speed, and the time from a key to the screen during it.

Alone: ``python -m tests.bench.app_generation [PART …]``; the parts are ``speed``, ``keys`` and
``paced``. Each row is printed as soon as it is known.
"""

import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

from charloom.core.library.database import Library
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.bench.harness import Row, markdown, median, spread, temporary_home
from tests.bench.sampling import CHARACTERS
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.terminal import CTRL_Q, ENTER, READY, Terminal

_TIMES = 3
_LENGTH = 100_000  # characters
_ENDLESS = 900_000  # characters: more than are generated while the keys are pressed
_BARE_LENGTH = 50_000
_KEYS = 240
_LETTERS = [chr(code) for code in range(0x0400, 0x0400 + _KEYS)]  # none that the model generates
_TIMEOUT = 120.0  # seconds
_PACE = 60  # characters a second
_PACED_SECONDS = 20.0
_PACED_SIZES = (80, 24), (120, 40)
_POLL_SECONDS = 0.1  # between two checks for the whole text: a hundredth of the time measured


def rows(*parts: str) -> Iterator[Row]:
    """Measure ``parts``, by default all, with a model of H 512 that was never trained."""
    with temporary_home() as home:
        model = random_checkpoint(CHARACTERS, hidden_size=512, embedding_dim=64)
        save_model("wide", model)
        preferences.save(Preferences(model="wide", length=_LENGTH, until="", welcomed=True, pace=0))
        if not parts or "speed" in parts:
            yield _speed(home, model)
        preferences.save(replace(preferences.load(), length=_ENDLESS))
        if not parts or "keys" in parts:
            yield _keys(home)
        if not parts or "paced" in parts:
            preferences.save(replace(preferences.load(), pace=_PACE))
            for size in _PACED_SIZES:
                yield from _paced(home, size)


def _speed(home: Path, checkpoint: Checkpoint) -> Row:
    """Measure the speed of the second and later texts of one session."""
    ours, baseline = [], []
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        _generate(terminal, 1)
        for number in range(_TIMES):
            ours.append(_LENGTH / _generate(terminal, number + 2))
            baseline.append(_bare(checkpoint))
        terminal.press(CTRL_Q)
        terminal.end()
    return Row(
        f"generation in the app, 1 × 512, after {_LENGTH:,} characters, characters/s",
        spread(ours, "{:,.0f}"),
        f"without the app {spread(baseline, '{:,.0f}')}",
        f"{median(ours) / median(baseline):.0%}",
        "≥ 70 %",
    )


def _generate(terminal: Terminal, number: int) -> float:
    """Generate the ``number``-th text and return the seconds."""
    terminal.press("the")
    terminal.press(ENTER)
    begin = time.perf_counter()
    with Library() as library:
        while library.count() < number or len(library.recent(1)[0].text) < _LENGTH:
            assert time.perf_counter() < begin + _TIMEOUT, terminal.text
            pause = time.perf_counter() + _POLL_SECONDS
            while time.perf_counter() < pause:
                terminal.read(_POLL_SECONDS)
    return time.perf_counter() - begin


def _bare(checkpoint: Checkpoint) -> float:
    completion = iter(
        Completion(Sampler(NumpyLSTM(checkpoint), "the", SamplingConfig(), 0), _BARE_LENGTH)
    )
    begin = time.perf_counter()
    for _ in islice(completion, _BARE_LENGTH):
        pass
    return _BARE_LENGTH / (time.perf_counter() - begin)


def _keys(home: Path) -> Row:
    """Measure the time from a letter key to the screen, with and without generation."""
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        idle = _key_times(terminal)
        terminal.press(ENTER)
        terminal.wait_for("esc stop")
        busy = _key_times(terminal)
        assert "esc stop" in terminal.text, "the text ended before the keys did"
        terminal.press(CTRL_Q)
        terminal.end()
    return Row(
        f"key to screen during generation, p99 of {_KEYS}",
        f"{_percentile(busy, 99):.0f} ms (median {median(busy):.0f})",
        f"without it {_percentile(idle, 99):.0f} ms (median {median(idle):.0f})",
        "",
        "< 100 ms",
    )


def _paced(home: Path, size: tuple[int, int]) -> list[Row]:
    """Measure the keys and the CPU time at a pace for the eye, with the likeliest characters."""
    with Terminal(home=home, size=size) as terminal:
        terminal.wait_for(READY)
        terminal.press(ENTER)
        terminal.wait_for("esc stop")
        keys = _key_times(terminal)
        cpu, begin = _cpu_seconds(terminal.process.pid), time.perf_counter()
        drawn = len(terminal.raw)
        while time.perf_counter() < begin + _PACED_SECONDS:
            terminal.read(_POLL_SECONDS)
        seconds = time.perf_counter() - begin
        cpu = _cpu_seconds(terminal.process.pid) - cpu
        rate = (len(terminal.raw) - drawn) / seconds
        terminal.press(CTRL_Q)
        terminal.end()
    where = f"at {_PACE} characters/s with the likeliest ones, {'×'.join(map(str, size))}"
    return [
        Row(
            f"key to screen {where}, p99 of {_KEYS}",
            f"{_percentile(keys, 99):.0f} ms (median {median(keys):.0f})",
            "",
            "",
            "< 50 ms",
        ),
        Row(
            f"CPU time of the app {where}",
            f"{cpu / seconds:.1%} of a core ({10 * cpu / seconds:.2f} s for "
            f"{10 * _PACE} characters, {rate / 1_000:.0f} kB/s to the terminal)",
            "",
            "",
            "≤ 8 %",
        ),
    ]


def _cpu_seconds(pid: int) -> float:
    """Return the CPU time that a process has used, on Linux."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def _key_times(terminal: Terminal) -> list[float]:
    """Type letters one by one, and return the milliseconds from each key to the screen."""
    random_ = random.Random(0)
    times = []
    for letter in _LETTERS:
        pause = time.perf_counter() + random_.uniform(0.02, 0.06)
        while time.perf_counter() < pause:
            terminal.read(0.005)
        before = len(terminal.raw)
        begin = time.perf_counter()
        terminal.press(letter)
        terminal.wait_for_bytes(letter.encode(), before)
        times.append(1_000 * (time.perf_counter() - begin))
    return times


def _percentile(values: list[float], share: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


if __name__ == "__main__":
    for row in rows(*sys.argv[1:]):
        sys.stdout.write(markdown([row]).splitlines()[-1] + "\n")
        sys.stdout.flush()
