"""Seeing inside: how soon a text is read with its surprise and gates, and how soon a cursor moves.

Alone: ``python -m tests.bench.seeing``.
"""

import os
import sys
import tempfile
import time
from unittest import mock

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
from tests.bench.sampling import CHARACTERS
from tests.bench.table import Row, machine, markdown, median, spread
from tests.helpers.factories import random_checkpoint, save_model
from tests.helpers.terminal import CTRL_Q, DOWN, F4, READY, RIGHT, Terminal

_TIMES = 5
_LENGTH = 10_000  # characters
_KEYS = 100


def rows() -> list[Row]:
    """Measure with a model of H 512 that was never trained, in a home of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict(os.environ, CHARLOOM_HOME=f"{folder}/home"),
    ):
        checkpoint = random_checkpoint(CHARACTERS, hidden_size=512, embedding_dim=64)
        save_model("wide", checkpoint)
        preferences.save(Preferences(model="wide", welcomed=True))
        return [_reading(checkpoint), _cursor()]


def _reading(checkpoint: Checkpoint) -> Row:
    """Measure surprise, the gates of every unit of a ranking's head, and the ranking itself."""
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
    """Return how long torch takes to read the text, a character at a time."""
    settings = checkpoint.model
    embedding = torch.tensor(checkpoint.tensors["embedding.weight"])
    cell = nn.LSTMCell(settings.embedding_dim, settings.hidden_size)
    inputs = embedding[torch.from_numpy(checkpoint.vocab.encode(text))]
    state = (torch.zeros(1, settings.hidden_size),) * 2
    begin = time.perf_counter()
    for each in inputs:
        state = cell(each[None], state)
    return time.perf_counter() - begin


def _cursor() -> Row:
    """Measure how long a move of the cursor takes to be painted, figures and all."""
    with Terminal(home=paths.home(), size=(120, 40)) as terminal:
        terminal.wait_for(READY)
        terminal.press(F4)
        terminal.wait_for("Models")
        terminal.press("m")
        terminal.wait_for("look inside")
        terminal.press(DOWN)
        terminal.wait_for("wide: E")
        terminal.press("l")
        terminal.wait_for("Surprise: ")
        taken = {"surprise": _moves(terminal)}
        terminal.press("u")
        terminal.wait_for("forget gate")
        taken["units"] = _moves(terminal)
        terminal.press(CTRL_Q)
        terminal.end()
    slowest = max(max(each) for each in taken.values())
    return Row(
        f"key press to moved cursor, slowest of {2 * _KEYS}",
        f"{slowest:.0f} ms",
        f"median {median(taken['surprise']):.0f} ms, of units {median(taken['units']):.0f} ms",
        "",
        "≤ 50 ms",
    )


def _moves(terminal: Terminal) -> list[float]:
    """Move the cursor, and return how many milliseconds each move took to be painted."""
    taken = []
    for number in range(_KEYS):
        pause = time.perf_counter() + 0.05
        while time.perf_counter() < pause:
            terminal.read(0.005)
        before = len(terminal.raw)
        begin = time.perf_counter()
        terminal.press(DOWN if number % 5 == 4 else RIGHT)
        terminal.wait_for_bytes("‘".encode(), before)  # what is told of the character
        taken.append(1_000 * (time.perf_counter() - begin))
    return taken


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n{markdown(rows())}\n")
