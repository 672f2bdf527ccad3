"""How fast a model writes through the app's widgets, and how soon a key is answered meanwhile.

Alone: ``python -m tests.bench.writing``.
"""

import os
import random
import sys
import tempfile
import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from unittest import mock

from charloom.core import paths
from charloom.core.library.database import Library
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.completion import Completion
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.bench.sampling import CHARACTERS
from tests.bench.table import Row, machine, markdown, median, spread
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.terminal import CTRL_Q, ENTER, READY, Terminal

_TIMES = 3
_LENGTH = 100_000  # characters
_ENDLESS = 900_000  # characters: more than are written while the keys are pressed
_BARE = 50_000
_KEYS = 240
_LETTERS = [chr(code) for code in range(0x0400, 0x0400 + _KEYS)]  # none that the model writes
_PATIENCE = 120.0  # seconds
_LOOK_SECONDS = 0.1  # between two looks for the whole text: a hundredth of what is measured


def rows() -> list[Row]:
    """Measure in a home of its own, with a model of H 512 that was never trained."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, CHARLOOM_HOME=f"{folder}/home"),
    ):
        model = random_checkpoint(CHARACTERS, hidden_size=512, embedding_dim=64)
        save_model("wide", model)
        preferences.save(Preferences(model="wide", length=_LENGTH, welcomed=True))
        return [_writing(paths.home(), model), _keys(paths.home())]


def _writing(home: Path, checkpoint: Checkpoint) -> Row:
    """Measure how fast the second and each later text of one session comes."""
    ours, baseline = [], []
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        _text(terminal, 1)
        for number in range(_TIMES):
            ours.append(_LENGTH / _text(terminal, number + 2))
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


def _text(terminal: Terminal, number: int) -> float:
    """Have a text written, the ``number``-th, and return how many seconds that took."""
    terminal.press("the")
    terminal.press(ENTER)
    begin = time.perf_counter()
    with Library() as library:
        while library.count() < number or len(library.recent(1)[0].text) < _LENGTH:
            assert time.perf_counter() < begin + _PATIENCE, terminal.text
            pause = time.perf_counter() + _LOOK_SECONDS
            while time.perf_counter() < pause:
                terminal.read(_LOOK_SECONDS)
    return time.perf_counter() - begin


def _bare(checkpoint: Checkpoint) -> float:
    draft = iter(Completion(Sampler(NumpyLSTM(checkpoint), "the", SamplingConfig(), 0), _BARE))
    begin = time.perf_counter()
    for _ in islice(draft, _BARE):
        pass
    return _BARE / (time.perf_counter() - begin)


def _keys(home: Path) -> Row:
    """Measure how long a letter takes to be painted, while a text is written and when none is."""
    preferences.save(replace(preferences.load(), length=_ENDLESS))
    with Terminal(home=home) as terminal:
        terminal.wait_for(READY)
        idle = _answers(terminal)
        terminal.press(ENTER)
        terminal.wait_for("esc stop")
        busy = _answers(terminal)
        assert "esc stop" in terminal.text, "the text has ended before the keys had"
        terminal.press(CTRL_Q)
        terminal.end()
    return Row(
        f"key to picture while that is written, p99 of {_KEYS}",
        f"{_percentile(busy, 99):.0f} ms (median {median(busy):.0f})",
        f"when nothing is {_percentile(idle, 99):.0f} ms (median {median(idle):.0f})",
        "",
        "< 100 ms",
    )


def _answers(terminal: Terminal) -> list[float]:
    """Type letters one by one, and return how many milliseconds each took to be painted."""
    chance = random.Random(0)
    taken = []
    for letter in _LETTERS:
        pause = time.perf_counter() + chance.uniform(0.02, 0.06)
        while time.perf_counter() < pause:
            terminal.read(0.005)
        before = len(terminal.raw)
        begin = time.perf_counter()
        terminal.press(letter)
        terminal.wait_for_bytes(letter.encode(), before)
        taken.append(1_000 * (time.perf_counter() - begin))
    return taken


def _percentile(values: list[float], share: int) -> float:
    return sorted(values)[min(len(values) - 1, len(values) * share // 100)]


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n{markdown(rows())}\n")
