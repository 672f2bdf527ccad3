"""Sampling beside the textbook loop in torch, and the time to score a megabyte of text.

Alone: ``python -m tests.bench.sampling``.
"""

import string
import sys
import time
from collections.abc import Callable
from itertools import islice

import numpy as np
import torch
from torch import nn

from core.lstm import LSTM
from core.sampling import Settings, Stream
from core.scoring import carried
from tests.bench.table import Row, machine, markdown, median, spread
from tests.makers import random_checkpoint

CHARACTERS = "\n" + string.printable[:79]  # V = 80
SIZES = ((1, 96, 48, 7.0), (1, 512, 64, 5.5), (2, 512, 64, 9.0))  # layers, H, E, target
MEGABYTE = 1_000_000
TEMPERATURE = 0.8
TIMES = 3


def rows() -> list[Row]:
    """Measure, ours and the textbook's in turn so that both see the same machine."""
    return [*(_sampling(*size) for size in SIZES), _scoring()]


def _sampling(layers: int, hidden: int, embedding: int, target: float) -> Row:
    stream = Stream(
        LSTM(random_checkpoint(CHARACTERS, layers, hidden, embedding)), "", Settings(TEMPERATURE), 0
    )
    textbook = Textbook(layers, hidden, embedding)
    ours, baseline = [], []
    for _ in range(TIMES):  # about a second each
        ours.append(
            _rate(lambda n: sum(1 for _ in islice(stream, n)), 4_000_000 // layers // hidden)
        )
        baseline.append(_rate(textbook.write, 400_000 // layers // hidden))
    return Row(
        f"sampling, {layers} × {hidden}, characters/s",
        spread(ours, "{:,.0f}"),
        f"`nn.LSTM` and multinomial {spread(baseline, '{:,.0f}')}",
        f"{median(ours) / median(baseline):.1f} ×",
        f"≥ {target:g} ×",
    )


def _scoring() -> Row:
    text = "".join(np.random.default_rng(0).choice(list(CHARACTERS), MEGABYTE))
    model = LSTM(random_checkpoint(CHARACTERS, 1, 512, 64))
    seconds = MEGABYTE / _rate(lambda _: carried(model, text), MEGABYTE)
    return Row("scoring 1 MB, 1 × 512", f"{seconds:.1f} s", "", "", "≤ 20 s")


def _rate(run: Callable[[int], object], characters: int) -> float:
    """Return characters per second."""
    begin = time.perf_counter()
    run(characters)
    return characters / (time.perf_counter() - begin)


class Textbook(nn.Module):
    """What a tutorial writes: one character in, softmax, multinomial, state carried."""

    def __init__(self, layers: int, hidden: int, embedding: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(CHARACTERS), embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, len(CHARACTERS))

    @torch.no_grad()
    def write(self, characters: int) -> None:
        """Draw that many characters."""
        state = None
        newest = torch.zeros(1, 1, dtype=torch.long)
        for _ in range(characters):
            output, state = self.lstm(self.embedding(newest), state)
            probabilities = torch.softmax(self.head(output[:, -1]) / TEMPERATURE, dim=-1)
            newest = torch.multinomial(probabilities, 1)


if __name__ == "__main__":
    sys.stdout.write(f"{machine()}\n\n{markdown(rows())}\n")
