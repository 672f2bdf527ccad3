"""Sampling against the textbook loop in torch, and the time to score a megabyte of text.

Run ``python -m tests.bench.sampling``. Figures are medians of three, taken in turns.
"""

import string
import sys
import time
from collections.abc import Callable
from itertools import islice
from statistics import median
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from core.lstm import LSTM
from core.sampling import Settings, Stream
from core.scoring import carried
from tests.makers import random_checkpoint

CHARACTERS = "\n" + string.printable[:79]  # V = 80
SIZES = ((1, 96, 48), (1, 512, 64), (2, 512, 64))  # layers, H, E
MEGABYTE = 1_000_000
TEMPERATURE = 0.8


class Row(NamedTuple):
    """One measurement: ours, and the textbook's where there is one."""

    what: str
    unit: str
    ours: float
    textbook: float | None = None


def rows() -> list[Row]:
    """Measure; takes about a minute."""
    found = []
    for layers, hidden, embedding in SIZES:
        model = LSTM(random_checkpoint(CHARACTERS, layers, hidden, embedding))
        network = Textbook(layers, hidden, embedding)
        # about a second each
        ours, theirs = 3_000_000 // (layers * hidden), 150_000 // (layers * hidden)
        pairs = [(rate(model_loop(model), ours), rate(network.loop, theirs)) for _ in range(3)]
        what = f"sampling, {layers} × {hidden}"
        found.append(
            Row(what, "characters/s", *(median(each) for each in zip(*pairs, strict=True)))
        )
    letters = np.random.default_rng(0).choice(list(CHARACTERS), MEGABYTE)
    model = LSTM(random_checkpoint(CHARACTERS, 1, 512, 64))
    seconds = MEGABYTE / rate(lambda _: carried(model, "".join(letters)), MEGABYTE)
    return [*found, Row("scoring 1 MB, 1 × 512", "seconds", seconds)]


def rate(run: Callable[[int], object], characters: int) -> float:
    """Return characters per second."""
    start = time.perf_counter()
    run(characters)
    return characters / (time.perf_counter() - start)


def model_loop(model: LSTM) -> Callable[[int], object]:
    """Return what draws that many characters from one stream."""
    stream = Stream(model, "\n", Settings(TEMPERATURE), seed=0)
    return lambda characters: sum(1 for _ in islice(stream, characters))


class Textbook(nn.Module):
    """What a tutorial writes: one character in, softmax, multinomial, state carried."""

    def __init__(self, layers: int, hidden: int, embedding: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(CHARACTERS), embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, len(CHARACTERS))

    @torch.no_grad()
    def loop(self, characters: int) -> None:
        """Draw that many characters."""
        state = None
        newest = torch.zeros(1, 1, dtype=torch.long)
        for _ in range(characters):
            output, state = self.lstm(self.embedding(newest), state)
            probabilities = torch.softmax(self.head(output[:, -1]) / TEMPERATURE, dim=-1)
            newest = torch.multinomial(probabilities, 1)


def main() -> None:
    """Print the table."""
    sys.stdout.write(f"{'':24} {'charloom':>9} {'textbook':>9} {'times':>6}\n")
    for row in rows():
        line = f"{row.what:24} {row.ours:9,.0f} "
        if row.textbook is not None:
            line += f"{row.textbook:9,.0f} {row.ours / row.textbook:6.1f} "
        sys.stdout.write(f"{line} {row.unit}\n")


if __name__ == "__main__":
    main()
