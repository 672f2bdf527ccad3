"""Sampling, compared with the textbook loop in torch, and scoring a megabyte of text.

Alone: ``python -m tests.bench.sampling``.
"""

import string
import time
from collections.abc import Callable
from itertools import islice

import numpy as np
import torch
from torch import nn

from charloom.core.analysis.long_scoring import score_long
from charloom.core.model.numpy_lstm import NumpyLSTM
from charloom.core.sampling.config import SamplingConfig
from charloom.core.sampling.sampler import Sampler
from tests.bench.harness import Row, median, print_rows, spread
from tests.helpers.factories import random_checkpoint

CHARACTERS = "\n" + string.printable[:79]  # V = 80
SIZES = ((1, 96, 48, 7.0), (1, 512, 64, 5.5), (2, 512, 64, 9.0))  # layers, H, E, target
MEGABYTE = 1_000_000
TEMPERATURE = 0.8
TIMES = 3


def rows() -> list[Row]:
    """Alternate between ours and the baseline, so that both see the same load."""
    return [*(_sampling(*size) for size in SIZES), _scoring()]


def _sampling(layers: int, hidden: int, embedding: int, target: float) -> Row:
    stream = Sampler(
        NumpyLSTM(random_checkpoint(CHARACTERS, layers, hidden, embedding)),
        "",
        SamplingConfig(TEMPERATURE),
        0,
    )
    textbook = Textbook(layers, hidden, embedding)
    ours, baseline = [], []
    for _ in range(TIMES):  # about a second each
        ours.append(
            _rate(lambda n: sum(1 for _ in islice(stream, n)), 4_000_000 // layers // hidden)
        )
        baseline.append(_rate(textbook.sample, 400_000 // layers // hidden))
    return Row(
        f"sampling, {layers} × {hidden}, characters/s",
        spread(ours, "{:,.0f}"),
        f"`nn.LSTM` and multinomial {spread(baseline, '{:,.0f}')}",
        f"{median(ours) / median(baseline):.1f} ×",
        f"≥ {target:g} ×",
    )


def _scoring() -> Row:
    text = "".join(np.random.default_rng(0).choice(list(CHARACTERS), MEGABYTE))
    checkpoint = random_checkpoint(CHARACTERS, 1, 512, 64)
    seconds = MEGABYTE / _rate(lambda _: score_long(checkpoint, text, full=True), MEGABYTE)
    limit = _products()
    return Row(
        "scoring 1 MB, 1 × 512",
        f"{seconds:.1f} s",
        f"matrix products alone {limit:.1f} s",
        f"{seconds / limit:.2f} ×",
        "≤ 10 s",
    )


def _products() -> float:
    """Return the seconds for the matrix products of scoring 1 MB on two cores at their best."""
    torch.set_num_threads(2)
    a, b = torch.randn(2048, 2048), torch.randn(2048, 2048)
    rate = max(_rate(lambda _: a @ b, 2 * 2048**3) for _ in range(10))
    return MEGABYTE * 2 * 512 * (4 * 512 + len(CHARACTERS)) / rate


def _rate(run: Callable[[int], object], characters: int) -> float:
    """Return characters per second."""
    begin = time.perf_counter()
    run(characters)
    return characters / (time.perf_counter() - begin)


class Textbook(nn.Module):
    """The sampling loop of a tutorial: one character in, softmax, multinomial, state carried."""

    def __init__(self, layers: int, hidden: int, embedding: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(len(CHARACTERS), embedding)
        self.lstm = nn.LSTM(embedding, hidden, layers, batch_first=True)
        self.head = nn.Linear(hidden, len(CHARACTERS))

    @torch.no_grad()
    def sample(self, characters: int) -> None:
        """Sample so many characters."""
        state = None
        newest = torch.zeros(1, 1, dtype=torch.long)
        for _ in range(characters):
            output, state = self.lstm(self.embedding(newest), state)
            probabilities = torch.softmax(self.head(output[:, -1]) / TEMPERATURE, dim=-1)
            newest = torch.multinomial(probabilities, 1)


if __name__ == "__main__":
    print_rows(rows())
