"""Scores a long text: ``python -P -m charloom.core.training.scorer FOLDER WINDOW FULL``.

The child process of :mod:`core.analysis.long_scoring`. FOLDER has the checkpoint and the encoded
text. WINDOW is 0 for the carried loss; FULL is 0 or 1. While it reads, and at its end, it writes
the loss so far: a JSON list of nats, standard error, characters, and characters at most.
"""

import json
import sys
import time
from itertools import chain
from pathlib import Path

import numpy as np
import torch

from charloom.core.analysis.lanes import MAX_CHARACTERS, WINDOW
from charloom.core.model.checkpoint import load
from charloom.core.model.torch_lstm import CharLSTM
from charloom.core.training.autotune import usable_cores
from charloom.core.training.evaluation import evaluate
from charloom.core.training.step import autocast

_REPORT_SECONDS = 0.2


def main(name: str, window: int, full: bool) -> None:
    """Read the text and write the loss."""
    folder = Path(name)
    checkpoint = load(folder / "checkpoint").checkpoint
    ids = np.load(folder / "ids.npy", "r")
    known = np.load(folder / "known.npy", "r")
    limit = len(ids) - 1 if full else min(len(ids) - 1, MAX_CHARACTERS)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_num_threads(1)  # threads with lanes of their own need not wait for each other
    torch.set_flush_denormal(True)
    network = CharLSTM(checkpoint.model).to(device)
    network.load(checkpoint.tensors)
    losses = evaluate(
        network,
        ids,
        ("windowed",) if window else ("carried",),
        limit,
        window or WINDOW,
        known,
        fastest_precision(network),
        usable_cores() if device.type == "cpu" else 1,
    )
    next_report = 0.0
    for loss in chain.from_iterable(losses):
        done = loss.is_certain and not full
        if done or time.monotonic() >= next_report:
            next_report = time.monotonic() + _REPORT_SECONDS
            _write([*loss, limit])
        if done:
            return
    _write([*loss, limit])


def fastest_precision(network: CharLSTM) -> str:
    """Return bfloat16 if the network reads faster in it than in float32: on some processors."""
    ids = torch.zeros(32, 32, dtype=torch.int64, device=next(network.parameters()).device)
    if ids.device.type == "cuda":
        return "bfloat16"
    seconds = {"float32": 0.0, "bfloat16": 0.0}
    for _ in range(2):  # the first time sets up and is not typical
        for precision in seconds:
            begin = time.perf_counter()
            with torch.no_grad(), autocast(ids.device, precision):
                network(ids)
            seconds[precision] = time.perf_counter() - begin
    return min(seconds, key=lambda precision: seconds[precision])


def _write(figures: list[float | None]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3] == "1")
