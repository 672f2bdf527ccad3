"""The inspector: tracing a text with its surprise and gates, and moving the cursor.

Alone: ``python -m tests.bench.inspector``.
"""

import time

import numpy as np
import torch
from torch import nn

from charloom.core import paths
from charloom.core.analysis.activations import UnitSignal, trace
from charloom.core.analysis.unit_probes import rank_units
from charloom.core.model.checkpoint import Checkpoint
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.tui.services import preferences
from charloom.tui.services.preferences import Preferences
from tests.bench.harness import Row, median, print_rows, spread, temporary_home
from tests.bench.sampling import CHARACTERS
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.terminal import CTRL_Q, DOWN, F4, READY, RIGHT, Terminal

_TIMES = 5
_LENGTH = 10_000  # characters
_KEYS = 100


def rows() -> list[Row]:
    """Measure with a model of H 512 that was never trained."""
    with temporary_home():
        checkpoint = random_checkpoint(CHARACTERS, hidden_size=512, embedding_dim=64)
        save_model("wide", checkpoint)
        preferences.save(Preferences(model="wide", welcomed=True))
        return [_tracing(checkpoint), _cursor()]


def _tracing(checkpoint: Checkpoint) -> Row:
    """Measure surprise, the ranking of all units, and the gates of ten of them."""
    model = NumpyLSTM(checkpoint)
    chance = np.random.default_rng(0)
    text = model.vocab.decode(chance.integers(len(model.vocab), size=_LENGTH))
    ours, baseline = [], []
    for _ in range(_TIMES):
        begin = time.perf_counter()
        reading = trace(model, text)
        for unit in range(10):
            for signal in UnitSignal:
                reading.signal(signal, 0, unit)
        rank_units(reading)
        ours.append(time.perf_counter() - begin)
        baseline.append(_cell(checkpoint, text))
    return Row(
        f"surprise of {_LENGTH:,} characters, ranking all units, gates of 10 units, 1 × 512",
        f"{spread(ours)} s",
        f"`nn.LSTMCell`, states only {spread(baseline)} s",
        f"{median(ours) / median(baseline):.2f} ×",
        "≤ 2 s",
    )


@torch.no_grad()
def _cell(checkpoint: Checkpoint, text: str) -> float:
    """Return the seconds in which torch reads the text, one character at a time."""
    settings = checkpoint.model
    embedding = torch.tensor(checkpoint.tensors["embedding.weight"])
    cell = nn.LSTMCell(settings.embedding_dim, settings.hidden_size)
    inputs = embedding[torch.from_numpy(checkpoint.vocab.encode(text))]
    state = (torch.zeros(1, settings.hidden_size),) * 2
    begin = time.perf_counter()
    for embedded in inputs:
        state = cell(embedded[None], state)
    return time.perf_counter() - begin


def _cursor() -> Row:
    """Measure the time from a cursor key to the updated screen."""
    with Terminal(home=paths.home(), size=(120, 40)) as terminal:
        terminal.wait_for(READY)
        terminal.press(F4)
        terminal.wait_for("Models")
        terminal.press("m")
        terminal.wait_for("i inspect")
        terminal.press(DOWN)
        terminal.wait_for("wide: E")
        terminal.press("i")
        terminal.wait_for("Surprise: ")
        times = {"surprise": _moves(terminal)}
        terminal.press("u")
        terminal.wait_for("forget gate")
        times["units"] = _moves(terminal)
        terminal.press(CTRL_Q)
        terminal.end()
    slowest = max(map(max, times.values()))
    return Row(
        f"key press to moved cursor, slowest of {2 * _KEYS}",
        f"{slowest:.0f} ms",
        f"median {median(times['surprise']):.0f} ms, of units {median(times['units']):.0f} ms",
        "",
        "≤ 50 ms",
    )


def _moves(terminal: Terminal) -> list[float]:
    """Move the cursor, and return the milliseconds from each key to the updated screen."""
    times = []
    for number in range(_KEYS):
        pause = time.perf_counter() + 0.05
        while time.perf_counter() < pause:
            terminal.read(0.005)
        before = len(terminal.raw)
        begin = time.perf_counter()
        terminal.press(DOWN if number % 5 == 4 else RIGHT)
        terminal.wait_for_bytes("‘".encode(), before)  # the details of the character
        times.append(1_000 * (time.perf_counter() - begin))
    return times


if __name__ == "__main__":
    print_rows(rows())
